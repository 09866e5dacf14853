package dev.wick.error;

/** An archive that is no readable model; {@link #source()} says which and {@link #reason()} why. */
public final class ModelUnreadableException extends WickException {
    private static final long serialVersionUID = 1L;

    private final String source;
    private final String reason;

    public ModelUnreadableException(String source, String reason) {
        this(source, reason, null);
    }

    public ModelUnreadableException(String source, String reason, String nativeBacktrace) {
        super("cannot read model " + source + ": " + reason, nativeBacktrace);
        this.source = source;
        this.reason = reason;
    }

    /** The path of the archive, or a word for where it came from. */
    public String source() {
        return source;
    }

    /** What is wrong with it. */
    public String reason() {
        return reason;
    }
}
