package dev.wick.study.shift;

import java.util.Locale;

/** Between which classes models choose; the others' scores are left out before the softmax. */
public enum ClassScope {
    /** Those that any shift has pictures of. */
    PRESENT,
    /** Those that every shift has pictures of; pictures of others are not read. */
    COMMON,
    /** All outputs. */
    ALL;

    /** Its name on the command line. */
    @Override
    public String toString() {
        return name().toLowerCase(Locale.ROOT);
    }
}
