package dev.wick.study.precision;

import dev.wick.DType;
import dev.wick.Tensor;
import dev.wick.TensorScope;
import dev.wick.TorchScriptModel;
import dev.wick.study.metric.TopK;
import dev.wick.vision.ClipModel;
import dev.wick.vision.Features;
import dev.wick.vision.ImageClassifier;
import java.util.List;
import java.util.Map;
import java.util.function.Predicate;
import java.util.function.UnaryOperator;

/**
 * One method of a model, with the inputs that it is compared on and the way from its outputs to probabilities; one thread.
 *
 * @param name          as the report calls it
 * @param model         in float32; another's to close
 * @param method        to call, of one input
 * @param own           tells its own weights, by parameter name, from those of the model that it does not use
 * @param inputs        each a batch of one, in host memory; others' to close
 * @param references    what the model gives for them as it is, in float32: [inputs][width]
 * @param probabilities of an output
 * @param meaning       what the probabilities are of
 */
record Subject(String name, TorchScriptModel model, String method, Predicate<String> own, List<Tensor> inputs,
        float[][] references, UnaryOperator<float[]> probabilities, String meaning) {
    private static final String VISUAL = "visual.";
    private static final String LOGIT_SCALE = "logit_scale";

    /** A classifier: probabilities are the softmax of its scores. */
    static Subject classifier(String name, ImageClassifier classifier, List<Tensor> pictures, float[][] references) {
        return new Subject(name, classifier.model(), "forward", _ -> true, pictures, references, TopK::softmax,
                "softmax of " + references[0].length + " scores");
    }

    /**
     * An image tower: probabilities are the softmax of the scaled cosines with features of labels, computed in float32.
     *
     * @param labels normalised features
     */
    static Subject imageTower(String name, ClipModel clip, List<Tensor> pictures, float[][] references, float[][] labels) {
        return new Subject(name + ", image tower", clip.model(), "encode_image", parameter -> parameter.startsWith(VISUAL),
                pictures, references, row -> TopK.softmax(scaledCosines(row, labels, clip.logitScale())),
                "softmax of the scaled cosines with " + labels.length + " labels' FP32 features");
    }

    /**
     * A text tower: probabilities are the softmax of the scaled cosines with features of pictures, computed in float32.
     *
     * @param pictures normalised features
     */
    static Subject textTower(String name, ClipModel clip, List<Tensor> texts, float[][] references, float[][] pictures) {
        return new Subject(name + ", text tower", clip.model(), "encode_text",
                parameter -> !parameter.startsWith(VISUAL) && !parameter.equals(LOGIT_SCALE), texts, references,
                row -> TopK.softmax(scaledCosines(row, pictures, clip.logitScale())),
                "softmax of the scaled cosines with " + pictures.length + " pictures' FP32 features");
    }

    private static float[] scaledCosines(float[] row, float[][] others, double scale) {
        float[] normalized = Features.normalized(row);
        float[] logits = new float[others.length];
        for (int i = 0; i < logits.length; i++) {
            logits[i] = (float) (scale * Features.dot(others[i], normalized));
        }
        return logits;
    }

    /** Bytes of its own parameters and buffers when floating ones are of this dtype. */
    long weightBytes(DType dtype) {
        try (TensorScope _ = TensorScope.open()) {
            return bytes(model.parameters(), dtype) + bytes(model.buffers(), dtype);
        }
    }

    private long bytes(Map<String, Tensor> tensors, DType dtype) {
        return tensors.entrySet().stream().filter(each -> own.test(each.getKey())).map(Map.Entry::getValue)
                .mapToLong(each -> each.elementCount() * (each.dtype().isFloating() ? dtype : each.dtype()).byteSize()).sum();
    }
}
