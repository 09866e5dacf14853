package dev.wick.vision.image;

/** JPEG's YCbCr to RGB in libjpeg's fixed-point arithmetic, so that it is equal to the bit; any thread. */
final class YcbcrColors {
    private static final int SCALE_BITS = 16;
    private static final int HALF = 1 << SCALE_BITS - 1;
    private static final int RED_OF_CR = fixed(1.40200);
    private static final int GREEN_OF_CR = -fixed(0.71414);
    private static final int GREEN_OF_CB = -fixed(0.34414);
    private static final int BLUE_OF_CB = fixed(1.77200);

    private YcbcrColors() {
    }

    private static int fixed(double x) {
        return (int) (x * (1 << SCALE_BITS) + 0.5);
    }

    /**
     * The first {@code count} pixels.
     *
     * @param words luma in the lowest byte, then Cb, then Cr
     * @param into  red, green, blue
     */
    static void toRgb(int[] words, int count, int[][] into) {
        // One array each, since a loop that writes several is not vectorized.
        red(words, count, into[0]);
        green(words, count, into[1]);
        blue(words, count, into[2]);
    }

    private static void red(int[] words, int count, int[] red) {
        for (int x = 0; x < count; x++) {
            red[x] = clamp(luma(words[x]) + (RED_OF_CR * cr(words[x]) + HALF >> SCALE_BITS));
        }
    }

    private static void green(int[] words, int count, int[] green) {
        for (int x = 0; x < count; x++) {
            green[x] = clamp(luma(words[x])
                    + (GREEN_OF_CB * cb(words[x]) + GREEN_OF_CR * cr(words[x]) + HALF >> SCALE_BITS));
        }
    }

    private static void blue(int[] words, int count, int[] blue) {
        for (int x = 0; x < count; x++) {
            blue[x] = clamp(luma(words[x]) + (BLUE_OF_CB * cb(words[x]) + HALF >> SCALE_BITS));
        }
    }

    private static int luma(int word) {
        return word & 0xff;
    }

    private static int cb(int word) {
        return (word >> 8 & 0xff) - 128;
    }

    private static int cr(int word) {
        return (word >> 16 & 0xff) - 128;
    }

    private static int clamp(int value) {
        return Math.min(Math.max(value, 0), 255);
    }
}
