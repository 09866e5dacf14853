package dev.wick.binding.panama;

import java.nio.file.Path;

/** Where Wick keeps what it extracts and builds: the same places as {@code native/build.py}. */
final class Cache {
    private Cache() {
    }

    /** {@code $WICK_CACHE}, else {@code $XDG_CACHE_HOME/wick}, else {@code ~/.cache/wick}. */
    static Path root() {
        String own = System.getenv("WICK_CACHE");
        if (own != null && !own.isBlank()) {
            return Path.of(own);
        }
        String shared = System.getenv("XDG_CACHE_HOME");
        return shared != null && !shared.isBlank() ? Path.of(shared, "wick")
                : Path.of(System.getProperty("user.home"), ".cache", "wick");
    }

    static Path natives() {
        return root().resolve("natives");
    }

    static Path shims() {
        return root().resolve("shims");
    }
}
