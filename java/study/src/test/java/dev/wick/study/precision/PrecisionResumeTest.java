package dev.wick.study.precision;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import dev.wick.DType;
import dev.wick.Device;
import dev.wick.Optimization;
import dev.wick.Tensor;
import dev.wick.TensorScope;
import dev.wick.study.NativeCase;
import dev.wick.study.StudyProgress;
import dev.wick.study.StudyWatch;
import dev.wick.study.UnfinishedRuns;
import dev.wick.vision.ClipArchitecture;
import dev.wick.vision.ClipConfiguration;
import dev.wick.vision.ClipConfiguration.Activation;
import dev.wick.vision.ClipConfiguration.ResNetTower;
import dev.wick.vision.ClipModel;
import dev.wick.vision.ImageClassifier;
import dev.wick.vision.ResNet;
import dev.wick.vision.image.ImagePreprocessor;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** A study that ended early goes on where it was, and is watched. */
class PrecisionResumeTest extends NativeCase {
    private static final ClipArchitecture TINY = new ClipArchitecture("tiny", new ClipConfiguration(48, 64,
            new ResNetTower(List.of(1, 1, 1, 1), 16), 16, 200, 128, 2, 2, Activation.QUICK_GELU));
    private static final long BUDGET = 60_000_000_000L;
    private static final String IMAGES = "tiny, image tower";
    private static final String TEXTS = "tiny, text tower";

    @TempDir
    private Path directory;

    /** What a run is asked for. */
    private record Asked(int runs, String identity, long pictures, long texts, int perLabel) {
        static final Asked FIRST = new Asked(3, "the tiny one", 1, 2, 2);
    }

    private static final class Killed extends RuntimeException {
        private static final long serialVersionUID = 1L;
    }

    private static PrecisionStudy.Settings settings(int runs) {
        return new PrecisionStudy.Settings(List.of(DType.BFLOAT16), runs, 1, BUDGET, Optimization.NONE, false, Device.CPU);
    }

    private PrecisionStudy study(int runs, StudyProgress progress) {
        return new PrecisionStudy(settings(runs), UnfinishedRuns.in(directory), StudyWatch.NONE, progress);
    }

    private static PrecisionStudy measured(Asked asked, PrecisionStudy study) {
        try (TensorScope _ = TensorScope.open(); ClipModel clip = ClipModel.of(TINY.build(0), DType.FLOAT32)) {
            study.measure("tiny", asked.identity(), clip, PrecisionInputs.noise(clip.preprocessor(), asked.pictures()).tensors(),
                    PrecisionInputs.randomTexts(clip.configuration(), asked.texts()).tensors(), asked.perLabel());
        }
        return study;
    }

    /** Measures, ends before the text tower has been timed, and leaves the image tower's file. */
    private Path leaveTheImageTower() throws IOException {
        assertThatThrownBy(() -> measured(Asked.FIRST, study(3, (step, _, _) -> {
            if (step.startsWith(TEXTS + ": timing")) {
                throw new Killed();
            }
        }))).isInstanceOf(Killed.class);
        assertThat(files()).hasSize(1);
        return files().getFirst();
    }

    private List<Path> files() throws IOException {
        try (Stream<Path> files = Files.list(directory)) {
            return files.toList();
        }
    }

    private static JsonNode subjects(PrecisionStudy study) throws IOException {
        return new ObjectMapper().readTree(study.report().study().json()).at("/subjects");
    }

    /** Which subjects the study timed, told by its progress. */
    private List<String> timed(Asked asked) {
        List<String> names = new ArrayList<>();
        measured(asked, study(asked.runs(), (step, done, _) -> {
            if (step.endsWith(": timing") && done == 1) {
                names.add(step.substring(0, step.indexOf(':')));
            }
        }));
        return names;
    }

    @Test
    void aRunThatEndedInTheSecondSubjectLeavesTheFirst() throws IOException {
        JsonNode left = new ObjectMapper().readTree(leaveTheImageTower().toFile());
        List<String> steps = new ArrayList<>();
        PrecisionStudy study = measured(Asked.FIRST, study(3, (step, _, _) -> steps.add(step)));
        JsonNode subjects = subjects(study);

        assertThat(steps).contains(TEXTS + ": timing").noneMatch(step -> step.startsWith(IMAGES + ": timing")
                || step.startsWith(IMAGES + ": preparing"));
        assertThat(subjects).hasSize(2);
        assertThat(subjects.at("/0/name").asText()).isEqualTo(IMAGES);
        assertThat(subjects.at("/0/measuredByEarlierRun").asText()).isEqualTo(left.at("/time").asText());
        assertThat(subjects.at("/1/measuredByEarlierRun").isNull()).isTrue();
        assertThat(subjects.at("/0/cells")).hasSize(2);
        for (int cell = 0; cell < 2; cell++) {
            for (int run = 0; run < 3; run++) {
                assertThat(subjects.at("/0/cells/" + cell + "/samplesMs/" + run).asDouble())
                        .isEqualTo(left.at("/cells/" + cell + "/times/endToEnd/" + run).asLong() / 1e6).isPositive();
            }
        }
        // The text tower's FP32 outputs are compared with pictures' features that had to be made again.
        assertThat(subjects.at("/1/cells/0/agreement/probabilityMaxAbsDiff").asDouble()).isZero();
        assertThat(subjects.at("/1/cells/1/agreement/cosineMin").asDouble()).isGreaterThan(0.99).isLessThan(1);
    }

