package dev.wick.jmh;

import org.openjdk.jmh.profile.ProfilerException;

/** What follows the colon after a profiler's name. */
final class ProfilerOptions {
    private ProfilerOptions() {
    }

    /** Throws where there are options: a misspelt one must not pass for one that is heeded. */
    static void requireNone(Class<?> profiler, String options) throws ProfilerException {
        if (!options.isBlank()) {
            throw new ProfilerException(profiler.getSimpleName() + " takes no options, got '" + options + "'");
        }
    }
}
