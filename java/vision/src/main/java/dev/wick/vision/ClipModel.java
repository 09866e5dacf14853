package dev.wick.vision;

import dev.wick.DType;
import dev.wick.Device;
import dev.wick.Optimization;
import dev.wick.Tensor;
import dev.wick.TensorScope;
import dev.wick.TorchScriptModel;
import dev.wick.error.BadArgumentException;
import dev.wick.vision.image.ImagePreprocessor;
import dev.wick.vision.text.Tokenizer;
import java.lang.foreign.MemorySegment;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.function.LongConsumer;
import java.util.stream.Collectors;

/**
 * A CLIP: pictures and texts become rows of features whose cosine says how alike they are; any thread may call it, as
 * any {@link TorchScriptModel}.
 *
 * <pre>{@code
 * try (ClipModel clip = ClipModel.load(Path.of("ViT-B-32.pt"), Device.CPU, DType.FLOAT32);
 *         Tensor image = clip.preprocessor().tensor(Path.of("cat.jpg"));
 *         Tensor features = clip.encodeImage(image)) {
 *     float[] picture = Features.normalized(features.toFloatArray());
 *     float[][] texts = clip.encodeTexts(tokenizer, List.of("a photo of a cat.", "a photo of a dog."));
 *     double logit = clip.logitScale() * Features.dot(picture, Features.normalized(texts[0]));
 * }
 * }</pre>
 */
public final class ClipModel implements AutoCloseable {
    private static final Set<String> METHODS = Set.of("encode_image", "encode_text");
    private static final int TEXT_BATCH = 64;

    private final TorchScriptModel model;
    private final ClipConfiguration configuration;
    private final DType dtype;
    private final double logitScale;

    private ClipModel(TorchScriptModel model, ClipConfiguration configuration, DType dtype, double logitScale) {
        this.model = model;
        this.configuration = configuration;
        this.dtype = dtype;
        this.logitScale = logitScale;
    }

    /**
     * Loads a CLIP from a TorchScript archive (OpenAI's as they are published, or any with its method names and
     * parameters) or from weights alone ({@code .safetensors}, {@code .pth}, {@code .bin}; OpenAI's, OpenCLIP's or
     * Hugging Face's names).
     *
     * @param device it is to be on
     * @param dtype  floating dtype to compute in; layer normalisations compute in float32 all the same
     * @throws dev.wick.error.ModelUnreadableException if the file cannot be read
     * @throws BadArgumentException                    if it is no CLIP
     */
    public static ClipModel load(Path file, Device device, DType dtype) {
        return of(Pretrained.load(file, device, dtype), dtype);
    }

    /** Builds a published CLIP with random weights. */
    public static ClipModel build(Architecture clip, long seed, Device device, DType dtype) {
        return of(Pretrained.converted(clip.build(seed), device, dtype), dtype);
    }

    /**
     * Takes a module with {@code encode_image}, {@code encode_text} and OpenAI's parameter names.
     *
     * @param model is closed with this, and when it is no CLIP
     * @param dtype it computes in
     */
    public static ClipModel of(TorchScriptModel model, DType dtype) {
        try (TensorScope _ = TensorScope.open()) {
            Set<String> names = model.methods().stream().map(each -> each.name()).collect(Collectors.toSet());
            if (!names.containsAll(METHODS)) {
                throw new BadArgumentException("it is no CLIP: expected the methods encode_image and encode_text, got "
                        + names.stream().sorted().collect(Collectors.joining(", ")));
            }
            Map<String, long[]> shapes = new LinkedHashMap<>();
            Map<String, Tensor> parameters = model.parameters();
            parameters.forEach((name, tensor) -> shapes.put(name, tensor.shape()));
            model.buffers().forEach((name, tensor) -> shapes.put(name, tensor.shape()));
            ClipConfiguration configuration = ClipConfiguration.infer(shapes);
            return new ClipModel(model, configuration, dtype, Math.exp(parameters.get("logit_scale").item()));
        } catch (RuntimeException e) {
            model.close();
            throw e;
        }
    }

    /** Its sizes, told by the shapes of its parameters. */
    public ClipConfiguration configuration() {
        return configuration;
    }

    /** The module itself. */
    public TorchScriptModel model() {
        return model;
    }

    /** Where it is. */
    public Device device() {
        return model.device();
    }

    /** The dtype that it computes in. */
    public DType dtype() {
        return dtype;
    }

