package dev.wick.vision.text;

import java.lang.Character.UnicodeBlock;
import java.lang.Character.UnicodeScript;
import java.text.Normalizer;
import java.util.Arrays;

/**
 * How little the characters of a text go together, told from their Unicode properties alone; any thread.
 *
 * <p>Writing has habits that hold in every language: a word is of one script, and capitals begin it or make all of it;
 * currencies, signs of mathematics and opening brackets do not follow a letter, and what does follow one, an ellipsis say,
 * ends the word; accents stand on letters of their script; nobody types control characters. Each breach adds 1 to 4.
 * ASCII beside ASCII adds nothing but a change of case inside of a word.
 */
final class Strangeness {
    private enum Kind {
        SPACE, LOWER, UPPER, LETTER, MARK, DIGIT, SUPERSCRIPT, FRACTION, CURRENCY, MATHEMATICS, MODIFIER, SYMBOL, OPENING, QUOTE,
        APOSTROPHE, DASH, OTHER, FORMAT, CONTROL, UNUSED;

        boolean isLetter() {
            return this == LOWER || this == UPPER || this == LETTER;
        }

        /** What stands apart from letters before it, or separates what it stands between. */
        boolean isApart() {
            return this == CURRENCY || this == MATHEMATICS || this == MODIFIER || this == OPENING;
        }
    }

    private static final int SLIGHT = 1;
    private static final int CLEAR = 2;
    private static final int STRONG = 3;
    private static final int UNHEARD_OF = 4;

    private Strangeness() {
    }

    static int of(String text) {
        int sum = 0;
        int[] codes = text.codePoints().toArray();
        Kind[] kinds = new Kind[codes.length];
        Arrays.setAll(kinds, i -> kind(codes[i]));
        for (int i = 0; i < codes.length; i++) {
            sum += alone(codes[i], kinds[i]);
            sum += kinds[i] == Kind.MARK && i == 0 ? STRONG : 0;
            if (i > 0) {
                sum += beside(codes, kinds, i);
            }
            boolean letter = kinds[i].isLetter() && (i == 0 || !kinds[i - 1].isLetter())
                    && (i + 1 == codes.length || !kinds[i + 1].isLetter());
            if (letter) {
                sum += letter(codes[i], kinds[i], i + 1 < codes.length ? kinds[i + 1] : Kind.SPACE);
            }
            if (i > 1) {
                sum += between(codes, kinds, i);
            }
        }
        return sum;
    }

    private static int alone(int code, Kind kind) {
        return switch (kind) {
            case UNUSED -> UNHEARD_OF;
            case CONTROL -> STRONG;
            case FORMAT -> code < 0x100 ? SLIGHT : 0;
            default -> UnicodeBlock.of(code) == UnicodeBlock.IPA_EXTENSIONS ? CLEAR : 0;
        };
    }

    /** A letter that is a word: most often one of the first two blocks, and without a sign on it. */
    private static int letter(int code, Kind kind, Kind next) {
        if (code > 0xFF) {
            return SLIGHT;
        }
        return code >= 0x80 && kind == Kind.UPPER && next == Kind.SYMBOL ? CLEAR : 0;
    }

    private static int beside(int[] codes, Kind[] kinds, int i) {
        Kind first = kinds[i - 1];
        Kind second = kinds[i];
        if (first.isLetter() && second.isLetter()) {
            return letters(codes, kinds, i);
        }
        if (codes[i - 1] < 0x80 && codes[i] < 0x80) {
            return 0;
        }
        if (second == Kind.MARK) {
            boolean carried = first.isLetter() || first == Kind.MARK || first == Kind.SYMBOL || first == Kind.FORMAT;
            return carried && ofOneScript(codes[i - 1], codes[i]) ? 0 : STRONG;
        }
        if (isBox(codes[i - 1]) && second.isLetter() || first.isLetter() && isBox(codes[i])) {
            return CLEAR;
        }
        if (first.isLetter() && codes[i] >= 0x80) {
            return second.isApart() || second == Kind.FRACTION ? CLEAR : 0;
        }
        if (first == Kind.DIGIT && second.isLetter()) {
            return SLIGHT;
        }
        boolean word = second.isLetter() && i + 1 < kinds.length && kinds[i + 1].isLetter();
        if (first == Kind.MATHEMATICS && word && codes[i] >= 0x80) {
            return CLEAR;
        }
        boolean signs = codes[i - 1] >= 0x80 && codes[i] >= 0x80 && isSign(first) && isSign(second) && first != second;
        return signs && (first.isApart() || second.isApart()) ? SLIGHT : 0;
    }

    private static boolean isSign(Kind kind) {
        return kind.isApart() || kind == Kind.SYMBOL || kind == Kind.OTHER || kind == Kind.QUOTE || kind == Kind.DASH
                || kind == Kind.FRACTION || kind == Kind.SUPERSCRIPT;
    }

