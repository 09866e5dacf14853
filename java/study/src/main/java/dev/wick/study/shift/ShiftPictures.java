package dev.wick.study.shift;

import dev.wick.error.BadArgumentException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.stream.Collectors;
import java.util.stream.IntStream;

/**
 * Pictures whose shifts and classes are known; immutable.
 *
 * @param shifts    their names, those that have pictures
 * @param reference the place among them of the one that gaps are measured from
 * @param classes   of the classifier's outputs
 * @param pictures  of each shift, of each class
 * @param unknown   class folders that are no class of these
 * @param ambiguous class folders whose name several classes have, with those
 * @param merged    class folders of one shift that are one class together
 * @param empty     shifts without pictures of these classes
 */
public record ShiftPictures(List<String> shifts, int reference, OutputClasses classes, List<List<List<Path>>> pictures,
        List<String> unknown, List<String> ambiguous, List<String> merged, List<String> empty) {
    private static final int NAMES_SHOWN = 8;

    /**
     * Finds the folders' classes.
     *
     * @param reference name of the shift that gaps are measured from
     * @throws BadArgumentException if there is no such shift, no folder is a known class, or no class is in every shift
     */
    public static ShiftPictures of(ShiftFolders folders, OutputClasses classes, String reference) {
        if (!folders.shifts().contains(reference)) {
            throw new BadArgumentException("there is no shift '" + reference + "' to measure gaps from; there are "
                    + some(folders.shifts()) + (folders.classFolders().contains(reference)
                            ? " ('" + reference + "' is where classes are expected: CLASS/SHIFT/picture.jpg)" : ""));
        }
        List<String> unknown = new ArrayList<>();
        List<String> ambiguous = new ArrayList<>();
        Map<Integer, List<String>> known = new LinkedHashMap<>();
        for (String folder : folders.classFolders()) {
            List<Integer> fitting = classes.folders().matching(folder);
            if (fitting.isEmpty()) {
                unknown.add(folder);
            } else if (fitting.size() > 1) {
                ambiguous.add(folder + " (" + fitting.stream().map(classes.labels().names()::get)
                        .collect(Collectors.joining(", ")) + ")");
            } else {
                known.computeIfAbsent(fitting.getFirst(), _ -> new ArrayList<>()).add(folder);
            }
        }
        if (known.isEmpty()) {
            throw new BadArgumentException("none of the class folders is one of the classifier's classes ("
                    + classes.origin() + "): " + some(folders.classFolders()));
        }
        List<String> shifts = new ArrayList<>();
        List<String> empty = new ArrayList<>();
        List<List<List<Path>>> pictures = new ArrayList<>();
        for (String shift : folders.shifts()) {
            List<List<Path>> ofShift = IntStream.range(0, classes.size()).mapToObj(each -> known
                    .getOrDefault(each, List.of()).stream().flatMap(folder -> folders.pictures(shift, folder).stream())
                    .toList()).toList();
            if (ofShift.stream().allMatch(List::isEmpty)) {
                if (shift.equals(reference)) {
                    throw new BadArgumentException("the shift '" + reference + "', that gaps are measured from, has no pictures "
                            + "of the classifier's classes (" + classes.origin() + ")");
                }
                empty.add(shift);
            } else {
                shifts.add(shift);
                pictures.add(ofShift);
            }
        }
        List<String> merged = known.values().stream().flatMap(each -> shifts.stream().map(shift -> each.stream()
                .filter(folder -> !folders.pictures(shift, folder).isEmpty()).toList()).filter(together -> together.size() > 1)
                .map(together -> String.join(" + ", together))).distinct().toList();
        ShiftPictures result = new ShiftPictures(List.copyOf(shifts), shifts.indexOf(reference), classes,
                List.copyOf(pictures), List.copyOf(unknown), List.copyOf(ambiguous), merged, List.copyOf(empty));
        if (result.inEvery().isEmpty()) {
            throw new BadArgumentException("no class has pictures in every shift (" + some(shifts)
                    + "), so that nothing can be compared");
        }
        return result;
    }

    private static String some(List<String> names) {
        return String.join(", ", names.subList(0, Math.min(NAMES_SHOWN, names.size())))
                + (names.size() > NAMES_SHOWN ? ", ... (" + names.size() + ")" : "");
    }

    /** Classes that every shift has pictures of, by their place among the outputs. */
    public List<Integer> inEvery() {
        return places(place -> pictures.stream().noneMatch(each -> each.get(place).isEmpty()));
    }

    /** Classes that any shift has pictures of. */
    public List<Integer> inAny() {
        return places(place -> pictures.stream().anyMatch(each -> !each.get(place).isEmpty()));
    }

    private List<Integer> places(java.util.function.IntPredicate kept) {
        return IntStream.range(0, classes.size()).filter(kept).boxed().toList();
    }

    /** The classes that models choose between. */
    public List<Integer> candidates(ClassScope scope) {
        return switch (scope) {
            case PRESENT -> inAny();
            case COMMON -> inEvery();
            case ALL -> places(_ -> true);
        };
    }
}
