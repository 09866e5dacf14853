package dev.wick.study.metric;

import java.util.Arrays;
import java.util.SplittableRandom;

/** Percentile bootstrap of shares: how far a share may be off because just these items were looked at; any thread. */
public final class Bootstrap {
    /** Resamples of a figure. */
    public static final int RESAMPLES = 1000;
    private static final double OUTSIDE = 0.025;

    private Bootstrap() {
    }

    /**
     * Where 95% of the resampled figures lie.
     *
     * @param low  their 2.5th percentile, by nearest rank
     * @param high their 97.5th
     */
    public record Interval(double low, double high) {
    }

    /**
     * Shares of items drawn with replacement, as many as there are; unsorted.
     *
     * @param hits   items that count
     * @param count  items; for 0 all shares are NaN
     * @param random its state tells the draws
     */
    public static double[] shares(long hits, long count, SplittableRandom random) {
        if (hits < 0 || hits > count) {
            throw new IllegalArgumentException(hits + " of " + count + " items");
        }
        double[] shares = new double[RESAMPLES];
        for (int i = 0; i < shares.length; i++) {
            long drawn = 0;
            for (long item = 0; item < count; item++) {
                if (random.nextLong(count) < hits) {
                    drawn++;
                }
            }
            shares[i] = (double) drawn / count;
        }
        return shares;
    }

    /** Differences of two independent resamplings, one by one; unsorted. */
    public static double[] differences(double[] from, double[] minus) {
        double[] differences = new double[from.length];
        for (int i = 0; i < differences.length; i++) {
            differences[i] = from[i] - minus[i];
        }
        return differences;
    }

    /** The middle 95% of resampled figures. */
    public static Interval interval(double[] resampled) {
        double[] sorted = resampled.clone();
        Arrays.sort(sorted);
        return new Interval(sorted[rank(OUTSIDE, sorted.length)], sorted[rank(1 - OUTSIDE, sorted.length)]);
    }

    private static int rank(double share, int count) {
        return Math.max(1, (int) Math.ceil(share * count)) - 1;
    }
}
