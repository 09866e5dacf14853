package dev.wick.cli;

/** Something that a command cannot do, as one line for a person, with what helps on another. */
final class CliException extends RuntimeException {
    private static final long serialVersionUID = 1L;

    private final String hint;

    CliException(String message) {
        this(message, null);
    }

    CliException(String message, String hint) {
        super(message);
        this.hint = hint;
    }

    CliException(String message, String hint, Throwable cause) {
        super(message, cause);
        this.hint = hint;
    }

    /** What helps; null when the message says it all. */
    String hint() {
        return hint;
    }
}
