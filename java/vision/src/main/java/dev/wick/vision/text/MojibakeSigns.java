package dev.wick.vision.text;

import java.lang.Character.UnicodeScript;

/**
 * Tells text that was decoded in the wrong encoding from text that only looks as if; any thread.
 *
 * <p>Characters that would read as UTF-8 are no sign by themselves: "CAFÉ™" is good text, and so is "«СССР»". The signs are
 * characters side by side that no writer puts there: a currency after an accented letter, a capital or a quotation mark
 * inside of a word, symbols that stand by themselves in every language.
 */
final class MojibakeSigns {
    /** The first characters of two that Latin, Greek and Cyrillic letters become most often, and rare where words end. */
    private static final String SUSPECTS = "ÂÃÎÐ";
    /** What few texts have after one of these: all that does not end a sentence. */
    private static final String AFTER_SUSPECTS = "–—´·\u00A0\u00AD¢£šœžŸŠ";
    private static final String CYRILLIC_SUSPECTS = "ВГРС";
    private static final String GREEK_SUSPECTS = "ΒΓΞΟ";

    private MojibakeSigns() {
    }

    /** Whether anything in a text is a sign. */
    static boolean in(String text) {
        for (int i = 0; i < text.length(); i++) {
            char c = text.charAt(i);
            if (c < 0x80 || c >= '\u3000' && c != '\uFFFD') {
                continue;
            }
            char before = i == 0 ? ' ' : text.charAt(i - 1);
            char next = i + 1 < text.length() ? text.charAt(i + 1) : 0;
            char after = i + 2 < text.length() ? text.charAt(i + 2) : 0;
            if (c <= 0x9F || next != 0 && (next < 0x80 ? isSignBeforeAscii(text, i) : isSign(before, c, next, after, i > 0))) {
                return true;
            }
        }
        return false;
    }

    private static boolean isSignBeforeAscii(String text, int at) {
        char c = text.charAt(at);
        char next = text.charAt(at + 1);
        if (c == 'œ' || c == 'Œ') {
            return !isAsciiLetter(next);
        }
        if (c != 'Ã' && c != 'Â' || next != ' ') {
            return false;
        }
        // "déjÃ  vu", "10Â km": a no-break space became an ordinary one.
        int before = at - 1;
        if (before >= 0 && WhiteSpace.isWhiteSpace(text.charAt(before))) {
            before--;
        }
        return at == 0 || before >= 0 && isSmallAscii(text.charAt(before));
    }

    private static boolean isSign(char before, char a, char b, char after, boolean inside) {
        Kind first = Kind.of(a);
        Kind second = Kind.of(b);
        return switch (first) {
            case CAPITAL, SMALL, FACE -> afterLetter(first, before, a, b, second, after,
                    inside && WhiteSpace.isWhiteSpace(before));
            case OTHER_SMALL -> afterOtherSmall(a, b, second, after) || second == Kind.RARE && isAsciiLetter(before);
            case OTHER_CAPITAL -> second == Kind.RARE && isAsciiLetter(before)
                    || betweenSuspects(CYRILLIC_SUSPECTS, a, b, second, after)
                    || betweenSuspects(GREEK_SUSPECTS, a, b, second, after);
            case RARE -> switch (second) {
                case RARE, CAPITAL, SMALL, CURRENCY, NUMBER, OPERATOR, OPENING, CLOSING, BOX -> true;
                case SIGN -> b != '°';
                default -> false;
            };
            case BOX -> switch (second) {
                case RARE, CAPITAL, SMALL, FACE, CURRENCY, OPENING, CLOSING -> true;
                case NUMBER, SIGN -> b != '°' && b < 0x100;
                default -> false;
            };
            case CURRENCY, NUMBER, OPERATOR -> afterQuantity(a, b, second);
            case CLOSING -> second == Kind.CAPITAL || second == Kind.SMALL || second == Kind.CURRENCY || second == Kind.RARE
                    || second == Kind.BOX;
            case OPENING -> second == Kind.RARE || a == '‚' && lowQuote(b, after);
            case SIGN -> a == '§' || a == '¶' ? second == Kind.RARE : a != '°' && afterQuantity(a, b, second);
            case JOINT, CONTROL, NONE -> false;
        };
    }

    private static boolean afterLetter(Kind first, char before, char a, char b, Kind second, char after,
            boolean afterSpace) {
        boolean capital = first == Kind.CAPITAL || first == Kind.FACE && Character.isUpperCase(a);
        if (a == 'œ' || a == 'Œ' || SUSPECTS.indexOf(a) >= 0 && isSuspicious(b, second)) {
            return true;
        }
        if (a == 'à' && (second == Kind.NUMBER || b == 'µ')) {
            // The beginning of South Asian letters.
            return b != '³';
        }
        boolean inWord = isWord(after);
        return switch (second) {
            case RARE, BOX -> first != Kind.FACE;
            case SIGN, NUMBER -> first == Kind.CAPITAL;
            case CURRENCY -> first == Kind.SMALL || capital && (isSmallAscii(before) || afterSpace);
            case CAPITAL -> first == Kind.SMALL;
            case OPENING -> first != Kind.FACE && (inWord || capital && isSmallAscii(before)
                    || Kind.of(after) == Kind.NUMBER);
            case CLOSING -> first != Kind.FACE && (inWord || Kind.of(after) == Kind.OPENING);
            default -> false;
        };
    }

    private static boolean isSuspicious(char b, Kind second) {
        return second == Kind.OPENING || second == Kind.CLOSING || second == Kind.SIGN || second == Kind.NUMBER
                || b == '€' || AFTER_SUSPECTS.indexOf(b) >= 0;
    }

