package dev.wick.vision.text;

/**
 * Lower-cases as Python's {@code str.lower} does: Unicode's full mapping of no language; any thread.
 *
 * <p>{@link String#toLowerCase()} looks for the end of a word differently, and so finds other final sigmas.
 */
final class LowerCase {
    private static final int CAPITAL_SIGMA = 'Σ';
    private static final int SIGMA = 'σ';
    private static final int FINAL_SIGMA = 'ς';
    private static final int CAPITAL_I_WITH_DOT = 'İ';
    private static final String I_AND_DOT = "i̇";
    /** Punctuation that Unicode counts as part of a word (Word_Break MidLetter, MidNumLet, Single_Quote). */
    private static final String INSIDE_WORDS = "'.:·‘’․‧՟״·︓﹒﹕＇．：";

    private LowerCase() {
    }

    static String of(String text) {
        int i = 0;
        while (i < text.length() && (text.charAt(i) < 'A' || text.charAt(i) > 'Z' && text.charAt(i) < 0x80)) {
            i++;
        }
        if (i == text.length()) {
            return text;
        }
        StringBuilder lower = new StringBuilder(text.length());
        lower.append(text, 0, i);
        while (i < text.length()) {
            int c = text.codePointAt(i);
            switch (c) {
                case CAPITAL_SIGMA -> lower.appendCodePoint(endsWord(text, i) ? FINAL_SIGMA : SIGMA);
                case CAPITAL_I_WITH_DOT -> lower.append(I_AND_DOT);
                default -> lower.appendCodePoint(Character.toLowerCase(c));
            }
            i += Character.charCount(c);
        }
        return lower.toString();
    }

    private static boolean endsWord(String text, int sigma) {
        boolean begun = false;
        for (int i = sigma; i > 0;) {
            int c = text.codePointBefore(i);
            if (!isIgnored(c)) {
                begun = isCased(c);
                break;
            }
            i -= Character.charCount(c);
        }
        if (!begun) {
            return false;
        }
        for (int i = sigma + 1; i < text.length();) {
            int c = text.codePointAt(i);
            if (!isIgnored(c)) {
                return !isCased(c);
            }
            i += Character.charCount(c);
        }
        return true;
    }

    /** Unicode's property Case_Ignorable. */
    private static boolean isIgnored(int c) {
        return switch (Character.getType(c)) {
            case Character.NON_SPACING_MARK, Character.ENCLOSING_MARK, Character.FORMAT, Character.MODIFIER_LETTER,
                 Character.MODIFIER_SYMBOL -> true;
            default -> INSIDE_WORDS.indexOf(c) >= 0;
        };
    }

    /** Unicode's property Cased. */
    private static boolean isCased(int c) {
        return Character.isUpperCase(c) || Character.isLowerCase(c) || Character.isTitleCase(c);
    }
}
