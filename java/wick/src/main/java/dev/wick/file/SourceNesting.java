package dev.wick.file;

import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;

/**
 * How deep TorchScript source is nested: brackets, and blocks by their indentation. LibTorch's parser recurses over
 * both, and over the chains that operators, selections and calls form in one expression: every character that is no
 * part of a name counts as a link of such a chain until a comma or the statement ends it.
 */
public final class SourceNesting {
    private SourceNesting() {
    }

    /** The depth. */
    public static int of(MemorySegment source) {
        int brackets = 0;
        int links = 0;
        int indentation = 0;
        int deepest = 0;
        boolean lineStart = true;
        byte quote = 0;
        long size = source.byteSize();
        for (long i = 0; i < size; i++) {
            byte c = source.get(ValueLayout.JAVA_BYTE, i);
            if (quote != 0) {
                if (c == '\\') {
                    i++;
                } else if (c == quote || c == '\n') {
                    quote = 0;
                }
                continue;
            }
            if (lineStart && brackets == 0 && c != '\n') {
                if (c == ' ' || c == '\t') {
                    indentation++;
                    continue;
                }
            }
            lineStart = false;
            switch (c) {
                case '\n' -> {
                    lineStart = true;
                    indentation = 0;
                    if (brackets == 0) {
                        links = 0;
                    }
                }
                case '\'', '"' -> quote = c;
                case '#' -> {
                    while (i + 1 < size && source.get(ValueLayout.JAVA_BYTE, i + 1) != '\n') {
                        i++;
                    }
                }
                case '(', '[', '{' -> brackets++;
                case ')', ']', '}' -> {
                    brackets = Math.max(0, brackets - 1);
                    links++;
                }
                case ',', ';' -> links = 0;
                default -> {
                    if (!Character.isLetterOrDigit(c) && c != '_') {
                        links++;
                    }
                }
            }
            // PyTorch prints two spaces a block; one per block would still be counted, twice as strictly.
            deepest = Math.max(deepest, brackets + links + indentation / 2);
        }
        return deepest;
    }
}
