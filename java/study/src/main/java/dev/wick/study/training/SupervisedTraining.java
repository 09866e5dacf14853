package dev.wick.study.training;

import dev.wick.Operator;
import dev.wick.Tensor;
import dev.wick.TorchScriptModel;
import dev.wick.binding.CallSettings;
import dev.wick.error.BadArgumentException;
import java.util.List;

/**
 * Trains a classifier by the cross entropy of its logits; any thread, one at a time for each model.
 *
 * <p>Trained in float32, on the device where the model is. The same seeds, settings and number of threads give the same
 * weights on one machine.
 */
public final class SupervisedTraining {
    private SupervisedTraining() {
    }

    /**
     * Trains a model, which is in evaluation mode afterwards, whatever happens.
     *
     * @param classifier whose {@code forward} gives logits of [batch, classes]
     * @param batches    of two parts: what {@code forward} takes, and labels, int64 of [batch]
     * @throws TrainingException                     if the loss is no number; the parameters are those before that step
     * @throws dev.wick.error.BadArgumentException if the batches are not of this kind
     */
    public static TrainingResult train(TorchScriptModel classifier, TrainingSettings settings, BatchSource batches,
            TrainingProgress progress) {
        List<BatchSource.Part> parts = batches.parts();
        if (parts.size() != 2 || parts.get(1).examples() != parts.get(0).examples()) {
            throw new BadArgumentException("expected batches of inputs and as many labels, got " + parts);
        }
        return TrainingLoop.run(classifier, settings, batches, batch -> crossEntropy(classifier.call(CallSettings.GRAD,
                "forward", batch.get(0)).tensor(), batch.get(1)), progress);
    }

    /** The mean over the batch, recorded for gradients. */
    static Tensor crossEntropy(Tensor logits, Tensor labels) {
        return Operator.call(CallSettings.GRAD, "aten::cross_entropy_loss", logits, labels).tensor();
    }
}