    /** What cosines are multiplied by before the softmax: {@code exp(logit_scale)}, 100 in the published models. */
    public double logitScale() {
        return logitScale;
    }

    /** What prepares pictures for it. */
    public ImagePreprocessor preprocessor() {
        return ImagePreprocessor.clip(configuration.imageResolution());
    }

    /**
     * Features of pictures, as they come out of the image tower: not normalised.
     *
     * @param pixels floating, [n, 3, resolution, resolution], normalised; on any device
     * @return float32, [n, embedding size], on the model's device, the caller's
     */
    public Tensor encodeImage(Tensor pixels) {
        requireShape("pixels", pixels, 4, 3, configuration.imageResolution(), configuration.imageResolution());
        try (Tensor placed = pixels.to(device()); Tensor cast = placed.to(dtype);
                Tensor features = model.call("encode_image", cast).tensor()) {
            return features.to(DType.FLOAT32);
        }
    }

    /**
     * Features of texts, not normalised.
     *
     * @param tokens int32 or int64, [n, context length]; on any device
     * @return float32, [n, embedding size], on the model's device, the caller's
     */
    public Tensor encodeText(Tensor tokens) {
        requireShape("tokens", tokens, 2, configuration.contextLength());
        try (Tensor placed = tokens.to(device()); Tensor features = model.call("encode_text", placed).tensor()) {
            return features.to(DType.FLOAT32);
        }
    }

    private static void requireShape(String what, Tensor tensor, int dimensions, long... last) {
        long[] shape = tensor.shape();
        if (shape.length != dimensions || !Arrays.equals(Arrays.copyOfRange(shape, 1, dimensions), last)) {
            throw new BadArgumentException("expected " + what + " of the shape [n, "
                    + Arrays.stream(last).mapToObj(Long::toString).collect(Collectors.joining(", ")) + "], got "
                    + Arrays.toString(shape));
        }
    }

    /** The image tower for batches of one size: float32 [batch, 3, resolution, resolution] in. */
    public BatchEncoder images(int batch, Optimization optimization) {
        long side = configuration.imageResolution();
        return BatchEncoder.of(model, "encode_image", batch, DType.FLOAT32, optimization, 3, side, side);
    }

    /** The text tower for batches of one size: int32 [batch, context length] in. */
    public BatchEncoder texts(int batch, Optimization optimization) {
        return BatchEncoder.of(model, "encode_text", batch, DType.INT32, optimization, configuration.contextLength());
    }

    /** Features of any number of texts, [texts][embedding size], not normalised. */
    public float[][] encodeTexts(Tokenizer tokenizer, List<String> texts) {
        return encodeTexts(tokenizer, texts, _ -> { });
    }

    /**
     * Features of any number of texts, [texts][embedding size], not normalised.
     *
     * @param progress is told how many are done, after each batch
     * @throws BadArgumentException if the tokenizer's ids or lengths are not the model's, or a text is too long for it
     */
    public float[][] encodeTexts(Tokenizer tokenizer, List<String> texts, LongConsumer progress) {
        requireFits(tokenizer);
        if (texts.isEmpty()) {
            return new float[0][];
        }
        int batch = Math.min(TEXT_BATCH, texts.size());
        List<float[]> features = new ArrayList<>(texts.size());
        try (BatchEncoder encoder = texts(batch, Optimization.NONE)) {
            MemorySegment input = encoder.input();
            long rowBytes = input.byteSize() / batch;
            for (int from = 0; from < texts.size(); from += batch) {
                int rows = Math.min(batch, texts.size() - from);
                for (int row = 0; row < rows; row++) {
                    tokenizer.encodeInto(texts.get(from + row), input.asSlice(row * rowBytes, rowBytes));
                }
                features.addAll(Arrays.asList(encoder.run(rows)));
                progress.accept(from + rows);
            }
        }
        return features.toArray(float[][]::new);
    }

    private void requireFits(Tokenizer tokenizer) {
        if (tokenizer.vocabularySize() != configuration.vocabularySize()
                || tokenizer.contextLength() != configuration.contextLength()) {
            throw new BadArgumentException("expected a tokenizer of " + configuration.vocabularySize() + " ids and "
                    + configuration.contextLength() + " tokens a text, got one of " + tokenizer.vocabularySize()
                    + " and "
                    + tokenizer.contextLength());
        }
    }

    @Override
    public void close() {
        model.close();
    }
}
