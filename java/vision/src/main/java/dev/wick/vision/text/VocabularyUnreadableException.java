package dev.wick.vision.text;

import dev.wick.error.WickException;

/**
 * A file, or a list of merges, that is no vocabulary of CLIP's; {@link #source()} says which and {@link #reason()} why.
 */
public final class VocabularyUnreadableException extends WickException {
    private static final long serialVersionUID = 1L;

    private final String source;
    private final String reason;

    public VocabularyUnreadableException(String source, String reason) {
        super("cannot read vocabulary " + source + ": " + reason);
        this.source = source;
        this.reason = reason;
    }

    /** The path of the file, or a word for where the merges came from. */
    public String source() {
        return source;
    }

    /** What is wrong with it. */
    public String reason() {
        return reason;
    }
}
