package dev.wick.vision.text;

import java.lang.Character.UnicodeScript;

/**
 * Tells text that was decoded in the wrong encoding from text that only looks as if; any thread.
 *
 * <p>Two or three characters that read as one in UTF-8 are no sign by themselves: "CAFÉ™" is good text, and so is "«СССР»".
 * They are when no writer puts them side by side: a currency after an accented letter, a capital or a mark of punctuation
 * inside of a word, letters of two scripts, marks that stand by themselves in no language.
 */
final class MojibakeSigns {
    /** Capitals that UTF-8's first bytes of the Latin, Greek and Cyrillic letters are, and that few languages have. */
    private static final String SUSPECTS = "ÂÃÎÐ";
    private static final SingleByteEncoding[] ENCODINGS = SingleByteEncoding.values();

    private MojibakeSigns() {
    }

    /** Whether anything in a text is a sign. */
    static boolean in(String text) {
        for (int i = 0; i < text.length(); i++) {
            char c = text.charAt(i);
            if (c >= 0x80 && (c <= 0x9F || isSign(text, i))) {
                return true;
            }
        }
        return false;
    }

    private static boolean isSign(String text, int at) {
        if (at + 1 < text.length() && lacksNoBreakSpace(text, at)) {
            return true;
        }
        for (SingleByteEncoding encoding : ENCODINGS) {
            int length = Mojibake.sequence(encoding, text, at);
            if (length > 0 && isSign(encoding, text, at, length)) {
                return true;
            }
        }
        return lostByte(text, at);
    }

    /** "Ã la", "Â x": what follows a lone Ã or Â was a no-break space once. */
    private static boolean lacksNoBreakSpace(String text, int at) {
        char c = text.charAt(at);
        if (c != 'Ã' && c != 'Â' || text.charAt(at + 1) != ' ') {
            return false;
        }
        int before = at - 1;
        if (before >= 0 && WhiteSpace.isWhiteSpace(text.charAt(before))) {
            before--;
        }
        return at == 0 || before >= 0 && isSmallAscii(text.charAt(before));
    }

    /** A beginning that U+FFFD follows, where the bytes between could be read. */
    private static boolean lostByte(String text, int at) {
        int lost = text.indexOf('\uFFFD', at);
        return lost > at && lost - at < 4 && Utf8Bytes.length(SingleByteEncoding.WINDOWS_1252.byteOf(text.charAt(at))) > 0;
    }

    private static boolean isSign(SingleByteEncoding encoding, String text, int at, int length) {
        int end = at + length;
        char before = at == 0 ? ' ' : text.charAt(at - 1);
        char after = end == text.length() ? ' ' : text.charAt(end);
        if (encoding == SingleByteEncoding.WINDOWS_1251 && length == 2) {
            return inRussian(encoding, text, at);
        }
        for (int i = at; i + 1 < end; i++) {
            if (neverMeet(text.charAt(i), text.charAt(i + 1), i == at ? before : text.charAt(i - 1),
                    i + 2 < end ? text.charAt(i + 2) : after)) {
                return true;
            }
        }
        return false;
    }

    /** Cyrillic capitals stand before closing marks often: two sequences in a row are wanted, one with a mark in it. */
    private static boolean inRussian(SingleByteEncoding encoding, String text, int at) {
        return Mojibake.sequence(encoding, text, at + 2) == 2
                && (!Character.isLetter(text.charAt(at + 1)) || !Character.isLetter(text.charAt(at + 3)));
    }

    private static boolean neverMeet(char a, char b, char before, char after) {
        Kind first = Kind.of(a);
        Kind second = Kind.of(b);
        if (first == Kind.CONTROL || second == Kind.CONTROL) {
            return true;
        }
        if (first == Kind.RARE || second == Kind.RARE) {
            return first != second || Character.isLetter(before) || Character.isLetter(after);
        }
        if (first == Kind.BOX || second == Kind.BOX) {
            return first != second;
        }
        boolean capital = first == Kind.CAPITAL;
        boolean suspect = SUSPECTS.indexOf(a) >= 0;
        if (capital || first == Kind.SMALL) {
            return switch (second) {
                case CURRENCY -> true;
                case NUMBER, SIGN -> capital;
                case TRADE_SIGN -> suspect;
                case MATH -> capital;
                case OPENING, CLOSING -> suspect || isWord(after) || capital && isSmallAscii(before);
                case SPACE -> suspect;
                case CAPITAL -> suspect || !capital || scriptsDiffer(a, b);
                case SMALL -> suspect && "šžœŸ".indexOf(b) >= 0 || scriptsDiffer(a, b);
                default -> false;
            };
        }
        if (first == Kind.MATH) {
            return switch (second) {
                case CURRENCY, NUMBER, SIGN, TRADE_SIGN, MATH -> true;
                case SMALL, CAPITAL -> Character.isLetter(before);
                default -> false;
            };
        }
        if (first == Kind.OPENING) {
            return second == Kind.CAPITAL && Kind.of(after) != Kind.OTHER && Kind.of(after) != Kind.SPACE;
        }
        return second == Kind.CURRENCY && first != Kind.SPACE || isWord(after) && first == Kind.CLOSING
                && second == Kind.CURRENCY;
    }

    private static boolean scriptsDiffer(char a, char b) {
        UnicodeScript one = UnicodeScript.of(a);
        UnicodeScript other = UnicodeScript.of(b);
        return one != other && one != UnicodeScript.COMMON && other != UnicodeScript.COMMON;
    }

    private static boolean isSmallAscii(char c) {
        return c >= 'a' && c <= 'z';
    }

    private static boolean isWord(char c) {
        return Character.isLetterOrDigit(c) || c == '_';
    }

    private enum Kind {
        CONTROL, RARE, BOX, CAPITAL, SMALL, CURRENCY, NUMBER, SIGN, TRADE_SIGN, MATH, OPENING, CLOSING, SPACE, OTHER;

        static Kind of(char c) {
            if (c < 0x80) {
                return OTHER;
            }
            if (c <= 0x9F) {
                return CONTROL;
            }
            if (c >= '\u2500' && c < '\u25A0') {
                return BOX;
            }
            if ("¤¦¬ƒˆˇ†‡‰⌐◊\uFFFD".indexOf(c) >= 0) {
                return RARE;
            }
            if ("©§¶°µªº".indexOf(c) >= 0) {
                return SIGN;
            }
            if (c == '®' || c == '™') {
                return TRADE_SIGN;
            }
            if ("¡¿‚„".indexOf(c) >= 0) {
                return OPENING;
            }
            return switch (Character.getType(c)) {
                case Character.MODIFIER_SYMBOL -> RARE;
                case Character.CURRENCY_SYMBOL -> CURRENCY;
                case Character.OTHER_NUMBER -> NUMBER;
                case Character.MATH_SYMBOL -> MATH;
                case Character.UPPERCASE_LETTER -> CAPITAL;
                case Character.LOWERCASE_LETTER -> SMALL;
                case Character.INITIAL_QUOTE_PUNCTUATION, Character.START_PUNCTUATION -> OPENING;
                case Character.SPACE_SEPARATOR -> SPACE;
                case Character.OTHER_SYMBOL -> SIGN;
                case Character.FINAL_QUOTE_PUNCTUATION, Character.END_PUNCTUATION, Character.OTHER_PUNCTUATION,
                     Character.DASH_PUNCTUATION, Character.FORMAT -> CLOSING;
                default -> OTHER;
            };
        }
    }
}
