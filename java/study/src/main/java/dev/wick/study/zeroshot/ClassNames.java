package dev.wick.study.zeroshot;

import java.util.HashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Set;
import java.util.TreeSet;

/**
 * Finds classes by what their folders are called; one thread while names are added, then any.
 *
 * <p>A folder fits a class that has its name, or has it among its names ({@code tench} fits {@code tench, Tinca tinca}),
 * whatever the case, with underscores or spaces. A whole name goes before a part of another's.
 */
public final class ClassNames {
    private final Map<String, Set<Integer>> whole = new HashMap<>();
    private final Map<String, Set<Integer>> parts = new HashMap<>();

    /** Knows classes by their names, in their order; names with commas by each part too. */
    public ClassNames(List<String> names) {
        for (int i = 0; i < names.size(); i++) {
            addWhole(names.get(i), i);
            for (String part : names.get(i).split(",")) {
                addPart(part, i);
            }
        }
    }

    /** Adds a name that is a class's as much as its first. */
    public ClassNames addWhole(String name, int index) {
        whole.computeIfAbsent(key(name), _ -> new TreeSet<>()).add(index);
        return this;
    }

    /** Adds one of a class's further names, which others may have too. */
    public ClassNames addPart(String name, int index) {
        parts.computeIfAbsent(key(name), _ -> new TreeSet<>()).add(index);
        return this;
    }

    /** The classes that a folder may be, by index: none if it is unknown, several if its name does not tell which. */
    public List<Integer> matching(String folder) {
        String key = key(folder);
        return List.copyOf(whole.getOrDefault(key, parts.getOrDefault(key, Set.of())));
    }

    /** A folder's name as a label: underscores are spaces. */
    public static String spoken(String folder) {
        return folder.replace('_', ' ');
    }

    private static String key(String name) {
        return spoken(name).strip().toLowerCase(Locale.ROOT);
    }
}
