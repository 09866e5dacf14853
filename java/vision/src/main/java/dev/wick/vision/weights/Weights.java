package dev.wick.vision.weights;

import dev.wick.DType;
import dev.wick.Tensor;
import dev.wick.TensorScope;
import dev.wick.TorchScriptModel;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;

/**
 * Copies a state dict into a model; one thread at a time for each model, and not while the model runs.
 *
 * <p>Names are the model's own: {@link ClipNames} brings other families' to OpenAI's. Values are converted to the
 * dtype and device that each parameter and buffer of the model has: a file of halves fills a model in FP32, and the
 * other way round.
 */
public final class Weights {
    /** Sizes that OpenAI's archives keep as buffers; other files and models of the same weights lack them. */
    private static final Set<String> SIZES = Set.of("input_resolution", "context_length", "vocab_size");
    /** A counter that batch normalisation has since PyTorch 0.4.1; nothing is computed with it in evaluation mode. */
    private static final String BATCH_COUNTER = "num_batches_tracked";

    private Weights() {
    }

    /**
     * What was copied.
     *
     * @param loaded     names that were copied, in the model's order
     * @param missing    names of the model that the file lacks: they are as they were
     * @param unexpected names of the file that the model lacks
     */
    public record Report(List<String> loaded, List<String> missing, List<String> unexpected) {
    }

    /**
     * Copies all weights; names must be the same on both sides. Left out of that are the buffers
     * {@code input_resolution}, {@code context_length} and {@code vocab_size}, which only some files of CLIP have, and
     * counters {@code num_batches_tracked} that a file lacks.
     *
     * @throws WeightsMismatchException if anything is missing, unexpected or of another shape or kind of dtype; it
     *                                  lists all, and the model is as it was
     */
    public static Report load(TorchScriptModel model, StateDict weights) {
        return load(model, weights, true);
    }

    /**
     * Copies what has the same name on both sides; the report says what has not.
     *
     * @throws WeightsMismatchException if a tensor that both have is of another shape or kind of dtype, or if no name
     *                                  is the same; the model is as it was
     */
    public static Report loadMatching(TorchScriptModel model, StateDict weights) {
        return load(model, weights, false);
    }

    private static Report load(TorchScriptModel model, StateDict weights, boolean strict) {
        try (TensorScope _ = TensorScope.open()) {
            Map<String, Tensor> targets = new LinkedHashMap<>(model.parameters());
            targets.putAll(model.buffers());
            List<String> loaded = new ArrayList<>();
            List<String> missing = new ArrayList<>();
            List<WeightsMismatchException.Mismatch> mismatched = new ArrayList<>();
            targets.forEach((name, target) -> {
                if (!weights.contains(name)) {
                    missing.add(name);
                } else if (fits(target, weights.dtype(name), weights.shape(name))) {
                    loaded.add(name);
                } else {
                    mismatched.add(new WeightsMismatchException.Mismatch(name, text(target.dtype(), target.shape()),
                            text(weights.dtype(name), weights.shape(name))));
                }
            });
            List<String> unexpected = weights.names().stream().filter(name -> !targets.containsKey(name)).toList();
            List<String> demanded = missing.stream().filter(name -> !SIZES.contains(name)
                    && !name.endsWith(BATCH_COUNTER)).toList();
            List<String> refused = unexpected.stream().filter(name -> !SIZES.contains(name)).toList();
            boolean nothingFits = loaded.isEmpty() && !(targets.isEmpty() && weights.names().isEmpty());
            if (!mismatched.isEmpty() || nothingFits || strict && !(demanded.isEmpty() && refused.isEmpty())) {
                throw new WeightsMismatchException(weights.source(), demanded, refused, mismatched);
            }
            // All of them before the first is copied: a file that was cut short meanwhile leaves the model as it was.
            loaded.forEach(weights::tensor);
            for (String name : loaded) {
                targets.get(name).copyFrom(weights.tensor(name));
            }
            return new Report(List.copyOf(loaded), List.copyOf(missing), unexpected);
        }
    }

    private static boolean fits(Tensor target, DType dtype, long[] shape) {
        return Arrays.equals(target.shape(), shape) && kind(target.dtype()).equals(kind(dtype));
    }

    /** Within a kind values are converted; from one to another they would lose what they mean. */
    private static String kind(DType dtype) {
        return dtype.isFloating() ? "floating" : dtype.isComplex() ? "complex" : dtype.isQuantized() ? dtype.torchName()
                : dtype == DType.BOOL ? "bool" : "integer";
    }

    private static String text(DType dtype, long[] shape) {
        return dtype.torchName() + " " + Arrays.toString(shape);
    }
}
