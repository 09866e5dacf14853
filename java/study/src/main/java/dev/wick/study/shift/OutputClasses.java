package dev.wick.study.shift;

import dev.wick.error.BadArgumentException;
import dev.wick.study.synset.ImageNetClass;
import dev.wick.study.synset.ImageNetClasses;
import dev.wick.study.zeroshot.ClassNames;
import dev.wick.study.zeroshot.Labels;
import java.util.List;
import java.util.Optional;

/**
 * What a classifier's outputs stand for, and what folders of each class may be called; immutable.
 *
 * @param labels  of the outputs, in their order; what CLIP is asked for, and reports show
 * @param folders finds a class by its folder's name
 * @param origin  of the order, for a report
 */
public record OutputClasses(Labels labels, ClassNames folders, String origin) {
    private static final int IMAGENET = 1000;

    /** The 1000 of ILSVRC-2012, by id ({@code n01440764}) and by WordNet's words. */
    public static OutputClasses imageNet() {
        List<ImageNetClass> classes = ImageNetClasses.all();
        List<String> names = classes.stream().map(ImageNetClass::name).toList();
        return new OutputClasses(new Labels(names), imageNetFolders(names), "the 1000 of ImageNet (ILSVRC-2012)");
    }

    private static ClassNames imageNetFolders(List<String> names) {
        ClassNames folders = new ClassNames(names);
        for (ImageNetClass each : ImageNetClasses.all()) {
            folders.addWhole(each.wnid(), each.index());
            folders.addPart(each.label(), each.index());
            each.synset().words().forEach(word -> folders.addPart(word, each.index()));
        }
        return folders;
    }

    /**
     * The classes of a classifier.
     *
     * @param outputs      how many scores it gives
     * @param named        its outputs' classes; empty takes ImageNet's for 1000 outputs, else the folders in the order of their
     *                     names
     * @param labels       what CLIP is asked for instead, one for each output
     * @param classFolders names of the folders with pictures
     * @throws BadArgumentException if numbers do not fit
     */
    public static OutputClasses of(int outputs, Optional<Labels> named, Optional<Labels> labels, List<String> classFolders) {
        OutputClasses classes;
        if (named.isPresent()) {
            requireFits("the labels of its outputs", named.get(), outputs);
            classes = new OutputClasses(named.get(), new ClassNames(named.get().names()), "the " + outputs + " labels given");
        } else if (outputs == IMAGENET) {
            classes = imageNet();
        } else if (outputs == classFolders.size()) {
            List<String> sorted = classFolders.stream().sorted().toList();
            Labels spoken = new Labels(sorted.stream().map(ClassNames::spoken).toList());
            classes = new OutputClasses(spoken, new ClassNames(spoken.names()), "the " + outputs
                    + " class folders, in the order of their names");
        } else {
            throw new BadArgumentException("the classifier gives " + outputs + " scores for a picture, which are neither the "
                    + IMAGENET + " classes of ImageNet nor the " + classFolders.size()
                    + " class folders there are: its labels are needed, one for each score");
        }
        if (labels.isEmpty()) {
            return classes;
        }
        requireFits("CLIP's labels", labels.get(), outputs);
        ClassNames folders = classes.folders();
        List<String> names = labels.get().names();
        for (int i = 0; i < names.size(); i++) {
            for (String part : names.get(i).split(",")) {
                folders.addPart(part, i);
            }
        }
        return new OutputClasses(labels.get(), folders, classes.origin());
    }

    private static void requireFits(String what, Labels labels, int outputs) {
        if (labels.size() != outputs) {
            throw new BadArgumentException("the classifier gives " + outputs + " scores for a picture, but " + what + " are "
                    + labels.size());
        }
    }

    /** How many there are. */
    public int size() {
        return labels.size();
    }
}
