package dev.wick.error;

/** Something that this choice of natives and calls lacks; the message names the choice that has it. */
public final class UnsupportedFeatureException extends WickException {
    private static final long serialVersionUID = 1L;

    public UnsupportedFeatureException(String message) {
        super(message);
    }

    public UnsupportedFeatureException(String message, String nativeBacktrace) {
        super(message, nativeBacktrace);
    }
}
