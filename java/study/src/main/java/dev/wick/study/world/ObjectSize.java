package dev.wick.study.world;

import java.util.Locale;

/** How much of its picture an object of the drawn world takes; any thread. */
public enum ObjectSize {
    SMALL(0.22, 0.26), LARGE(0.33, 0.40);

    private final double smallest;
    private final double largest;

    ObjectSize(double smallest, double largest) {
        this.smallest = smallest;
        this.largest = largest;
    }

    /** Its name in captions: {@code small}. */
    public String word() {
        return name().toLowerCase(Locale.ROOT);
    }

    /** A radius as a share of the picture's side, from a number between 0 and 1. */
    double radius(double where) {
        return smallest + (largest - smallest) * where;
    }
}
