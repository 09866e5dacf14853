package dev.wick.vision.image;

/** A filter of Pillow's resize, always with antialiasing; any thread. */
public enum ResizeFilter {
    /** Pillow's {@code BILINEAR}. */
    BILINEAR(1) {
        @Override
        double at(double x) {
            double distance = Math.abs(x);
            return distance < 1 ? 1 - distance : 0;
        }
    },
    /** Pillow's {@code BICUBIC}, whose parameter is -0.5. */
    BICUBIC(2) {
        @Override
        double at(double x) {
            double distance = Math.abs(x);
            // In Pillow's order: another would round otherwise.
            if (distance < 1) {
                return ((A + 2.0) * distance - (A + 3.0)) * distance * distance + 1;
            }
            return distance < 2 ? (((distance - 5) * distance + 8) * distance - 4) * A : 0;
        }
    };

    private static final double A = -0.5;

    private final double support;

    ResizeFilter(double support) {
        this.support = support;
    }

    double support() {
        return support;
    }

    abstract double at(double x);
}
