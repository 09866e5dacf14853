package dev.wick.error;

/** An argument that the callee's contract excludes; the message says what was expected and what was given. */
public final class BadArgumentException extends WickException {
    private static final long serialVersionUID = 1L;

    public BadArgumentException(String message) {
        super(message);
    }

    public BadArgumentException(String message, String nativeBacktrace) {
        super(message, nativeBacktrace);
    }
}
