package dev.wick.cli;

import dev.wick.study.synset.ImageNetClass;
import dev.wick.study.synset.ImageNetClasses;
import java.util.Map;
import java.util.stream.Collectors;

/** Labels of ImageNet's classes by their ids. */
final class ImageNetNames {
    private ImageNetNames() {
    }

    /** {@code n01440764} to {@code tench, Tinca tinca}. */
    static Map<String, String> byId() {
        return ImageNetClasses.all().stream().collect(Collectors.toMap(ImageNetClass::wnid, ImageNetClass::label));
    }
}
