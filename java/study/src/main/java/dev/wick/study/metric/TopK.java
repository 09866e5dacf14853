package dev.wick.study.metric;

import java.util.Arrays;

/** The largest of a row of scores; any thread. */
public final class TopK {
    private TopK() {
    }

    /**
     * The places of the largest scores, the largest first; equal scores in the order of their places, as
     * {@code torch.topk} on a CPU gives them for distinct values. NaN counts as the smallest.
     *
     * @param k at most as many are returned as there are scores
     */
    public static int[] indices(float[] scores, int k) {
        int count = Math.min(k, scores.length);
        int[] best = new int[count];
        int filled = 0;
        for (int i = 0; i < scores.length; i++) {
            if (filled == count && (count == 0 || !above(scores[i], scores[best[count - 1]]))) {
                continue;
            }
            int place = filled < count ? filled++ : count - 1;
            while (place > 0 && above(scores[i], scores[best[place - 1]])) {
                best[place] = best[place - 1];
                place--;
            }
            best[place] = i;
        }
        return Arrays.copyOf(best, filled);
    }

    private static boolean above(float score, float other) {
        return score > other || Float.isNaN(other) && !Float.isNaN(score);
    }

    /** Whether a place is among the k largest. */
    public static boolean contains(float[] scores, int k, int place) {
        return Arrays.stream(indices(scores, k)).anyMatch(index -> index == place);
    }

    /** The share of a row's k largest places that are among another's k largest; for rows of one length, of k or more. */
    public static double agreement(float[] scores, float[] reference, int k) {
        int[] theirs = indices(reference, k);
        long common = Arrays.stream(indices(scores, k)).filter(place -> Arrays.stream(theirs).anyMatch(other -> other == place))
                .count();
        return (double) common / k;
    }

    /** The softmax of a row, computed in double precision; an empty row stays empty. */
    public static float[] softmax(float[] logits) {
        double largest = Double.NEGATIVE_INFINITY;
        for (float logit : logits) {
            largest = Math.max(largest, logit);
        }
        double[] powers = new double[logits.length];
        double sum = 0;
        for (int i = 0; i < logits.length; i++) {
            powers[i] = Math.exp(logits[i] - largest);
            sum += powers[i];
        }
        float[] probabilities = new float[logits.length];
        for (int i = 0; i < logits.length; i++) {
            probabilities[i] = (float) (powers[i] / sum);
        }
        return probabilities;
    }
}