    private static int letters(int[] codes, Kind[] kinds, int i) {
        int sum = ofOneScript(codes[i - 1], codes[i]) ? 0 : STRONG;
        if (kinds[i] == Kind.UPPER) {
            sum += kinds[i - 1] == Kind.LOWER ? CLEAR : 0;
        } else if (kinds[i] == Kind.LOWER) {
            sum += i > 1 && kinds[i - 1] == Kind.UPPER && kinds[i - 2] == Kind.UPPER ? CLEAR : 0;
        }
        boolean caseless = kinds[i - 1] == Kind.LETTER ^ kinds[i] == Kind.LETTER;
        return sum + (caseless && sum == 0 ? SLIGHT : 0);
    }

    /** What stands between two letters. */
    private static int between(int[] codes, Kind[] kinds, int i) {
        if (!kinds[i].isLetter() || codes[i - 1] < 0x80) {
            return 0;
        }
        if (!kinds[i - 2].isLetter()) {
            boolean signs = codes[i - 2] >= 0x80 && isSign(kinds[i - 2]) && isSign(kinds[i - 1]);
            return signs && kinds[i - 2] != Kind.QUOTE && kinds[i - 1] != Kind.QUOTE && kinds[i - 1] != Kind.DASH ? SLIGHT : 0;
        }
        return switch (kinds[i - 1]) {
            case CURRENCY, MATHEMATICS, MODIFIER, SYMBOL, OPENING, QUOTE, OTHER, FRACTION, SUPERSCRIPT -> CLEAR;
            default -> 0;
        };
    }

    private static boolean ofOneScript(int a, int b) {
        UnicodeScript first = script(a);
        UnicodeScript second = script(b);
        return first == second || first == UnicodeScript.COMMON || second == UnicodeScript.COMMON;
    }

    private static UnicodeScript script(int code) {
        UnicodeScript script = UnicodeScript.of(code);
        return switch (script) {
            case INHERITED -> UnicodeScript.COMMON;
            case HIRAGANA, KATAKANA, HANGUL, BOPOMOFO -> UnicodeScript.HAN;
            default -> script;
        };
    }

    private static boolean isBox(int code) {
        UnicodeBlock block = UnicodeBlock.of(code);
        return block == UnicodeBlock.BOX_DRAWING || block == UnicodeBlock.BLOCK_ELEMENTS;
    }

    private static Kind kind(int code) {
        return switch ((byte) Character.getType(code)) {
            case Character.LOWERCASE_LETTER -> Kind.LOWER;
            case Character.UPPERCASE_LETTER, Character.TITLECASE_LETTER -> Kind.UPPER;
            case Character.OTHER_LETTER -> Kind.LETTER;
            case Character.MODIFIER_LETTER, Character.MODIFIER_SYMBOL -> Kind.MODIFIER;
            case Character.NON_SPACING_MARK, Character.COMBINING_SPACING_MARK, Character.ENCLOSING_MARK -> Kind.MARK;
            case Character.DECIMAL_DIGIT_NUMBER, Character.LETTER_NUMBER -> Kind.DIGIT;
            case Character.OTHER_NUMBER -> Character.getNumericValue(code) == -2 ? Kind.FRACTION : Kind.SUPERSCRIPT;
            case Character.CURRENCY_SYMBOL -> Kind.CURRENCY;
            case Character.MATH_SYMBOL -> Kind.MATHEMATICS;
            case Character.OTHER_SYMBOL -> isCompatible(code) ? Kind.SUPERSCRIPT : Kind.SYMBOL;
            case Character.START_PUNCTUATION -> Kind.OPENING;
            case Character.INITIAL_QUOTE_PUNCTUATION, Character.FINAL_QUOTE_PUNCTUATION, Character.END_PUNCTUATION ->
                    code == '’' ? Kind.APOSTROPHE : Kind.QUOTE;
            case Character.DASH_PUNCTUATION, Character.CONNECTOR_PUNCTUATION -> Kind.DASH;
            case Character.OTHER_PUNCTUATION -> Kind.OTHER;
            case Character.FORMAT -> Kind.FORMAT;
            case Character.CONTROL -> code >= 0x80 ? Kind.CONTROL : Kind.SPACE;
            case Character.SPACE_SEPARATOR, Character.LINE_SEPARATOR, Character.PARAGRAPH_SEPARATOR -> Kind.SPACE;
            default -> Kind.UNUSED;
        };
    }

    /** Letters in a sign's clothes, such as ™. */
    private static boolean isCompatible(int code) {
        return !Normalizer.isNormalized(Character.toString(code), Normalizer.Form.NFKC);
    }
}
