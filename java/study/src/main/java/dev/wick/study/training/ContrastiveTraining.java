package dev.wick.study.training;

import dev.wick.Operator;
import dev.wick.Tensor;
import dev.wick.TensorScope;
import dev.wick.TorchScriptModel;
import dev.wick.Value;
import dev.wick.binding.CallSettings;
import dev.wick.error.BadArgumentException;
import java.util.List;
import java.util.Map;

/**
 * Trains CLIP: of a batch's pairs each picture must find its own text, and each text its own picture; any thread, one
 * at a time for each model.
 *
 * <p>The loss is the mean of both cross entropies over {@code forward(image, text)}; the logit scale stays between 1
 * and 100, as in CLIP's paper. Trained in float32, on the device where the model is. The same seeds, settings and
 * number of threads give the same weights on one machine.
 */
public final class ContrastiveTraining {
    /** The largest factor of the cosines, in the logarithm that the parameter holds. */
    private static final double LARGEST_LOGIT_SCALE = Math.log(100);
    private static final String LOGIT_SCALE = "logit_scale";

    private ContrastiveTraining() {
    }

    /**
     * Trains a model, which is in evaluation mode afterwards, whatever happens.
     *
     * @param clip    with {@code forward(image, text)} that gives both matrices of logits, and {@code logit_scale}
     * @param batches of two parts and two pairs or more: pictures, float32 of [batch, 3, height, width], and tokens,
     *                int32 or int64 of [batch, context length]
     * @throws TrainingException                     if the loss is no number; the parameters are those before that step
     * @throws dev.wick.error.BadArgumentException if the batches or the model are not of this kind
     */
    public static TrainingResult train(TorchScriptModel clip, TrainingSettings settings, BatchSource batches,
            TrainingProgress progress) {
        List<BatchSource.Part> parts = batches.parts();
        if (parts.size() != 2 || parts.get(0).examples() < 2 || parts.get(1).examples() != parts.get(0).examples()) {
            throw new BadArgumentException("expected batches of pictures and as many texts, two or more, got " + parts);
        }
        try (TensorScope _ = TensorScope.open()) {
            Tensor logitScale = clip.parameters().get(LOGIT_SCALE);
            if (logitScale == null) {
                throw new BadArgumentException("expected a model with the parameter " + LOGIT_SCALE + ", as CLIP has");
            }
            Tensor own = own(parts.getFirst().examples()).to(logitScale.device());
            return TrainingLoop.run(clip, settings, batches, new Objective(clip, own), progress);
        }
    }

    /** Each picture's own text: 0, 1, 2, ... */
    static Tensor own(long count) {
        long[] labels = new long[Math.toIntExact(count)];
        for (int i = 0; i < labels.length; i++) {
            labels[i] = i;
        }
        return Tensor.of(labels, count);
    }

    /** The loss of one batch, recorded for gradients. */
    static Tensor loss(TorchScriptModel clip, List<Tensor> batch, Tensor own) {
        Value logits = clip.call(CallSettings.GRAD, "forward", batch.get(0), batch.get(1));
        Tensor ofImages = SupervisedTraining.crossEntropy(logits.get(0).tensor(), own);
        Tensor ofTexts = SupervisedTraining.crossEntropy(logits.get(1).tensor(), own);
        Tensor sum = Operator.call(CallSettings.GRAD, "aten::add", ofImages, ofTexts).tensor();
        return Operator.call(CallSettings.GRAD, "aten::div", sum, 2).tensor();
    }

    private record Objective(TorchScriptModel clip, Tensor own) implements TrainingLoop.Objective {
        @Override
        public Tensor loss(List<Tensor> batch) {
            return ContrastiveTraining.loss(clip, batch, own);
        }

        @Override
        public void stepped(Map<String, Tensor> parameters) {
            Operator.call("aten::clamp_", parameters.get(LOGIT_SCALE), 0.0, LARGEST_LOGIT_SCALE).close();
        }
    }
}
