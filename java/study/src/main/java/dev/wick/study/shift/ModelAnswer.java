package dev.wick.study.shift;

import dev.wick.study.metric.Accuracy;
import dev.wick.study.metric.TopK;

/**
 * What a model takes a picture for.
 *
 * @param best          its five best classes, the best first; fewer when there are fewer, none when a score is no number
 * @param probabilities of these among all it chose from
 */
public record ModelAnswer(int[] best, float[] probabilities) {

    /** The best of logits, one for each class. */
    public static ModelAnswer of(float[] logits) {
        for (float logit : logits) {
            if (Float.isNaN(logit)) {
                return new ModelAnswer(new int[0], new float[0]);
            }
        }
        int[] best = TopK.indices(logits, Accuracy.TOP);
        float[] softmax = TopK.softmax(logits);
        float[] probabilities = new float[best.length];
        for (int i = 0; i < best.length; i++) {
            probabilities[i] = softmax[best[i]];
        }
        return new ModelAnswer(best, probabilities);
    }

    /** Whether a class is the best. */
    public boolean isFirst(int index) {
        return best.length > 0 && best[0] == index;
    }

    /** Whether a class is among the best. */
    public boolean has(int index) {
        for (int each : best) {
            if (each == index) {
                return true;
            }
        }
        return false;
    }
}
