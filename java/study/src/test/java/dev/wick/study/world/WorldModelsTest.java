package dev.wick.study.world;

import static org.assertj.core.api.Assertions.assertThat;

import dev.wick.TorchScriptModel;
import dev.wick.study.NativeCase;
import dev.wick.study.training.TrainingProgress;
import dev.wick.study.training.TrainingResult;
import dev.wick.vision.ClipArchitecture;
import dev.wick.vision.ClipConfiguration;
import dev.wick.vision.text.ClipTokenizer;
import dev.wick.vision.text.Tokens;
import dev.wick.vision.weights.StateDict;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** The tiny models: what they are worth, and that they can be made again. */
class WorldModelsTest extends NativeCase {
    private static final int PICTURES = 192;
    private static final long MEBIBYTE = 1 << 20;

    private static WorldAccuracy.Drawn drawn(Split split, Style style) {
        return new WorldAccuracy.Drawn(new DrawnWorld(0).pictures(split, style, 0, PICTURES));
    }

    private static double shapes(TorchScriptModel clip, WorldAccuracy.Drawn pictures) {
        return WorldAccuracy.zeroShot(clip, pictures, WorldAccuracy.shapes("a photo of a %s"), WorldAccuracy::shape);
    }

    // What the shipped weights are worth; the README beside them has the figures for more pictures

    @Test
    void clipNamesPairsThatItHasNeverSeen() {
        try (TorchScriptModel clip = WorldModels.clip()) {
            WorldAccuracy.Drawn photos = drawn(Split.HELD_BACK, Style.PHOTO);
            assertThat(WorldAccuracy.zeroShot(clip, photos, WorldAccuracy.pairs(), WorldAccuracy::pair))
                    .isGreaterThan(0.33);
            assertThat(WorldAccuracy.zeroShotByPairs(clip, photos)).isGreaterThan(0.38);
            WorldAccuracy.Drawn familiar = drawn(Split.FAMILIAR, Style.PHOTO);
            assertThat(WorldAccuracy.zeroShot(clip, familiar, WorldAccuracy.pairs(), WorldAccuracy::pair))
                    .isGreaterThan(0.7);
        }
    }

    @Test
    void theShiftToSketchesCostsTheClassifierMore() {
        try (TorchScriptModel clip = WorldModels.clip(); TorchScriptModel classifier = WorldModels.classifier()) {
            WorldAccuracy.Drawn photos = drawn(Split.FAMILIAR, Style.PHOTO);
            double clipOnPhotos = shapes(clip, photos);
            double classifierOnPhotos = WorldAccuracy.ofShapes(classifier, photos);
            assertThat(clipOnPhotos).isGreaterThan(0.75);
            assertThat(classifierOnPhotos).isGreaterThan(0.82);
            WorldAccuracy.Drawn sketches = drawn(Split.FAMILIAR, Style.SKETCH);
            double clipOnSketches = shapes(clip, sketches);
            double classifierOnSketches = WorldAccuracy.ofShapes(classifier, sketches);
            assertThat(clipOnSketches).isBetween(0.45, clipOnPhotos);
            assertThat(classifierOnSketches).isBetween(0.2, clipOnSketches);
            WorldAccuracy.Drawn paintings = drawn(Split.FAMILIAR, Style.ART);
            assertThat(shapes(clip, paintings)).isBetween(0.5, clipOnPhotos);
            assertThat(WorldAccuracy.ofShapes(classifier, paintings)).isBetween(0.5, classifierOnPhotos);
        }
    }

    // What is shipped

    @Test
    void theWeightsAreFilesLikeAnyOther(@TempDir Path folder) throws Exception {
        Path clip = folder.resolve("clip.safetensors");
        Path classifier = folder.resolve("classifier.safetensors");
        WorldModels.writeClipWeights(clip);
        WorldModels.writeClassifierWeights(classifier);
        assertThat(Files.size(clip) + Files.size(classifier)).isLessThan(4 * MEBIBYTE);
        try (StateDict state = StateDict.read(clip)) {
            assertThat(ClipConfiguration.infer(state.shapes()))
                    .isEqualTo(((ClipArchitecture) WorldModels.clipArchitecture()).configuration());
        }
        try (StateDict state = StateDict.read(classifier)) {
            assertThat(state.shape("fc.weight")).containsExactly(8, 128);
        }
    }

    @Test
    void everyWordOfTheCaptionsIsOneToken(@TempDir Path folder) throws Exception {
        ClipTokenizer tokenizer = WorldModels.tokenizer();
        for (Style style : Style.values()) {
            for (DrawnPicture picture : new DrawnWorld(0).pictures(Split.TRAINING, style, 0, 64)) {
                for (String caption : picture.captions(4)) {
                    Tokens tokens = tokenizer.encode(caption);
                    assertThat(tokens.count()).as(caption).isEqualTo(caption.split(" ").length + 2);
                    assertThat(tokenizer.decode(tokens.ids())).isEqualTo(caption);
                }
            }
        }
        WorldModels.vocabulary().write(folder.resolve("merges.txt"));
        assertThat(ClipTokenizer.of(folder.resolve("merges.txt")).encode("a photo of a red ring").ids())
                .startsWith(WorldModels.tokenizer().encode("a photo of a red ring").ids());
    }

    // Making them again

    @Test
    void theWorldIsTrainedOnAgain(@TempDir Path folder) throws Exception {
        List<Double> clipLosses = new ArrayList<>();
        List<Double> classifierLosses = new ArrayList<>();
        List<TrainingResult> results = new WorldTraining(32, 16, 16, 16, 3, 2e-3, 2e-3, 0).train(folder,
                (_, loss, _, _) -> clipLosses.add(loss), (_, loss, _, _) -> classifierLosses.add(loss));
        assertThat(results).hasSize(2);
        assertThat(clipLosses).hasSize(12);
        assertThat(clipLosses.getLast()).isLessThan(clipLosses.getFirst());
        assertThat(classifierLosses).hasSize(6);
        assertThat(classifierLosses.getLast()).isLessThan(classifierLosses.getFirst());
        for (String name : List.of(WorldModels.CLIP_WEIGHTS, WorldModels.CLASSIFIER_WEIGHTS)) {
            assertThat(folder.resolve(name)).isRegularFile();
        }
        try (TorchScriptModel clip = WorldModels.loaded(WorldModels.clipArchitecture(),
                folder.resolve(WorldModels.CLIP_WEIGHTS))) {
            assertThat(clip.get("training").asBoolean()).isFalse();
        }
    }

    @Test
    void aCancelledTrainingWritesNothing(@TempDir Path folder) throws Exception {
        List<TrainingResult> results = new WorldTraining(16, 8, 8, 8, 2, 1e-3, 1e-3, 0).train(folder,
                (step, _, _, _) -> step < 2, TrainingProgress.NONE);
        assertThat(results).singleElement().matches(TrainingResult::cancelled).matches(each -> each.steps() == 2);
        assertThat(folder).isEmptyDirectory();
    }
}
