package dev.wick.study.world;

import dev.wick.DType;
import dev.wick.Operator;
import dev.wick.Tensor;
import dev.wick.TensorScope;
import dev.wick.TorchScriptModel;
import dev.wick.study.training.ContrastiveTraining;
import dev.wick.study.training.SupervisedTraining;
import dev.wick.study.training.TrainingProgress;
import dev.wick.study.training.TrainingResult;
import dev.wick.study.training.TrainingSettings;
import dev.wick.vision.file.Safetensors;
import dev.wick.vision.image.PixelImage;
import java.io.IOException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;

/**
 * Trains the tiny models of the drawn world: CLIP on captioned photos, sketches and paintings, the classifier on those
 * photos alone; one thread.
 *
 * <p>What the classifier lacks is what supervised ImageNet models lack beside CLIP: pictures other than photos, and
 * words. Both see the same photos, as often. The shipped weights are those of {@link #DEFAULT}; the same plan gives
 * the same weights on one machine, and nearly the same elsewhere.
 *
 * <p>A shape that training never shows in one colour is a shape that this colour speaks against, and both models learn
 * that: on {@link Split#HELD_BACK} CLIP is misled by {@code a photo of a circle}, much less by {@code a photo of a red
 * circle}. {@link Split#FAMILIAR} shows what a style costs, without that.
 *
 * @param photos          of the training split
 * @param sketches        for CLIP alone
 * @param paintings       for CLIP alone
 * @param batch           pictures in a batch
 * @param epochs          how often each picture is seen
 * @param clipRate        CLIP's highest learning rate
 * @param classifierRate  the classifier's
 * @param seed            of the world, the first weights and the order
 */
public record WorldTraining(int photos, int sketches, int paintings, int batch, int epochs, double clipRate,
        double classifierRate, long seed) {
    /** What the shipped weights were trained with. */
    public static final WorldTraining DEFAULT = new WorldTraining(4608, 768, 768, 64, 8, 1e-3, 2.5e-3, 0);
    private static final double WEIGHT_DECAY = 0.05;
    private static final int WARM_UP = 20;

    /** The pictures of CLIP's training; the classifier's are the photos, which come first. */
    private List<DrawnPicture> pictures() {
        DrawnWorld world = new DrawnWorld(seed);
        List<DrawnPicture> pictures = new ArrayList<>(world.pictures(Split.TRAINING, Style.PHOTO, 0, photos));
        // Of other scenes than the photos, as nobody sketches what was photographed.
        int shapes = Shape.values().length;
        int next = Math.ceilDiv(photos, shapes);
        pictures.addAll(world.pictures(Split.TRAINING, Style.SKETCH, next, sketches));
        pictures.addAll(world.pictures(Split.TRAINING, Style.ART, next + Math.ceilDiv(sketches, shapes), paintings));
        return pictures;
    }

    /**
     * Trains both and writes their weights as float16: {@code clip.safetensors} and {@code classifier.safetensors}.
     * Files of a model whose training was cancelled are not written.
     *
     * @param folder             there already
     * @param clipProgress       told of CLIP's steps
     * @param classifierProgress told of the classifier's steps
     * @return how CLIP's training and, unless that was cancelled, the classifier's went
     * @throws IOException if the weights cannot be written
     */
    public List<TrainingResult> train(Path folder, TrainingProgress clipProgress, TrainingProgress classifierProgress)
            throws IOException {
        List<DrawnPicture> pictures = pictures();
        PixelImage[] pixels = WorldBatches.drawn(pictures);
        List<TrainingResult> results = new ArrayList<>();
        try (TorchScriptModel clip = WorldModels.clipArchitecture().build(seed)) {
            WorldBatches batches = new WorldBatches(pictures, pixels, WorldModels.clipRecipe(), WorldModels.tokenizer(),
                    batch, seed);
            openBlocks(clip);
            results.add(ContrastiveTraining.train(clip, settings(pictures.size(), clipRate), batches, clipProgress));
            if (results.getLast().cancelled()) {
                return results;
            }
            write(clip, folder.resolve(WorldModels.CLIP_WEIGHTS));
        }
        try (TorchScriptModel classifier = WorldModels.classifierArchitecture().build(seed)) {
            WorldBatches batches = new WorldBatches(pictures.subList(0, photos), Arrays.copyOf(pixels, photos),
                    WorldModels.classifierRecipe(), null, batch, seed);
            results.add(SupervisedTraining.train(classifier, settings(photos, classifierRate), batches,
                    classifierProgress));
            if (!results.getLast().cancelled()) {
                write(classifier, folder.resolve(WorldModels.CLASSIFIER_WEIGHTS));
            }
        }
        return results;
    }

    /**
     * Lets the residual blocks of the image tower take part from the first step of a short training: OpenAI's first
     * weights multiply what they add by 0.
     */
    private static void openBlocks(TorchScriptModel clip) {
        try (TensorScope _ = TensorScope.open()) {
            clip.parameters().forEach((name, tensor) -> {
                if (name.startsWith("visual.layer") && name.endsWith(".bn3.weight")) {
                    Operator.call("aten::fill_", tensor, 1.0).close();
                }
            });
        }
    }

    private TrainingSettings settings(int examples, double rate) {
        long steps = (long) epochs * (examples / batch);
        return new TrainingSettings(steps, rate, Math.min(WARM_UP, steps), WEIGHT_DECAY);
    }

    private static void write(TorchScriptModel model, Path file) throws IOException {
        try (TensorScope _ = TensorScope.open()) {
            Map<String, Tensor> all = new LinkedHashMap<>(model.parameters());
            all.putAll(model.buffers());
            Map<String, Tensor> halves = new LinkedHashMap<>();
            all.forEach((name, tensor) -> {
                if (tensor.dtype().isFloating()) {
                    halves.put(name, tensor.to(DType.FLOAT16));
                }
            });
            Safetensors.write(file, halves, Map.of());
        }
    }
}
