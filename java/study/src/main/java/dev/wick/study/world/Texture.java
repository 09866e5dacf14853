package dev.wick.study.world;

import java.util.Locale;

/** What covers an object of the drawn world; any thread. */
public enum Texture {
    PLAIN, STRIPED, DOTTED;

    /** Its name in captions: {@code striped}. */
    public String word() {
        return name().toLowerCase(Locale.ROOT);
    }
}
