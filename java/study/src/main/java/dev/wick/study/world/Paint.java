package dev.wick.study.world;

/**
 * Red, green and blue from 0 to 1, which may run over while a picture is mixed; immutable.
 *
 * <p>Only operations that Java rounds exactly, and {@link StrictMath}: pictures are the same on every machine.
 */
record Paint(double red, double green, double blue) {
    private static final Paint WHITE = grey(1);
    private static final Paint BLACK = grey(0);

    static Paint grey(double level) {
        return new Paint(level, level, level);
    }

    /** This much of the other, the rest of this. */
    Paint mixed(Paint other, double share) {
        return new Paint(red + (other.red - red) * share, green + (other.green - green) * share,
                blue + (other.blue - blue) * share);
    }

    Paint lighter(double share) {
        return mixed(WHITE, share);
    }

    Paint darker(double share) {
        return mixed(BLACK, share);
    }

    Paint times(double factor) {
        return new Paint(red * factor, green * factor, blue * factor);
    }

    Paint plus(double amount) {
        return new Paint(red + amount, green + amount, blue + amount);
    }

    /** How light it is, by Rec. 601's weights. */
    double luma() {
        return 0.299 * red + 0.587 * green + 0.114 * blue;
    }

    /** The same lightness and saturation, with the hue turned by an angle in the plane of YIQ's two colour axes. */
    Paint hueTurned(double cosine, double sine) {
        double luma = luma();
        double i = 0.596 * red - 0.274 * green - 0.322 * blue;
        double q = 0.211 * red - 0.523 * green + 0.312 * blue;
        double turnedI = i * cosine - q * sine;
        double turnedQ = i * sine + q * cosine;
        return new Paint(luma + 0.956 * turnedI + 0.621 * turnedQ, luma - 0.272 * turnedI - 0.647 * turnedQ,
                luma - 1.106 * turnedI + 1.703 * turnedQ);
    }

    /** Each of the three brought to the nearest of so many levels. */
    Paint posterised(int levels) {
        return new Paint(posterised(red, levels), posterised(green, levels), posterised(blue, levels));
    }

    private static double posterised(double value, int levels) {
        return Math.rint(clamped(value) * (levels - 1)) / (levels - 1);
    }

    /** Writes three bytes. */
    void write(byte[] pixels, int at) {
        pixels[at] = level(red);
        pixels[at + 1] = level(green);
        pixels[at + 2] = level(blue);
    }

    private static byte level(double value) {
        return (byte) (int) (clamped(value) * 255 + 0.5);
    }

    private static double clamped(double value) {
        return Math.clamp(value, 0.0, 1.0);
    }
}
