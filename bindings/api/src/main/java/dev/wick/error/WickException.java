package dev.wick.error;

import java.util.Optional;

/**
 * The root of every error that Wick raises on purpose.
 *
 * <p>The message is for a person and stays short; the native backtrace, where LibTorch gave one, is attached and not
 * part of it.
 */
public class WickException extends RuntimeException {
    private static final long serialVersionUID = 1L;

    private final String nativeBacktrace;

    public WickException(String message) {
        this(message, (String) null);
    }

    public WickException(String message, String nativeBacktrace) {
        super(message);
        this.nativeBacktrace = nativeBacktrace;
    }

    public WickException(String message, Throwable cause) {
        super(message, cause);
        this.nativeBacktrace = null;
    }

    /** The C++ stack at the place that threw, as LibTorch wrote it. */
    public final Optional<String> nativeBacktrace() {
        return Optional.ofNullable(nativeBacktrace);
    }
}
