package dev.wick.study.world;

/** Smooth random numbers over the plane, between 0 and 1: drawn on a grid, blended between; any thread. */
final class ValueNoise {
    private final long seed;

    ValueNoise(long seed) {
        this.seed = seed;
    }

    /** The number of a cell of the grid. */
    double cell(long column, long row) {
        return Draws.unit(Draws.mix(Draws.mix(seed + column * 0x9E3779B97F4A7C15L) + row * 0xC2B2AE3D27D4EB4FL));
    }

    /** One octave; a cell's side is 1. */
    double at(double x, double y) {
        double left = Math.floor(x);
        double top = Math.floor(y);
        double across = smooth(x - left);
        double down = smooth(y - top);
        long column = (long) left;
        long row = (long) top;
        double above = cell(column, row) + (cell(column + 1, row) - cell(column, row)) * across;
        double below = cell(column, row + 1) + (cell(column + 1, row + 1) - cell(column, row + 1)) * across;
        return above + (below - above) * down;
    }

    /** Two octaves, the second of half the strength and size. */
    double rough(double x, double y) {
        return (2 * at(x, y) + at(2 * x + 31.7, 2 * y + 11.3)) / 3;
    }

    private static double smooth(double t) {
        return t * t * (3 - 2 * t);
    }
}