    @Test
    void nothingIsComputedWhereAllIsThere() throws IOException {
        JsonNode first = subjects(measured(Asked.FIRST, study(3, StudyProgress.NONE)));
        assertThat(files()).hasSize(2);
        PrecisionStudy second = measured(Asked.FIRST, study(3, (step, _, _) -> {
            throw new AssertionError(step);
        }));

        JsonNode again = subjects(second);
        assertThat(again).hasSize(2);
        for (int subject = 0; subject < 2; subject++) {
            assertThat(again.at("/" + subject + "/cells")).isEqualTo(first.at("/" + subject + "/cells")).hasSize(2);
            assertThat(again.at("/" + subject + "/measuredByEarlierRun").isTextual()).isTrue();
        }
        second.finished();
        assertThat(files()).isEmpty();
    }

    @Test
    void aStudyThatIsFinishedLeavesNothing() throws IOException {
        leaveTheImageTower();
        PrecisionStudy study = measured(Asked.FIRST, study(3, StudyProgress.NONE));
        assertThat(files()).hasSize(2);
        study.finished();
        assertThat(files()).isEmpty();
        assertThat(timed(Asked.FIRST)).containsExactly(IMAGES, TEXTS);
    }

    @Test
    void onlyTheSameIsTakenOver() throws IOException {
        leaveTheImageTower();
        for (Asked other : List.of(new Asked(2, "the tiny one", 1, 2, 2), new Asked(3, "another one", 1, 2, 2),
                new Asked(3, "the tiny one", 3, 2, 2), new Asked(3, "the tiny one", 1, 3, 2),
                new Asked(3, "the tiny one", 1, 2, 1))) {
            assertThat(timed(other)).as(other.toString()).containsExactly(IMAGES, TEXTS);
        }
        assertThat(timed(Asked.FIRST)).containsExactly(TEXTS);
    }

    @Test
    void aDamagedFileIsMeasuredAnew() throws IOException {
        Path file = leaveTheImageTower();
        Files.writeString(file, Files.readString(file).substring(100));
        assertThat(timed(Asked.FIRST)).containsExactly(IMAGES, TEXTS);
        // And that was kept in its place.
        assertThat(timed(Asked.FIRST)).isEmpty();
    }

    @Test
    void withoutAPlaceOrAnIdentityNothingIsKept() throws IOException {
        Path file = Files.createFile(directory.resolve("file"));
        PrecisionStudy nowhere = measured(Asked.FIRST, new PrecisionStudy(settings(3), UnfinishedRuns.in(file), StudyWatch.NONE,
                StudyProgress.NONE));
        assertThat(subjects(nowhere)).hasSize(2);
        nowhere.finished();
        measured(new Asked(3, "", 1, 2, 2), study(3, StudyProgress.NONE));
        assertThat(files()).containsExactly(file);
    }

    @Test
    void aClassifierIsTakenOverAsWell() throws IOException {
        PrecisionStudy first = study(2, StudyProgress.NONE);
        PrecisionStudy second = study(2, (step, _, _) -> {
            throw new AssertionError(step);
        });
        try (TensorScope _ = TensorScope.open(); ImageClassifier classifier = ImageClassifier.build(ResNet.RESNET18, 0,
                ImagePreprocessor.imagenet(64, 64), Device.CPU, DType.FLOAT32)) {
            List<Tensor> pictures = PrecisionInputs.noise(classifier.preprocessor(), 1).tensors();
            first.measure("resnet18", "resnet18 0", classifier, pictures);
            second.measure("resnet18", "resnet18 0", classifier, pictures);
        }
        assertThat(subjects(second).at("/0/cells")).isEqualTo(subjects(first).at("/0/cells")).hasSize(2);
        assertThat(subjects(second).at("/0/measuredByEarlierRun").isTextual()).isTrue();
    }

    /** An end is told as nothing. */
    private static StudyWatch tellingTo(List<String> told) {
        return new StudyWatch() {
            @Override
            public void begins(String what) {
                told.add(what);
            }

            @Override
            public void ends() {
                told.add("");
            }
        };
    }

    @Test
    void whateverMightHangIsWatched() {
        List<String> told = new ArrayList<>();
        StudyWatch watch = tellingTo(told);
        measured(Asked.FIRST, new PrecisionStudy(settings(3), UnfinishedRuns.none(), watch, StudyProgress.NONE));

        assertThat(told).containsSubsequence(IMAGES + ": preparing the FP32 reference", IMAGES + ": an FP32 reference", "",
                IMAGES + ": preparing fp32", IMAGES + ": comparing fp32", IMAGES + ": preparing bf16",
                IMAGES + ": comparing bf16", IMAGES + ": timing fp32", IMAGES + ": timing bf16", "", TEXTS + ": preparing fp32");
        // One run to warm up and three that are timed.
        assertThat(told.stream().filter((IMAGES + ": timing bf16")::equals)).hasSize(4);
        assertThat(told.getLast()).isEmpty();
    }

    @Test
    void nothingIsWatchedAfterAFailure() {
        List<String> told = new ArrayList<>();
        StudyWatch watch = tellingTo(told);
        assertThatThrownBy(() -> measured(Asked.FIRST, new PrecisionStudy(settings(3), UnfinishedRuns.none(), watch,
                (step, _, _) -> {
                    if (step.equals(IMAGES + ": preparing bf16")) {
                        throw new Killed();
                    }
                }))).isInstanceOf(Killed.class);
        assertThat(told).contains(IMAGES + ": preparing bf16");
        assertThat(told.getLast()).isEmpty();
    }
}
