package dev.wick.vision.image;

/**
 * Where each output sample of one dimension reads, and with which weights (Pillow's precompute_coeffs); any thread,
 * never written once it is made.
 *
 * @param starts  the first input sample of each output sample
 * @param counts  how many it reads
 * @param taps    the largest count, by which the weights of two output samples are apart
 * @param exact   weights that add up to 1
 */
record ResizeWeights(int[] starts, int[] counts, int taps, double[] exact) {
    /** Of fixed-point weights: 32 bits, less 8 of the sample and 2 for the overshoot of filters with negative lobes. */
    static final int PRECISION_BITS = 32 - 8 - 2;

    /** Of the output samples {@code from} to {@code from + count} of {@code outputSize}. */
    static ResizeWeights of(ResizeFilter filter, int inputSize, int outputSize, int from, int count) {
        double scale = (double) inputSize / outputSize;
        double filterScale = Math.max(scale, 1.0);
        double support = filter.support() * filterScale;
        double inverse = 1.0 / filterScale;
        int taps = Math.min(inputSize, (int) Math.ceil(support) * 2 + 1);
        int[] starts = new int[count];
        int[] counts = new int[count];
        double[] exact = new double[Math.multiplyExact(count, taps)];
        for (int i = 0; i < count; i++) {
            double centre = (from + i + 0.5) * scale;
            int start = Math.max(0, (int) (centre - support + 0.5));
            int end = Math.min(inputSize, (int) (centre + support + 0.5));
            double sum = 0;
            for (int j = 0; j < end - start; j++) {
                double weight = filter.at((j + start - centre + 0.5) * inverse);
                exact[i * taps + j] = weight;
                sum += weight;
            }
            if (sum != 0) {
                for (int j = 0; j < end - start; j++) {
                    exact[i * taps + j] /= sum;
                }
            }
            starts[i] = start;
            counts[i] = end - start;
        }
        return new ResizeWeights(starts, counts, taps, exact);
    }

    /** The weights in units of 2 to the power of -{@link #PRECISION_BITS}, rounded away from zero at halves. */
    int[] fixed() {
        int[] fixed = new int[exact.length];
        for (int i = 0; i < fixed.length; i++) {
            double scaled = exact[i] * (1 << PRECISION_BITS);
            fixed[i] = (int) (exact[i] < 0 ? scaled - 0.5 : scaled + 0.5);
        }
        return fixed;
    }

    /** The first input sample that is read at all. */
    int first() {
        return starts[0];
    }

    /** Behind the last one. */
    int end() {
        int last = starts.length - 1;
        return starts[last] + counts[last];
    }
}
