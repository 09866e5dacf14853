package dev.wick.vision.image;

/** JPEG's YCbCr to RGB in libjpeg's fixed-point tables, so that it is equal to the bit; any thread. */
final class YcbcrColors {
    private static final int SCALE_BITS = 16;
    private static final int HALF = 1 << SCALE_BITS - 1;
    private static final int[] CR_RED = new int[256];
    private static final int[] CB_BLUE = new int[256];
    private static final int[] CR_GREEN = new int[256];
    private static final int[] CB_GREEN = new int[256];

    static {
        for (int i = 0; i < 256; i++) {
            int x = i - 128;
            CR_RED[i] = fixed(1.40200) * x + HALF >> SCALE_BITS;
            CB_BLUE[i] = fixed(1.77200) * x + HALF >> SCALE_BITS;
            CR_GREEN[i] = -fixed(0.71414) * x;
            CB_GREEN[i] = -fixed(0.34414) * x + HALF;
        }
    }

    private YcbcrColors() {
    }

    private static int fixed(double x) {
        return (int) (x * (1 << SCALE_BITS) + 0.5);
    }

    static int red(int y, int cr) {
        return clamp(y + CR_RED[cr]);
    }

    static int green(int y, int cb, int cr) {
        return clamp(y + (CB_GREEN[cb] + CR_GREEN[cr] >> SCALE_BITS));
    }

    static int blue(int y, int cb) {
        return clamp(y + CB_BLUE[cb]);
    }

    private static int clamp(int value) {
        return Math.min(Math.max(value, 0), 255);
    }
}
