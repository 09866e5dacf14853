package dev.wick.study.training;

import dev.wick.error.BadArgumentException;

/**
 * How a training goes, beside its data; immutable, for any thread.
 *
 * @param steps        batches to learn from
 * @param learningRate its highest value; see {@link #learningRate(long)}
 * @param warmUpSteps  over which the rate rises from near 0
 * @param weightDecay  of parameters of two or more dimensions, as a share of the learning rate; biases, scales of
 *                     normalisations and scalars do not decay
 * @param beta1        decay of AdamW's mean of gradients
 * @param beta2        decay of AdamW's mean of squared gradients
 * @param epsilon      added to AdamW's denominator
 */
public record TrainingSettings(long steps, double learningRate, long warmUpSteps, double weightDecay, double beta1,
        double beta2, double epsilon) {

    /** Checks the ranges. */
    public TrainingSettings {
        require(steps > 0, "at least 1 step", steps);
        require(learningRate > 0 && Double.isFinite(learningRate), "a learning rate above 0", learningRate);
        require(warmUpSteps >= 0 && warmUpSteps <= steps, "from 0 to " + steps + " steps of warm-up", warmUpSteps);
        require(weightDecay >= 0 && Double.isFinite(weightDecay), "a weight decay of 0 or more", weightDecay);
        require(beta1 >= 0 && beta1 < 1, "a beta1 from 0 to below 1", beta1);
        require(beta2 >= 0 && beta2 < 1, "a beta2 from 0 to below 1", beta2);
        require(epsilon > 0 && Double.isFinite(epsilon), "an epsilon above 0", epsilon);
    }

    /** With the betas and the epsilon that CLIP's vision transformers were trained with: 0.9, 0.98, 1e-6. */
    public TrainingSettings(long steps, double learningRate, long warmUpSteps, double weightDecay) {
        this(steps, learningRate, warmUpSteps, weightDecay, 0.9, 0.98, 1e-6);
    }

    private static void require(boolean holds, String expected, Number got) {
        if (!holds) {
            throw new BadArgumentException("expected " + expected + ", got " + got);
        }
    }

    /**
     * The learning rate of a step: rising linearly to its highest value, which the last step of the warm-up has, then
     * falling to 0 along half a cosine.
     *
     * @param step from 0
     */
    public double learningRate(long step) {
        if (step < warmUpSteps) {
            return learningRate * (step + 1) / warmUpSteps;
        }
        double done = (double) (step - warmUpSteps) / Math.max(1, steps - warmUpSteps);
        return learningRate * 0.5 * (1 + StrictMath.cos(Math.PI * Math.min(1, done)));
    }
}
