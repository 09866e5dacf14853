package dev.wick.study.world;

/** A layer of brush strokes over each other: elongated spots on a shaken grid, in a random order; one thread. */
final class Strokes {
    private static final double LONGER = 1.9;

    private final double width;
    private final double cosine;
    private final double sine;
    private final ValueNoise places;
    private final ValueNoise order;
    private double middleX;
    private double middleY;
    private double own;

    Strokes(Draws draws, double width) {
        this.width = width;
        double turn = draws.between(0, Math.PI);
        cosine = StrictMath.cos(turn);
        sine = StrictMath.sin(turn);
        places = new ValueNoise(draws.next());
        order = new ValueNoise(draws.next());
    }

    /** Finds the uppermost stroke that reaches a point, for the getters; false where none does. */
    boolean reach(double x, double y) {
        double along = (x * cosine + y * sine) / (width * LONGER);
        double across = (y * cosine - x * sine) / width;
        long column = (long) Math.floor(along);
        long row = (long) Math.floor(across);
        double uppermost = -1;
        double bestAlong = 0;
        double bestAcross = 0;
        for (long r = row - 1; r <= row + 1; r++) {
            for (long c = column - 1; c <= column + 1; c++) {
                double height = order.cell(c, r);
                if (height > uppermost) {
                    double middleAlong = c + 0.15 + 0.7 * places.cell(c, r);
                    // The same draw's other bits would do, but a second place in the noise is simpler.
                    double middleAcross = r + 0.15 + 0.7 * places.cell(c, ~r);
                    double offAlong = along - middleAlong;
                    double offAcross = across - middleAcross;
                    if (offAlong * offAlong + offAcross * offAcross < 1) {
                        uppermost = height;
                        bestAlong = middleAlong;
                        bestAcross = middleAcross;
                    }
                }
            }
        }
        own = uppermost;
        middleX = bestAlong * width * LONGER * cosine - bestAcross * width * sine;
        middleY = bestAlong * width * LONGER * sine + bestAcross * width * cosine;
        return uppermost >= 0;
    }

    double middleX() {
        return middleX;
    }

    double middleY() {
        return middleY;
    }

    /** The stroke's own random number, from 0 to 1. */
    double own() {
        return own;
    }

    double along(double x, double y) {
        return (x * cosine + y * sine) / width;
    }

    double across(double x, double y) {
        return (y * cosine - x * sine) / width;
    }
}
