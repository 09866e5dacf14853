package dev.wick.cli;

import java.util.Map;

/** Labels of ImageNet's classes by their ids. */
final class ImageNetNames {
    private ImageNetNames() {
    }

    /** {@code n01440764} to {@code tench, Tinca tinca}. */
    static Map<String, String> byId() {
        return Map.of();
    }
}
