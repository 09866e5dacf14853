package dev.wick.vision.file;

import dev.wick.error.WickException;

/** A file that is no readable {@code .npy}; the message names it and says why. */
public final class NpyException extends WickException {
    private static final long serialVersionUID = 1L;

    NpyException(String source, String reason) {
        super("cannot read " + source + ": " + reason);
    }

    NpyException(String source, String reason, Throwable cause) {
        super("cannot read " + source + ": " + reason, cause);
    }
}
