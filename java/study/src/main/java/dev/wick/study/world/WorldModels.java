package dev.wick.study.world;

import dev.wick.TorchScriptModel;
import dev.wick.file.WholeFile;
import dev.wick.vision.Architecture;
import dev.wick.vision.ClipArchitecture;
import dev.wick.vision.ClipConfiguration;
import dev.wick.vision.ClipConfiguration.Activation;
import dev.wick.vision.ClipConfiguration.ResNetTower;
import dev.wick.vision.ResNetArchitecture;
import dev.wick.vision.image.ImagePreprocessor;
import dev.wick.vision.text.BytePairVocabulary;
import dev.wick.vision.text.ClipTokenizer;
import dev.wick.vision.weights.StateDict;
import dev.wick.vision.weights.Weights;
import java.io.IOException;
import java.io.InputStream;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.List;

/**
 * The two tiny models that were trained on the drawn world ({@link WorldTraining} says how), and what prepares
 * pictures and texts for them; any thread.
 *
 * <p>The CLIP has seen captioned photos, with some sketches and paintings among them; the classifier has seen photos
 * of the same scenes and their shapes, nothing else. Neither has seen a pair of colour and shape of {@link
 * Split#HELD_BACK}.
 */
public final class WorldModels {
    /** Height and width of the models' pictures, in pixels. */
    public static final int SIDE = 64;
    static final String CLIP_WEIGHTS = "clip.safetensors";
    static final String CLASSIFIER_WEIGHTS = "classifier.safetensors";
    private static final int EMBEDDING = 64;
    private static final int CONTEXT = 32;
    private static final int TEXT_WIDTH = 64;
    private static final int TEXT_LAYERS = 2;
    private static final int CLIP_CHANNELS = 16;
    private static final int CLASSIFIER_CHANNELS = 16;
    private static final List<Integer> BLOCKS = List.of(1, 1, 1, 1);

    private WorldModels() {
    }

    /**
     * The CLIP: a residual image tower as CLIP RN50's, of one block a stage and 16 channels, and two layers of
     * text.
     */
    public static Architecture clipArchitecture() {
        return new ClipArchitecture("clip-drawn-world", new ClipConfiguration(EMBEDDING, SIDE,
                new ResNetTower(BLOCKS, CLIP_CHANNELS), CONTEXT, vocabulary().size(), TEXT_WIDTH, 1, TEXT_LAYERS,
                Activation.QUICK_GELU));
    }

    /** The classifier: a residual network of torchvision's kind, of one block a stage and 16 channels. */
    public static Architecture classifierArchitecture() {
        return new ResNetArchitecture("resnet-drawn-world", false, BLOCKS, CLASSIFIER_CHANNELS, Shape.values().length,
                SIDE);
    }

    /** The trained CLIP, on the CPU in float32 and evaluation mode; the caller's to close. */
    public static TorchScriptModel clip() {
        return loaded(clipArchitecture(), CLIP_WEIGHTS);
    }

    /** The trained classifier, on the CPU in float32 and evaluation mode; the caller's to close. */
    public static TorchScriptModel classifier() {
        return loaded(classifierArchitecture(), CLASSIFIER_WEIGHTS);
    }

    /** The classifier's classes in the order of its logits: {@code circle, square, ...}. */
    public static List<String> classes() {
        return Arrays.stream(Shape.values()).map(Shape::word).toList();
    }

    /** The vocabulary of the CLIP, in which each word of the captions is one token. */
    public static BytePairVocabulary vocabulary() {
        return WorldVocabulary.learned();
    }

    /** The tokenizer of the CLIP: rows of 32 tokens. */
    public static ClipTokenizer tokenizer() {
        return ClipTokenizer.of(vocabulary()).withContextLength(CONTEXT);
    }

    /** How the CLIP takes pictures: 64 x 64, with CLIP's normalisation. */
    public static ImagePreprocessor clipRecipe() {
        return ImagePreprocessor.clip(SIDE);
    }

    /** How the classifier takes pictures: all of them resized to 64 x 64, with ImageNet's normalisation. */
    public static ImagePreprocessor classifierRecipe() {
        return ImagePreprocessor.imagenet(SIDE, SIDE);
    }

    /** Writes the weights of the CLIP, as safetensors in float16 under OpenAI's names. */
    public static void writeClipWeights(Path file) throws IOException {
        write(CLIP_WEIGHTS, file);
    }

    /** Writes the weights of the classifier, as safetensors in float16 under torchvision's names. */
    public static void writeClassifierWeights(Path file) throws IOException {
        write(CLASSIFIER_WEIGHTS, file);
    }

    private static void write(String resource, Path file) throws IOException {
        try (InputStream bytes = WorldModels.class.getResourceAsStream(resource)) {
            if (bytes == null) {
                throw new IllegalStateException("the resource " + resource + " is missing: WorldTraining makes it");
            }
            WholeFile.write(file, bytes::transferTo);
        }
    }

    private static TorchScriptModel loaded(Architecture architecture, String resource) {
        try {
            Path folder = Files.createTempDirectory("wick-world");
            Path file = folder.resolve(resource);
            try {
                write(resource, file);
                return loaded(architecture, file);
            } finally {
                Files.deleteIfExists(file);
                Files.delete(folder);
            }
        } catch (IOException e) {
            throw new UncheckedIOException("weights of the drawn world cannot be put into a temporary file", e);
        }
    }

    static TorchScriptModel loaded(Architecture architecture, Path weights) {
        TorchScriptModel model = architecture.build(0);
        try (StateDict state = StateDict.readIntoMemory(weights)) {
            Weights.load(model, state);
            return model;
        } catch (RuntimeException e) {
            model.close();
            throw e;
        }
    }
}
