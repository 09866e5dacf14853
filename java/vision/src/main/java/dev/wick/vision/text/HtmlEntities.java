package dev.wick.vision.text;

import java.io.BufferedReader;
import java.io.IOException;
import java.io.InputStreamReader;
import java.io.UncheckedIOException;
import java.nio.charset.Charset;
import java.nio.charset.StandardCharsets;
import java.util.HashMap;
import java.util.Locale;
import java.util.Map;

/** HTML's character references; any thread. */
final class HtmlEntities {
    private static final int LONGEST_NAME = 32;
    private static final int LONGEST_STRICT = 24;
    private static final String REPLACEMENT = "\uFFFD";
    private static final Charset WINDOWS_1252 = Charset.forName("windows-1252");
    /** By name, as HTML lists them: most with a semicolon, old ones also without. */
    private static final Map<String, String> NAMED = read();
    /** Names all in capitals that HTML does not have, for the capital of what the name stands for: {@code &NTILDE;}. */
    private static final Map<String, String> CAPITALS = capitals();

    private HtmlEntities() {
    }

    private static Map<String, String> read() {
        Map<String, String> named = new HashMap<>();
        try (BufferedReader in = new BufferedReader(new InputStreamReader(
                HtmlEntities.class.getResourceAsStream("html-entities.txt"), StandardCharsets.UTF_8))) {
            for (String line = in.readLine(); line != null; line = in.readLine()) {
                if (!line.startsWith("#")) {
                    String[] parts = line.split(" ");
                    StringBuilder text = new StringBuilder();
                    for (int i = 1; i < parts.length; i++) {
                        text.appendCodePoint(Integer.parseInt(parts[i], 16));
                    }
                    named.put(parts[0], text.toString());
                }
            }
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
        return named;
    }

    private static Map<String, String> capitals() {
        Map<String, String> capitals = new HashMap<>();
        NAMED.forEach((name, text) -> {
            String upper = name.toUpperCase(Locale.ROOT);
            if (name.endsWith(";") && name.equals(name.toLowerCase(Locale.ROOT))
                    && unescape("&" + upper).equals("&" + upper)) {
                capitals.put(upper, text.toUpperCase(Locale.ROOT));
            }
        });
        return capitals;
    }

    /** Resolves what a browser would, also without a semicolon, as Python's {@code html.unescape} does. */
    static String unescape(String text) {
        int ampersand = text.indexOf('&');
        if (ampersand < 0) {
            return text;
        }
        StringBuilder plain = new StringBuilder(text.length());
        int done = 0;
        while (ampersand >= 0) {
            plain.append(text, done, ampersand);
            done = ampersand + 1;
            int end = numberEnd(text, done);
            if (end > done) {
                boolean semicolon = end < text.length() && text.charAt(end) == ';';
                plain.append(number(text, done, end));
                done = semicolon ? end + 1 : end;
            } else {
                done = named(text, done, plain);
            }
            ampersand = text.indexOf('&', done);
        }
        return plain.append(text, done, text.length()).toString();
    }

    /** Appends what the longest name that begins here stands for, or the ampersand; gives where to go on. */
    private static int named(String text, int begin, StringBuilder plain) {
        int end = begin;
        while (end < text.length() && end - begin < LONGEST_NAME && "\t\n\f <&#;".indexOf(text.charAt(end)) < 0) {
            end++;
        }
        if (end > begin && end < text.length() && text.charAt(end) == ';') {
            end++;
        }
        for (int stop = end; stop > begin + 1; stop--) {
            String found = NAMED.get(text.substring(begin, stop));
            if (found != null) {
                plain.append(found);
                return stop;
            }
        }
        plain.append('&');
        return begin;
    }

    /**
     * Resolves only what is surely a reference: one with a semicolon, whole; also those that this makes. Names in
     * capitals are known for letters whose names in small ones are.
     */
    static String unescapeStrictly(String text) {
        int ampersand = text.indexOf('&');
        if (ampersand < 0) {
            return text;
        }
        StringBuilder plain = new StringBuilder(text);
        int at = ampersand;
        int write = ampersand;
        // What is read and what is written share the buffer: nothing that is resolved is longer than its name.
        while (at < plain.length()) {
            char c = plain.charAt(at);
            int end = c == '&' ? strictEnd(plain, at) : -1;
            String found = end < 0 ? null : strict(plain.substring(at + 1, end + 1));
            if (found == null) {
                plain.setCharAt(write++, c);
                at++;
            } else if (found.equals("&")) {
                // It may begin another one.
                plain.setCharAt(end, '&');
                at = end;
            } else {
                for (int i = 0; i < found.length(); i++) {
                    plain.setCharAt(write++, found.charAt(i));
                }
                at = end + 1;
            }
        }
        plain.setLength(write);
        return plain.toString();
    }

    /** Where the semicolon of a reference is; -1 when there is none. */
    private static int strictEnd(CharSequence text, int ampersand) {
        int begin = ampersand + 1;
        if (begin < text.length() && text.charAt(begin) == '#') {
            begin++;
        }
        int end = begin;
        while (end < text.length() && end - begin < LONGEST_STRICT && isAsciiLetterOrDigit(text.charAt(end))) {
            end++;
        }
        return end > begin && end < text.length() && text.charAt(end) == ';' ? end : -1;
    }

    /** @param reference without the ampersand, with the semicolon */
    private static String strict(String reference) {
        if (reference.charAt(0) != '#') {
            String found = NAMED.get(reference);
            return found == null ? CAPITALS.get(reference) : found;
        }
        int end = numberEnd(reference, 0);
        if (end != reference.length() - 1) {
            return null;
        }
        String found = number(reference, 0, end);
        return found.equals(";") ? null : found;
    }

    private static boolean isAsciiLetterOrDigit(char c) {
        return c >= '0' && c <= '9' || c >= 'A' && c <= 'Z' || c >= 'a' && c <= 'z';
    }

    /** Where the digits of {@code #123} or {@code #x1f} end; the beginning when there are none. */
    private static int numberEnd(String text, int begin) {
        if (begin + 1 >= text.length() || text.charAt(begin) != '#') {
            return begin;
        }
        boolean hex = (text.charAt(begin + 1) | 0x20) == 'x';
        int digits = hex ? begin + 2 : begin + 1;
        int end = digits;
        while (end < text.length() && text.charAt(end) < 0x80 && Character.digit(text.charAt(end), hex ? 16 : 10)
                >= 0) {
            end++;
        }
        return end > digits ? end : begin;
    }

    private static String number(String text, int begin, int end) {
        boolean hex = (text.charAt(begin + 1) | 0x20) == 'x';
        int radix = hex ? 16 : 10;
        int code = 0;
        for (int i = hex ? begin + 2 : begin + 1; i < end && code <= Character.MAX_CODE_POINT; i++) {
            code = code * radix + Character.digit(text.charAt(i), radix);
        }
        if (code == 0 || code > Character.MAX_CODE_POINT || code >= Character.MIN_SURROGATE && code
                <= Character.MAX_SURROGATE) {
            return REPLACEMENT;
        }
        if (code >= 0x80 && code <= 0x9F) {
            String meant = new String(new byte[] {(byte) code}, WINDOWS_1252);
            return meant.equals(REPLACEMENT) ? String.valueOf((char) code) : meant;
        }
        boolean control = code < ' ' && code != '\t' && code != '\n' && code != '\f' && code != '\r' || code == 0x7F;
        boolean noCharacter = code >= 0xFDD0 && code <= 0xFDEF || (code & 0xFFFE) == 0xFFFE;
        return control || noCharacter ? "" : Character.toString(code);
    }
}
