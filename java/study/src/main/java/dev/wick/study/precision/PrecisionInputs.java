package dev.wick.study.precision;

import dev.wick.DType;
import dev.wick.Tensor;
import dev.wick.study.measurement.Noise;
import dev.wick.vision.ClipConfiguration;
import dev.wick.vision.image.ImagePreprocessor;
import dev.wick.vision.image.PictureException;
import dev.wick.vision.image.PictureFailure;
import dev.wick.vision.text.Tokenizer;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Random;

/** What a precision study runs its models on, each input a batch of one in host memory; any thread. */
public final class PrecisionInputs {
    /** Pictures of noise; more than five, so that the five most probable of them mean something. */
    public static final int PICTURES = 16;
    /** Texts of random tokens. */
    public static final int TEXTS = 32;
    /** The beginning's mark and the end's are the last two ids of CLIP's vocabularies. */
    private static final int MARKS = 2;

    private PrecisionInputs() {
    }

    /**
     * Pictures.
     *
     * @param tensors     float32 [1, 3, height, width], the caller's
     * @param description for the report
     * @param failures    files that could not be read
     */
    public record Pictures(List<Tensor> tensors, String description, List<PictureFailure> failures) {
    }

    /**
     * Texts.
     *
     * @param tensors     int32 [1, context length], the caller's
     * @param perLabel    how many after each other make one label
     * @param description for the report
     */
    public record Texts(List<Tensor> tensors, int perLabel, String description) {
    }

    /** Files as a recipe prepares them; those that cannot be read are left out. */
    public static Pictures pictures(ImagePreprocessor preprocessor, List<Path> files) {
        List<Tensor> tensors = new ArrayList<>();
        List<PictureFailure> failures = new ArrayList<>();
        for (Path file : files) {
            try {
                tensors.add(preprocessor.tensor(file));
            } catch (PictureException e) {
                failures.add(new PictureFailure(file, e.reason()));
            }
        }
        return new Pictures(tensors, tensors.size() + (tensors.size() == 1 ? " picture" : " pictures") + ", the first is timed",
                failures);
    }

    /** Normal noise in place of pictures. */
    public static Pictures noise(ImagePreprocessor preprocessor, long seed) {
        Random random = new Random(seed);
        List<Tensor> tensors = new ArrayList<>();
        for (int i = 0; i < PICTURES; i++) {
            tensors.add(Noise.of(DType.FLOAT32, random, 1, 3, preprocessor.height(), preprocessor.width()));
        }
        return new Pictures(tensors, PICTURES + " of normal noise, seed " + seed, List.of());
    }

    /** The tokens of texts. */
    public static List<Tensor> texts(Tokenizer tokenizer, List<String> texts) {
        return texts.stream().map(text -> tokenizer.encode(List.of(text))).toList();
    }

    /** Random tokens between the marks of CLIP's vocabularies, of random length, padded with zeros. */
    public static Texts randomTexts(ClipConfiguration configuration, long seed) {
        Random random = new Random(seed);
        int vocabulary = configuration.vocabularySize();
        int context = configuration.contextLength();
        List<Tensor> tensors = new ArrayList<>();
        for (int i = 0; i < TEXTS; i++) {
            int[] ids = new int[context];
            int words = context <= MARKS ? 0 : random.nextInt(1, context - MARKS + 1);
            ids[0] = Math.max(0, vocabulary - MARKS);
            for (int word = 1; word <= words; word++) {
                ids[word] = random.nextInt(Math.max(1, vocabulary - MARKS));
            }
            ids[Math.min(words + 1, context - 1)] = vocabulary - 1;
            tensors.add(Tensor.of(ids, 1, context));
        }
        return new Texts(tensors, 1, TEXTS + " sequences of random tokens, seed " + seed + ", as no labels were given");
    }
}
