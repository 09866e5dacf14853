package dev.wick.study.world;

/** Random numbers that are the same on every Java, for ever (SplitMix64); one thread. */
final class Draws {
    private static final long GOLDEN = 0x9E3779B97F4A7C15L;
    private static final double UNIT = 0x1.0p-53;

    private long state;

    Draws(long seed) {
        state = seed;
    }

    /** A well-mixed number of several, whose order counts. */
    static long mixed(long... parts) {
        long all = 0;
        for (long part : parts) {
            all = mix(all + GOLDEN + part);
        }
        return all;
    }

    static long mix(long value) {
        long mixed = (value ^ value >>> 30) * 0xBF58476D1CE4E5B9L;
        mixed = (mixed ^ mixed >>> 27) * 0x94D049BB133111EBL;
        return mixed ^ mixed >>> 31;
    }

    /** From 0 to below 1, of 53 of a number's bits. */
    static double unit(long bits) {
        return (bits >>> 11) * UNIT;
    }

    long next() {
        state += GOLDEN;
        return mix(state);
    }

    /** From 0 to below 1. */
    double unit() {
        return unit(next());
    }

    double between(double from, double to) {
        return from + (to - from) * unit();
    }

    /** From 0 to below a bound. */
    int below(int bound) {
        return (int) Long.remainderUnsigned(next(), bound);
    }

    boolean chance(double probability) {
        return unit() < probability;
    }

    <T> T oneOf(T[] all) {
        return all[below(all.length)];
    }
}
