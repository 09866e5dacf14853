package dev.wick.error;

/** A method, attribute, submodule, operator or device that does not exist; the message says which do. */
public final class NotFoundException extends WickException {
    private static final long serialVersionUID = 1L;

    public NotFoundException(String message) {
        super(message);
    }

    public NotFoundException(String message, String nativeBacktrace) {
        super(message, nativeBacktrace);
    }
}