    /** Letters of other scripts than Latin, which Windows' encodings of them make of accented letters and of quotes. */
    private static boolean afterOtherSmall(char a, char b, Kind second, char after) {
        return second == Kind.CAPITAL || b == 'Ґ' || a == 'в' && b == 'Ђ'
                || a == 'β' && b == '€' && "™\u00A0Ά\u00AD®°".indexOf(after) >= 0;
    }

    /** A capital, a mark, and such a capital again: "РџС‚Р". Single ones stand before closing marks: "«СССР»". */
    private static boolean betweenSuspects(String suspects, char a, char b, Kind second, char after) {
        return suspects.indexOf(a) >= 0 && after != 0 && suspects.indexOf(after) >= 0 && switch (second) {
            case RARE, OPENING, CLOSING, CURRENCY -> true;
            default -> b == '°' || b == 'µ' && suspects.equals(CYRILLIC_SUSPECTS) || b == '΄' || b == '΅';
        };
    }

    private static boolean afterQuantity(char a, char b, Kind second) {
        return switch (second) {
            case RARE, CAPITAL, SMALL, OPENING, BOX -> true;
            default -> a == '√' && "±∂≠®™´≤≥¥µø".indexOf(b) >= 0 || a == '≈' && "°¢".indexOf(b) >= 0
                    || a == '×' && (b == '²' || b == '³');
        };
    }

    /** The Mac's reading of dashes and quotation marks ("‚Äî"), and of some symbols; German has ‚Äpfel‘. */
    private static boolean lowQuote(char b, char after) {
        return b == 'Ä' && "ìîïòôúùû†°¢π".indexOf(after) > -1 && after != 0
                || (b == 'â' || b == 'ó') && "àä°ê".indexOf(after) > -1 && after != 0;
    }

    private static boolean isSmallAscii(char c) {
        return c >= 'a' && c <= 'z';
    }

    private static boolean isAsciiLetter(char c) {
        return isSmallAscii((char) (c | 0x20));
    }

    private static boolean isWord(char c) {
        return Character.isLetterOrDigit(c) || c == '_';
    }

    private enum Kind {
        CONTROL,
        /** Symbols that hardly any text has, and never beside another one. */
        RARE,
        BOX,
        /** Accented Latin letters. */
        CAPITAL, SMALL,
        /** Those that faces are drawn with: ò_ó. */
        FACE,
        /** Letters of other scripts. */
        OTHER_CAPITAL, OTHER_SMALL,
        CURRENCY, NUMBER,
        /** Operators that a number or a plain letter follows. */
        OPERATOR,
        /** Symbols that follow numbers, or small letters. */
        SIGN,
        /** Marks that begin, and those that end what they enclose or follow. */
        OPENING, CLOSING,
        /** Marks that stand between words, or anywhere. */
        JOINT,
        NONE;

        /** What the encodings with one byte make of UTF-8: other accented letters come from nowhere but good text. */
        private static final String LETTERS = letters();

        private static String letters() {
            StringBuilder letters = new StringBuilder();
            for (SingleByteEncoding encoding : SingleByteEncoding.values()) {
                for (int b = 0x80; b <= 0xFF; b++) {
                    char c = encoding.characterOf(b);
                    if (UnicodeScript.of(c) == UnicodeScript.LATIN && "ÞþÿŌōŐőŪūŲųůűřťňńıį".indexOf(c) < 0) {
                        letters.append(c);
                    }
                }
            }
            return letters.toString();
        }

        static Kind of(char c) {
            if (c < 0x80) {
                return NONE;
            }
            if (c <= 0x9F) {
                return CONTROL;
            }
            if (c >= '\u2500' && c < '\u25A0') {
                // Rules and trees in plain text are drawn with the three.
                return c == '─' || c == '└' || c == '┴' ? NONE : BOX;
            }
            return switch (c) {
                case '†', '‡', '‰', 'ƒ', 'ˆ', '˜', '¤', '¦', '¨', '¬', '¯', '¸', 'ª', 'º', 'ˇ', '˘', '˛', '⌐', '◊', '\uFFFD' ->
                    RARE;
                case 'Ò', 'Ó', 'Ô', 'Õ', 'Ö', 'Ù', 'Ú', 'Û', 'ò', 'ó', 'ô', 'õ', 'ö', 'ù', 'ú', 'û', 'ø' -> FACE;
                case '§', '¶', '°', '±', 'µ', '∞', '≠', '≤', '≥', '∂', '∑', '∏', '∫' -> SIGN;
                case '×', '÷', '√', '≈', '∆', '≡' -> OPERATOR;
                case '‚', '„', '‹', '‘', '“', '•', '¡', '«', '¿', '©' -> OPENING;
                case '”', '™', '›', '»', '®', '˝' -> CLOSING;
                case '…', '–', '—', '’', '·', '´', '\u00A0', '\u00AD' -> JOINT;
                default -> ofType(c);
            };
        }

        private static Kind ofType(char c) {
            if (c == 'Ґ') {
                // It begins few words and ends none.
                return CAPITAL;
            }
            boolean latin = UnicodeScript.of(c) == UnicodeScript.LATIN;
            if (latin && LETTERS.indexOf(c) < 0) {
                return NONE;
            }
            return switch (Character.getType(c)) {
                case Character.CURRENCY_SYMBOL -> CURRENCY;
                case Character.OTHER_NUMBER -> NUMBER;
                case Character.UPPERCASE_LETTER -> latin ? CAPITAL : OTHER_CAPITAL;
                case Character.LOWERCASE_LETTER -> latin ? SMALL : OTHER_SMALL;
                default -> NONE;
            };
        }
    }
}
