package dev.wick.study.report;

import java.util.Locale;

/** Numbers as a person reads them. */
public final class Sizes {
    private static final String[] UNITS = {"B", "KiB", "MiB", "GiB", "TiB"};

    private Sizes() {
    }

    /** Bytes in the largest binary unit that leaves at least 1: {@code 97.5 MiB}. */
    public static String bytes(long count) {
        double value = count;
        int unit = 0;
        while (value >= 1024 && unit < UNITS.length - 1) {
            value /= 1024;
            unit++;
        }
        return unit == 0 ? count + " B" : String.format(Locale.ROOT, "%.1f %s", value, UNITS[unit]);
    }

    /** A count with commas: {@code 25,557,032}. */
    public static String count(long count) {
        return String.format(Locale.ROOT, "%,d", count);
    }
}
