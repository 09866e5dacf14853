package dev.wick.study.zeroshot;

import dev.wick.error.BadArgumentException;
import java.util.ArrayList;
import java.util.List;
import java.util.TreeMap;

/** Reads Python's own notation of a list of texts, or of a dictionary from numbers to texts; one thread. */
final class PythonLiteral {
    private final String text;
    private int at;

    PythonLiteral(String text) {
        this.text = text;
    }

    /** {@code {0: 'tench', 1: "goldfish"}}, sorted by number. */
    TreeMap<Long, String> dictionary() {
        TreeMap<Long, String> entries = new TreeMap<>();
        take('{');
        while (!ends('}')) {
            long number = number();
            take(':');
            if (entries.put(number, string()) != null) {
                throw failure("the number " + number + " is there twice");
            }
            separator('}');
        }
        end();
        return entries;
    }

    /** {@code ['tench', 'goldfish']}, or the same in parentheses. */
    List<String> list() {
        List<String> entries = new ArrayList<>();
        take('[');
        while (!ends(']')) {
            entries.add(string());
            separator(']');
        }
        end();
        return entries;
    }

    private boolean ends(char closing) {
        skip();
        if (at < text.length() && text.charAt(at) == closing) {
            at++;
            return true;
        }
        return false;
    }

    private void separator(char closing) {
        skip();
        if (at < text.length() && text.charAt(at) == closing) {
            return;
        }
        take(',');
    }

    private void end() {
        skip();
        if (at < text.length()) {
            throw failure("something follows the end");
        }
    }

    /** Spaces and comments. */
    private void skip() {
        while (at < text.length()) {
            char c = text.charAt(at);
            if (c == '#') {
                int line = text.indexOf('\n', at);
                at = line < 0 ? text.length() : line;
            } else if (Character.isWhitespace(c)) {
                at++;
            } else {
                return;
            }
        }
    }

    private void take(char expected) {
        skip();
        if (at >= text.length() || text.charAt(at) != expected) {
            throw failure("expected '" + expected + "'");
        }
        at++;
    }

    private long number() {
        skip();
        // JSON has its keys in quotes.
        boolean quoted = at < text.length() && (text.charAt(at) == '"' || text.charAt(at) == '\'');
        String digits;
        if (quoted) {
            digits = string();
        } else {
            int start = at;
            while (at < text.length() && (Character.isDigit(text.charAt(at)) || text.charAt(at) == '-')) {
                at++;
            }
            digits = text.substring(start, at);
        }
        try {
            return Long.parseLong(digits);
        } catch (NumberFormatException e) {
            throw failure("expected a number");
        }
    }

    private String string() {
        skip();
        if (at < text.length() && (text.charAt(at) == 'u' || text.charAt(at) == 'r')) {
            at++;
        }
        if (at >= text.length() || text.charAt(at) != '\'' && text.charAt(at) != '"') {
            throw failure("expected a text in quotes");
        }
        char quote = text.charAt(at++);
        StringBuilder string = new StringBuilder();
        while (true) {
            if (at >= text.length() || text.charAt(at) == '\n') {
                throw failure("a text does not end");
            }
            char c = text.charAt(at++);
            if (c == quote) {
                return string.toString();
            }
            string.append(c == '\\' ? escaped() : c);
        }
    }

    private char escaped() {
        if (at >= text.length()) {
            throw failure("a text does not end");
        }
        char c = text.charAt(at++);
        return switch (c) {
            case 'n' -> '\n';
            case 't' -> '\t';
            case 'r' -> '\r';
            case 'x' -> code(2);
            case 'u' -> code(4);
            case '\\', '\'', '"', '/' -> c;
            default -> throw failure("unknown escape \\" + c);
        };
    }

    private char code(int digits) {
        try {
            char c = (char) Integer.parseInt(text.substring(at, Math.min(text.length(), at + digits)), 16);
            at += digits;
            return c;
        } catch (NumberFormatException e) {
            throw failure("expected " + digits + " hexadecimal digits");
        }
    }

    private BadArgumentException failure(String what) {
        long line = text.substring(0, Math.min(at, text.length())).chars().filter(c -> c == '\n').count() + 1;
        return new BadArgumentException("line " + line + ": " + what);
    }
}
