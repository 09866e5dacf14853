package dev.wick.study.zeroshot;

import dev.wick.error.BadArgumentException;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.charset.CharacterCodingException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.List;
import java.util.Set;
import java.util.TreeMap;

/**
 * The names of classes, in their order; immutable.
 *
 * <p>Files have one name a line, or are Python's {@code {0: 'tench, Tinca tinca', 1: ...}} (as
 * {@code imagenet1000_clsidx_to_labels.txt}), or a list {@code ['tench', ...]}, which are read as data and never executed.
 */
public record Labels(List<String> names) {
    /** Beyond this a file is no list of labels. */
    private static final long LONGEST_FILE = 64L << 20;

    /**
     * Checks the names.
     *
     * @throws BadArgumentException if there is none, or one is empty or there twice
     */
    public Labels {
        names = List.copyOf(names);
        if (names.isEmpty()) {
            throw new BadArgumentException("expected at least one label, got none");
        }
        Set<String> seen = new HashSet<>();
        for (String name : names) {
            if (name.isBlank()) {
                throw new BadArgumentException("a label is empty");
            }
            if (!seen.add(name)) {
                throw new BadArgumentException("the label '" + name + "' is there twice");
            }
        }
    }

    /**
     * Reads a file.
     *
     * @throws BadArgumentException if it cannot be read, is no such file, or leaves out a number between its first and its last
     */
    public static Labels read(Path file) {
        String text;
        try {
            if (Files.size(file) > LONGEST_FILE) {
                throw new BadArgumentException("labels " + file + ": the file is too large for a list of labels");
            }
            text = StandardCharsets.UTF_8.newDecoder().decode(ByteBuffer.wrap(Files.readAllBytes(file))).toString();
        } catch (CharacterCodingException e) {
            throw new BadArgumentException("labels " + file + ": it is no text in UTF-8");
        } catch (IOException e) {
            throw new BadArgumentException("labels " + file + ": it cannot be read (" + e + ")");
        }
        try {
            return parse(text.startsWith("\ufeff") ? text.substring(1) : text);
        } catch (BadArgumentException e) {
            throw new BadArgumentException("labels " + file + ": " + e.getMessage());
        }
    }

    /** Reads a text as {@link #read} does. */
    static Labels parse(String text) {
        String stripped = text.strip();
        if (stripped.startsWith("{")) {
            return new Labels(numbered(new PythonLiteral(stripped).dictionary()));
        }
        if (stripped.startsWith("[")) {
            return new Labels(new PythonLiteral(stripped).list());
        }
        return new Labels(stripped.lines().map(String::strip).filter(line -> !line.isEmpty()).toList());
    }

    private static List<String> numbered(TreeMap<Long, String> byNumber) {
        if (byNumber.isEmpty()) {
            throw new BadArgumentException("it holds no labels");
        }
        List<Long> missing = new ArrayList<>();
        for (long number = 0; number <= byNumber.lastKey() && missing.size() < 10; number++) {
            if (!byNumber.containsKey(number)) {
                missing.add(number);
            }
        }
        if (!missing.isEmpty() || byNumber.firstKey() < 0) {
            throw new BadArgumentException("labels are numbered from 0 without gaps; "
                    + (missing.isEmpty() ? "it has a negative number" : "it lacks " + missing.toString().replaceAll("[\\[\\]]", "")));
        }
        // The same words stand for two classes of ImageNet: a bird and a machine are both 'crane'.
        List<String> names = new ArrayList<>();
        Set<String> seen = new HashSet<>();
        byNumber.forEach((number, name) -> names.add(seen.add(name) ? name : name + " (" + number + ")"));
        return names;
    }

    /** How many there are. */
    public int size() {
        return names.size();
    }

    /** The first of a label's names: {@code tench} of {@code tench, Tinca tinca}. */
    public static String firstName(String label) {
        int comma = label.indexOf(',');
        return comma > 0 ? label.substring(0, comma).strip() : label;
    }
}
