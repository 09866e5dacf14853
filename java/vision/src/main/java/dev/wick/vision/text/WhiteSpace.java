package dev.wick.vision.text;

/** What counts as white space in Python, which Java's own methods each see otherwise; any thread. */
final class WhiteSpace {
    private WhiteSpace() {
    }

    /** Unicode's property White_Space, which {@code \s} of Python's module regex is. */
    static boolean isWhiteSpace(int c) {
        return c >= '\t' && c <= '\r' || c == ' ' || c == 0x85 || c == 0xA0 || c > 0xA0 && Character.isSpaceChar(c);
    }

    /** {@code str.isspace}: the above and the four separators of ASCII. */
    private static boolean isStripped(int c) {
        return isWhiteSpace(c) || c >= 0x1C && c <= 0x1F;
    }

    /** {@code str.strip}. */
    static String strip(String text) {
        int begin = 0;
        int end = text.length();
        while (begin < end && isStripped(text.charAt(begin))) {
            begin++;
        }
        while (end > begin && isStripped(text.charAt(end - 1))) {
            end--;
        }
        return text.substring(begin, end);
    }

    /** Each run of white space as one space. */
    static String collapse(String text) {
        StringBuilder collapsed = new StringBuilder(text.length());
        boolean space = false;
        for (int i = 0; i < text.length(); i++) {
            char c = text.charAt(i);
            if (isWhiteSpace(c)) {
                if (!space) {
                    collapsed.append(' ');
                }
                space = true;
            } else {
                collapsed.append(c);
                space = false;
            }
        }
        return collapsed.toString();
    }
}
