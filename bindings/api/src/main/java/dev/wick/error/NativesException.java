package dev.wick.error;

/** LibTorch or the shim could not be found or loaded; the message says what was missing and how to get it. */
public class NativesException extends WickException {
    private static final long serialVersionUID = 1L;

    public NativesException(String message) {
        super(message);
    }

    public NativesException(String message, Throwable cause) {
        super(message, cause);
    }
}
