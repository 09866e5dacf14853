package dev.wick.vision;

import dev.wick.DType;
import dev.wick.Device;
import dev.wick.Optimization;
import dev.wick.Tensor;
import dev.wick.TorchScriptModel;
import dev.wick.error.BadArgumentException;
import dev.wick.vision.image.ImagePreprocessor;
import java.nio.file.Path;

/**
 * A model from pictures to one score for each class, as torchvision's are; any thread may call it, as any {@link
 * TorchScriptModel}.
 */
public final class ImageClassifier implements AutoCloseable {
    private static final String METHOD = "forward";

    private final TorchScriptModel model;
    private final ImagePreprocessor preprocessor;
    private final DType dtype;

    private ImageClassifier(TorchScriptModel model, ImagePreprocessor preprocessor, DType dtype) {
        this.model = model;
        this.preprocessor = preprocessor;
        this.dtype = dtype;
    }

    /**
     * Loads a classifier from a TorchScript archive, or from the weights of a built-in architecture.
     *
     * @param preprocessor what its pictures are prepared with: {@link ImagePreprocessor#imagenet} of 224 for
     *                     torchvision's
     * @throws dev.wick.error.ModelUnreadableException if the file cannot be read
     */
    public static ImageClassifier load(Path file, ImagePreprocessor preprocessor, Device device, DType dtype) {
        return of(Pretrained.load(file, device, dtype), preprocessor, dtype);
    }

    /** Builds a built-in classifier with random weights. */
    public static ImageClassifier build(Architecture architecture, long seed, ImagePreprocessor preprocessor,
            Device device, DType dtype) {
        return of(Pretrained.converted(architecture.build(seed), device, dtype), preprocessor, dtype);
    }

    /**
     * Takes a module whose {@code forward} is from pictures to scores.
     *
     * @param model is closed with this
     * @param dtype it computes in
     */
    public static ImageClassifier of(TorchScriptModel model, ImagePreprocessor preprocessor, DType dtype) {
        return new ImageClassifier(model, preprocessor, dtype);
    }

    /** The module itself. */
    public TorchScriptModel model() {
        return model;
    }

    /** What prepares pictures for it. */
    public ImagePreprocessor preprocessor() {
        return preprocessor;
    }

    /** The dtype that it computes in. */
    public DType dtype() {
        return dtype;
    }

    /**
     * Scores of pictures.
     *
     * @param pixels floating, [n, 3, height, width], normalised; on any device
     * @return float32 logits, [n, classes], on the model's device, the caller's
     */
    public Tensor logits(Tensor pixels) {
        try (Tensor placed = pixels.to(model.device()); Tensor cast = placed.to(dtype);
                Tensor logits = model.call(METHOD, cast).tensor()) {
            return logits.to(DType.FLOAT32);
        }
    }

    /**
     * How many scores a picture gets, told by a run on zeros.
     *
     * @throws BadArgumentException if it does not give one row of scores for a picture
     */
    public int classCount() {
        try (Tensor zeros = Tensor.zeros(DType.FLOAT32, 1, 3, preprocessor.height(), preprocessor.width());
                Tensor logits = logits(zeros)) {
            if (logits.dimensions() != 2 || logits.size(0) != 1) {
                throw new BadArgumentException("expected one row of scores for a picture, got the shape "
                        + java.util.Arrays.toString(logits.shape()));
            }
            return Math.toIntExact(logits.size(1));
        }
    }

    /** The model for batches of one size: float32 [batch, 3, height, width] in, logits out. */
    public BatchEncoder images(int batch, Optimization optimization) {
        return BatchEncoder.of(model, METHOD, batch, DType.FLOAT32, optimization, 3, preprocessor.height(),
                preprocessor.width());
    }

    @Override
    public void close() {
        model.close();
    }
}
