package dev.wick.error;

/** Natives of one version met a shim compiled for another. */
public final class VersionMismatchException extends NativesException {
    private static final long serialVersionUID = 1L;

    private final String expected;
    private final String found;

    public VersionMismatchException(String what, String expected, String found, String remedy) {
        super(what + ": expected " + expected + ", found " + found + "; " + remedy);
        this.expected = expected;
        this.found = found;
    }

    /** The version that would have fitted. */
    public String expected() {
        return expected;
    }

    /** The version that was there. */
    public String found() {
        return found;
    }
}
