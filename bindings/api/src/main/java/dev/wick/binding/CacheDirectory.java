package dev.wick.binding;

import java.nio.file.Path;

/** Where Wick keeps what it extracts and builds: the same places as {@code native/build.py}; any thread. */
public final class CacheDirectory {
    private CacheDirectory() {
    }

    /** {@code $WICK_CACHE}, else {@code $XDG_CACHE_HOME/wick}, else {@code ~/.cache/wick}. */
    public static Path root() {
        String own = System.getenv("WICK_CACHE");
        if (own != null && !own.isBlank()) {
            return Path.of(own);
        }
        String shared = System.getenv("XDG_CACHE_HOME");
        return shared != null && !shared.isBlank() ? Path.of(shared, "wick")
                : Path.of(System.getProperty("user.home"), ".cache", "wick");
    }

    /** LibTorch libraries taken out of jars. */
    public static Path natives() {
        return root().resolve("natives");
    }

    /** One directory for each shim that was built. */
    public static Path shims() {
        return root().resolve("shims");
    }
}
