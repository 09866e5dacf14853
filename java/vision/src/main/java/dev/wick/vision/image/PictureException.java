package dev.wick.vision.image;

import dev.wick.error.WickException;

/** A file that is no readable picture; {@link #source()} says which and {@link #reason()} why. */
public final class PictureException extends WickException {
    private static final long serialVersionUID = 1L;

    private final String source;
    private final String reason;

    public PictureException(String source, String reason) {
        this(source, reason, null);
    }

    public PictureException(String source, String reason, Throwable cause) {
        super("cannot read picture " + source + ": " + reason, cause);
        this.source = source;
        this.reason = reason;
    }

    /** The path of the file, or a word for where its bytes came from. */
    public String source() {
        return source;
    }

    /** What is wrong with it. */
    public String reason() {
        return reason;
    }
}
