package dev.wick.vision.text;

import java.text.Normalizer;

/**
 * Repairs what went wrong with a text on its way, before it is tokenized, where OpenAI's tokenizer runs ftfy; any thread.
 *
 * <p>Line by line, as often as something changes: HTML's character references are resolved (unless the line has a {@code <},
 * or one before had), UTF-8 that was read in another encoding is read again ({@link Mojibake}), terminals' escape sequences
 * and control characters go, Latin ligatures become letters, full-width and half-width characters ordinary ones, curly quotes
 * straight ones, line breaks {@code \n}, and characters are composed (NFC). Text that is as it should be comes back as it is.
 *
 * <p>All but the second is meant to give what ftfy 6 gives with its defaults. How to tell that UTF-8 was read wrongly is our
 * own, from characters' Unicode properties, so that ids may differ from the published tokenizer's. Good text is meant to
 * stay, also some that ftfy changes ("AMANHÃ”"); a few box-drawing characters between letters may be taken for letters. Of text
 * read as windows-1251, windows-1253, ISO 8859-2, Mac Roman or IBM 437 ftfy leaves more as it is, as it does of garbled words
 * in otherwise good text and of those that lost a no-break space, while it repairs more of those with one or two letters.
 */
public final class TextFixing {
    /** Longer lines are cut here for repair, so that one hostile line cannot take hours. */
    private static final int LONGEST_LINE = 1_000_000;
    private static final int MOST_ROUNDS = 100;

    private TextFixing() {
    }

    /** The repaired text. */
    public static String fix(String text) {
        if (isPlain(text)) {
            return text;
        }
        StringBuilder fixed = new StringBuilder(text.length());
        boolean entities = true;
        for (int begin = 0; begin < text.length();) {
            int end = text.indexOf('\n', begin) + 1;
            if (end == 0) {
                end = text.length();
            }
            if (end - begin > LONGEST_LINE) {
                end = begin + LONGEST_LINE;
                end = Character.isHighSurrogate(text.charAt(end - 1)) ? end - 1 : end;
            }
            String line = text.substring(begin, end);
            entities &= line.indexOf('<') < 0;
            fixed.append(line(line, entities));
            begin = end;
        }
        return fixed.toString();
    }

    /** Printing ASCII without anything to resolve: most texts. */
    private static boolean isPlain(String text) {
        for (int i = 0; i < text.length(); i++) {
            char c = text.charAt(i);
            if (c < ' ' && c != '\n' && c != '\t' || c > '~' || c == '&') {
                return false;
            }
        }
        return true;
    }

    private static String line(String line, boolean entities) {
        String text = line;
        for (int round = 0; round < MOST_ROUNDS; round++) {
            String before = text;
            if (entities) {
                text = HtmlEntities.unescapeStrictly(text);
            }
            text = Mojibake.repair(text);
            text = Characters.fix(text);
            text = Normalizer.normalize(text, Normalizer.Form.NFC);
            if (text.equals(before)) {
                break;
            }
        }
        return text;
    }
}
