package dev.wick.vision;

/** Arithmetic on rows of features, in double precision where sums are long; any thread. */
public final class Features {
    private Features() {
    }

    /** The row divided by its Euclidean norm; a row of zeros stays one. */
    public static float[] normalized(float[] features) {
        double norm = Math.sqrt(dot(features, features));
        float[] result = new float[features.length];
        for (int i = 0; i < features.length; i++) {
            result[i] = norm == 0 ? 0 : (float) (features[i] / norm);
        }
        return result;
    }

    /** The inner product of two rows of one length; for normalised rows their cosine similarity. */
    public static double dot(float[] a, float[] b) {
        if (a.length != b.length) {
            throw new IllegalArgumentException("rows of " + a.length + " and " + b.length + " elements");
        }
        double sum = 0;
        for (int i = 0; i < a.length; i++) {
            sum += (double) a[i] * b[i];
        }
        return sum;
    }

    /** The mean of rows of one length, at least one. */
    public static float[] mean(float[][] rows) {
        double[] sum = new double[rows[0].length];
        for (float[] row : rows) {
            for (int i = 0; i < sum.length; i++) {
                sum[i] += row[i];
            }
        }
        float[] mean = new float[sum.length];
        for (int i = 0; i < mean.length; i++) {
            mean[i] = (float) (sum[i] / rows.length);
        }
        return mean;
    }
}
