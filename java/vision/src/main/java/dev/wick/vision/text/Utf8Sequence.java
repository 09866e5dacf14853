package dev.wick.vision.text;

/** One character's bytes in UTF-8, each of them a character of a text; any thread. */
final class Utf8Sequence {
    static final int LOWEST_LEAD = 0xC2;
    private static final int NO_BREAK_SPACE = 0xA0;
    private static final int SURROGATE_LEAD = 0xED;

    private Utf8Sequence() {
    }

    /**
     * Appends what the sequence at this place reads as, and gives how many characters of the text it has; 0 when none begins
     * here.
     *
     * <p>The byte A0 is a no-break space in most encodings, and often became an ordinary one on its way: one space may stand
     * for it. A sequence of which other bytes were lost (they became U+FFFD, or one of three or four a question mark) reads as
     * U+FFFD. A pair of surrogates may be encoded one by one, as Java and some databases do.
     */
    static int decode(String text, int at, SingleByteEncoding encoding, StringBuilder decoded) {
        int lead = at < text.length() ? encoding.byteOf(text.charAt(at)) : -1;
        int length = length(lead);
        if (length == 0 || at + length > text.length()) {
            return 0;
        }
        int code = lead & 0x7F >> length;
        int lost = 0;
        int spaces = 0;
        for (int i = 1; i < length; i++) {
            char c = text.charAt(at + i);
            int b = encoding.byteOf(c);
            if (c == '\uFFFD' || c == '?' && length > 2) {
                lost += c == '?' ? length - 2 : 1;
                b = 0x80;
            } else if (c == ' ') {
                spaces++;
                b = NO_BREAK_SPACE;
            }
            if (b < 0x80 || b > 0xBF) {
                return 0;
            }
            code = code << 6 | b & 0x3F;
        }
        if (spaces > 1 || lost + spaces >= length) {
            return 0;
        }
        if (lost > 0) {
            decoded.append('\uFFFD');
            return length;
        }
        if (code < (length == 2 ? 0x80 : length == 3 ? 0x800 : 0x10000) || code > Character.MAX_CODE_POINT) {
            return 0;
        }
        if (lead == SURROGATE_LEAD && code >= Character.MIN_SURROGATE) {
            return decodePair((char) code, text, at, encoding, decoded);
        }
        decoded.appendCodePoint(code);
        boolean wordOfOneLetter = lead == 0xC3 && spaces == 1 && !isSpace(text, at + 2);
        if (wordOfOneLetter) {
            // à: it ends a word or is one, so that a no-break space and the space after it became one.
            decoded.append(' ');
        }
        return length;
    }

    private static int length(int lead) {
        if (lead < LOWEST_LEAD || lead > 0xF4) {
            return 0;
        }
        return lead < 0xE0 ? 2 : lead < 0xF0 ? 3 : 4;
    }

    private static boolean isSpace(String text, int at) {
        return at >= text.length() || Character.isWhitespace(text.charAt(at));
    }

    private static int decodePair(char high, String text, int at, SingleByteEncoding encoding, StringBuilder decoded) {
        if (!Character.isHighSurrogate(high) || at + 6 > text.length()) {
            return 0;
        }
        int lead = encoding.byteOf(text.charAt(at + 3));
        int second = encoding.byteOf(text.charAt(at + 4));
        int third = encoding.byteOf(text.charAt(at + 5));
        if (lead != SURROGATE_LEAD || second < 0xB0 || second > 0xBF || third < 0x80 || third > 0xBF) {
            return 0;
        }
        decoded.append(high).append((char) (0xD000 | (second & 0x3F) << 6 | third & 0x3F));
        return 6;
    }
}
