package dev.wick.vision.text;

import java.util.function.Consumer;

/**
 * Splits cleaned text into what byte pairs are merged within: runs of letters, single numerals, runs of anything else
 * but white space, the English endings {@code 's 't 're 've 'm 'll 'd}, and the two marks; any thread.
 *
 * <p>It finds what this pattern finds where case is ignored:
 * {@code <\|startoftext\|>|<\|endoftext\|>|'s|'t|'re|'ve|'m|'ll|'d|[\p{L}]+|[\p{N}]|[^\s\p{L}\p{N}]+}.
 */
final class WordSplitter {
    private static final String[] FIXED = {BytePairVocabulary.START_OF_TEXT, BytePairVocabulary.END_OF_TEXT,
            "'s", "'t", "'re", "'ve", "'m", "'ll", "'d"};
    /** Equal to s where case is ignored, and left as it is by lower-casing. */
    private static final char LONG_S = 'ſ';

    private WordSplitter() {
    }

    static void split(String text, Consumer<String> words) {
        int at = 0;
        while (at < text.length()) {
            int end = end(text, at);
            if (end > at) {
                words.accept(text.substring(at, end));
                at = end;
            } else {
                at += Character.charCount(text.codePointAt(at));
            }
        }
    }

    /** Where the word that begins here ends; the same place when none does. */
    private static int end(String text, int at) {
        int first = text.codePointAt(at);
        if (first == '\'' || first == '<') {
            for (String fixed : FIXED) {
                if (startsWith(text, at, fixed)) {
                    return at + fixed.length();
                }
            }
        }
        Kind kind = Kind.of(first);
        int end = at;
        if (kind == Kind.NUMERAL) {
            end += Character.charCount(first);
        } else if (kind != Kind.SPACE) {
            while (end < text.length() && Kind.of(text.codePointAt(end)) == kind) {
                end += Character.charCount(text.codePointAt(end));
            }
        }
        return end;
    }

    private static boolean startsWith(String text, int at, String fixed) {
        if (text.length() - at < fixed.length()) {
            return false;
        }
        for (int i = 0; i < fixed.length(); i++) {
            char c = text.charAt(at + i);
            char wanted = fixed.charAt(i);
            if (c != wanted && !(wanted == 's' && c == LONG_S)
                    && !(c >= 'A' && c <= 'Z' && c + ('a' - 'A') == wanted)) {
                return false;
            }
        }
        return true;
    }

    private enum Kind {
        LETTER, NUMERAL, SPACE, OTHER;

        static Kind of(int codePoint) {
            if (Character.isLetter(codePoint)) {
                return LETTER;
            }
            return switch (Character.getType(codePoint)) {
                case Character.DECIMAL_DIGIT_NUMBER, Character.LETTER_NUMBER, Character.OTHER_NUMBER -> NUMERAL;
                default -> WhiteSpace.isWhiteSpace(codePoint) ? SPACE : OTHER;
            };
        }
    }
}
