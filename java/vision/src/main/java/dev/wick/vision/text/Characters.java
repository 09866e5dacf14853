package dev.wick.vision.text;

import java.text.Normalizer;

/** Repairs that look at one character, or at few; any thread. */
final class Characters {
    private static final char ESCAPE = 0x1B;

    private Characters() {
    }

    static String fix(String text) {
        StringBuilder fixed = new StringBuilder(text.length());
        String shown = withoutEscapes(Surrogates.replaceLone(text));
        for (int i = 0; i < shown.length(); i++) {
            char c = shown.charAt(i);
            if (c == '\r') {
                fixed.append('\n');
                i += i + 1 < shown.length() && shown.charAt(i + 1) == '\n' ? 1 : 0;
            } else if (c >= ' ' && c <= '~' || c == '\n') {
                fixed.append(c);
            } else if (c >= 0x80 && c <= 0x9F) {
                append(fixed, SingleByteEncoding.WINDOWS_1252.characterOf(c));
            } else {
                append(fixed, c);
            }
        }
        return fixed.toString();
    }

    private static void append(StringBuilder fixed, char c) {
        if (isUnseenControl(c)) {
            return;
        }
        switch (c) {
            case '‘', '’', '‚', '‛', 'ʼ' -> fixed.append('\'');
            case '“', '”', '„', '‟' -> fixed.append('"');
            case '\u2028', '\u2029' -> fixed.append('\n');
            case '\u3000' -> fixed.append(' ');
            case 'ŉ' -> fixed.append("'n");
            // Their compatibility forms would also undo the long s.
            case 'ﬅ' -> fixed.append("ſt");
            default -> {
                if (isJoinedLetters(c) || c > '\uFF00' && c < '\uFFF0') {
                    fixed.append(Normalizer.normalize(String.valueOf(c), Normalizer.Form.NFKC));
                } else {
                    fixed.append(c);
                }
            }
        }
    }

    /** Latin letters that are one character for the sake of an old encoding, or of a font. */
    private static boolean isJoinedLetters(char c) {
        return c == 'Ĳ' || c == 'ĳ' || c >= 'Ǆ' && c <= 'ǌ' || c >= 'Ǳ' && c <= 'ǳ' || c >= 'ﬀ' && c <= 'ﬆ';
    }

    /**
     * Control characters that neither break lines nor tabulate, and Unicode's deprecated or misplaced format
     * characters.
     */
    private static boolean isUnseenControl(char c) {
        return c < ' ' && c != '\t' && c != '\n' && c != '\f' && c != '\r' || c == 0x7F
                || c >= '\u206A' && c <= '\u206F' || c == '\uFEFF' || c >= '\uFFF9' && c <= '\uFFFC';
    }

    /** Without terminals' sequences: escape, bracket, digits and semicolons, a letter. */
    private static String withoutEscapes(String text) {
        int escape = text.indexOf(ESCAPE);
        if (escape < 0) {
            return text;
        }
        StringBuilder shown = new StringBuilder(text.length());
        int done = 0;
        while (escape >= 0) {
            int end = escape + 1;
            if (end < text.length() && text.charAt(end) == '[') {
                end++;
                while (end < text.length() && (Character.isDigit(text.charAt(end)) || text.charAt(end) == ';')) {
                    end++;
                }
                if (end < text.length() && (text.charAt(end) | 0x20) >= 'a' && (text.charAt(end) | 0x20) <= 'z') {
                    shown.append(text, done, escape);
                    done = end + 1;
                }
            }
            escape = text.indexOf(ESCAPE, Math.max(done, escape + 1));
        }
        return shown.append(text, done, text.length()).toString();
    }
}
