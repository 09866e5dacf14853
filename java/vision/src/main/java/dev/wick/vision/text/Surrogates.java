package dev.wick.vision.text;

/** Halves of surrogate pairs, which Java's strings can hold and UTF-8 cannot; any thread. */
final class Surrogates {
    private static final char REPLACEMENT = '�';

    private Surrogates() {
    }

    /** The text with U+FFFD for every half that stands alone. */
    static String replaceLone(String text) {
        StringBuilder replaced = null;
        for (int i = 0; i < text.length(); i++) {
            char c = text.charAt(i);
            if (Character.isSurrogate(c)) {
                if (Character.isHighSurrogate(c) && i + 1 < text.length()
                        && Character.isLowSurrogate(text.charAt(i + 1))) {
                    i++;
                } else {
                    replaced = replaced == null ? new StringBuilder(text) : replaced;
                    replaced.setCharAt(i, REPLACEMENT);
                }
            }
        }
        return replaced == null ? text : replaced.toString();
    }
}
