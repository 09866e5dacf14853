package dev.wick.cli;

/**
 * Pillow's bilinear resampling with antialiasing, to the bit: fixed-point coefficients, rows first, then columns,
 * rounded to 8 bits in between (Pillow's Resample.c); any thread.
 */
final class PillowResize {
    /** 32 bits, less 8 of the sample and 2 for the overshoot of filters with negative lobes. */
    private static final int PRECISION_BITS = 32 - 8 - 2;
    private static final double SUPPORT = 1.0;

    private PillowResize() {
    }

    /** Where each output sample reads, and with which weights. */
    private record Coefficients(int[] starts, int[][] weights) {

        static Coefficients of(int inputSize, int outputSize) {
            double scale = (double) inputSize / outputSize;
            double filterScale = Math.max(scale, 1.0);
            double support = SUPPORT * filterScale;
            int[] starts = new int[outputSize];
            int[][] weights = new int[outputSize][];
            for (int i = 0; i < outputSize; i++) {
                double centre = (i + 0.5) * scale;
                int start = Math.max(0, (int) (centre - support + 0.5));
                int count = Math.min(inputSize, (int) (centre + support + 0.5)) - start;
                double[] exact = new double[count];
                double sum = 0;
                for (int j = 0; j < count; j++) {
                    exact[j] = triangle((j + start - centre + 0.5) * (1.0 / filterScale));
                    sum += exact[j];
                }
                weights[i] = new int[count];
                for (int j = 0; j < count; j++) {
                    double weight = sum == 0 ? exact[j] : exact[j] / sum;
                    weights[i][j] = (int) (0.5 + weight * (1 << PRECISION_BITS));
                }
                starts[i] = start;
            }
            return new Coefficients(starts, weights);
        }

        private static double triangle(double x) {
            double distance = Math.abs(x);
            return distance < 1.0 ? 1.0 - distance : 0.0;
        }
    }

    static PixelImage bilinear(PixelImage image, int width, int height) {
        PixelImage narrowed = width == image.width() ? image : horizontally(image, width);
        return height == image.height() ? narrowed : vertically(narrowed, height);
    }

    private static PixelImage horizontally(PixelImage image, int width) {
        Coefficients coefficients = Coefficients.of(image.width(), width);
        byte[] source = image.pixels();
        byte[] target = new byte[Math.multiplyExact(3, Math.multiplyExact(width, image.height()))];
        for (int y = 0; y < image.height(); y++) {
            for (int x = 0; x < width; x++) {
                int[] weights = coefficients.weights()[x];
                int from = 3 * (y * image.width() + coefficients.starts()[x]);
                weighted(source, from, 3, weights, target, 3 * (y * width + x));
            }
        }
        return new PixelImage(width, image.height(), target);
    }

    private static PixelImage vertically(PixelImage image, int height) {
        Coefficients coefficients = Coefficients.of(image.height(), height);
        byte[] source = image.pixels();
        int stride = 3 * image.width();
        byte[] target = new byte[Math.multiplyExact(stride, height)];
        for (int y = 0; y < height; y++) {
            int[] weights = coefficients.weights()[y];
            for (int x = 0; x < image.width(); x++) {
                weighted(source, coefficients.starts()[y] * stride + 3 * x, stride, weights, target, y * stride + 3 * x);
            }
        }
        return new PixelImage(image.width(), height, target);
    }

    /** One RGB pixel as the weighted sum of several, {@code step} bytes apart. */
    private static void weighted(byte[] source, int from, int step, int[] weights, byte[] target, int to) {
        int red = 1 << PRECISION_BITS - 1;
        int green = red;
        int blue = red;
        int at = from;
        for (int weight : weights) {
            red += (source[at] & 0xff) * weight;
            green += (source[at + 1] & 0xff) * weight;
            blue += (source[at + 2] & 0xff) * weight;
            at += step;
        }
        target[to] = clip(red);
        target[to + 1] = clip(green);
        target[to + 2] = clip(blue);
    }

    private static byte clip(int sum) {
        return (byte) Math.clamp(sum >> PRECISION_BITS, 0, 255);
    }
}
