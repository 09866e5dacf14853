package dev.wick.cli;

/** A file that is no readable {@code .npy}; the message names it and says why. */
final class NpyException extends RuntimeException {
    private static final long serialVersionUID = 1L;

    NpyException(String source, String reason) {
        super("cannot read " + source + ": " + reason);
    }

    NpyException(String source, String reason, Throwable cause) {
        super("cannot read " + source + ": " + reason, cause);
    }
}
