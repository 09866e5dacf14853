package dev.wick.cli;

import dev.wick.study.synset.ImageNetClass;
import dev.wick.study.synset.ImageNetClasses;
import dev.wick.study.zeroshot.ClassNames;
import dev.wick.study.zeroshot.Labels;
import java.util.HashMap;
import java.util.List;
import java.util.Map;

/** Finds ImageNet's classes among labels. */
final class ImageNetNames {
    private ImageNetNames() {
    }

    /**
     * The places of labels by ImageNet's ids, {@code n01440764}: a thousand labels are the classes in their order, of others
     * those that are called as one class alone.
     */
    static Map<String, Integer> places(Labels labels) {
        List<ImageNetClass> classes = ImageNetClasses.all();
        Map<String, Integer> places = new HashMap<>();
        if (labels.size() == classes.size()) {
            classes.forEach(each -> places.put(each.wnid(), each.index()));
            return places;
        }
        ClassNames names = new ClassNames(labels.names());
        for (ImageNetClass each : classes) {
            List<Integer> named = names.matching(each.name());
            List<Integer> fitting = named.isEmpty() ? names.matching(each.label()) : named;
            if (fitting.size() == 1) {
                places.put(each.wnid(), fitting.getFirst());
            }
        }
        return places;
    }
}
