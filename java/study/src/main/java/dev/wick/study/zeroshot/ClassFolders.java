package dev.wick.study.zeroshot;

import dev.wick.error.BadArgumentException;
import dev.wick.vision.image.PictureFiles;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.stream.Collectors;

/**
 * Pictures whose classes are known: {@code FOLDER/CLASS/...}, each class with the label that its folder is named after;
 * immutable.
 *
 * @param labels   of the classes, in the order of the scores
 * @param pictures of each label: empty for labels without a folder or pictures
 * @param ignored  files that were left out, because they are not called as pictures are or cannot be reached
 */
public record ClassFolders(Labels labels, List<List<Path>> pictures, long ignored) {
    private static final int NAMES_SHOWN = 8;

    /** Copies what it is given. */
    public ClassFolders {
        pictures = pictures.stream().map(List::copyOf).toList();
    }

    /** With the folders' own names as labels, underscores as spaces. */
    public static ClassFolders of(Path folder) {
        PictureFiles.Labelled found = found(folder);
        return new ClassFolders(new Labels(found.classes().stream().map(ClassNames::spoken).toList()),
                found.pictures().stream().map(PictureFiles::files).toList(), leftOut(found));
    }

    private static long leftOut(PictureFiles.Labelled found) {
        return found.ignored() + found.pictures().stream().mapToLong(each -> each.unreadable().size()).sum();
    }

    /**
     * With labels that are given; each folder must be named as one of them.
     *
     * <p>Folders fit labels as {@link ClassNames} says, or by their {@code ids}.
     *
     * @param ids places of labels by names that are none of theirs, as ImageNet's {@code n01440764}
     * @throws BadArgumentException if a folder fits no label or several, or two fit the same one
     */
    public static ClassFolders of(Path folder, Labels labels, Map<String, Integer> ids) {
        PictureFiles.Labelled found = found(folder);
        ClassNames names = new ClassNames(labels.names());
        Map<Integer, String> taken = new LinkedHashMap<>();
        List<String> unknown = new ArrayList<>();
        List<List<Path>> pictures = new ArrayList<>();
        labels.names().forEach(_ -> pictures.add(List.of()));
        for (int i = 0; i < found.classes().size(); i++) {
            String name = found.classes().get(i);
            List<Integer> fitting = ids.containsKey(name) ? List.of(ids.get(name)) : names.matching(name);
            if (fitting.size() > 1) {
                throw new BadArgumentException("the folder '" + name + "' of " + folder + " fits " + fitting.size()
                        + " labels: " + fitting.stream().map(labels.names()::get).collect(Collectors.joining("; ")));
            }
            Integer label = fitting.isEmpty() ? null : fitting.getFirst();
            if (label == null) {
                unknown.add(name);
            } else if (taken.putIfAbsent(label, name) != null) {
                throw new BadArgumentException("the folders '" + taken.get(label) + "' and '" + name + "' of " + folder
                        + " are both the label '" + labels.names().get(label) + "'");
            } else {
                pictures.set(label, found.pictures().get(i).files());
            }
        }
        if (!unknown.isEmpty()) {
            throw new BadArgumentException(unknown.size() + " of the " + found.classes().size() + " folders of "
                    + folder
                    + " are none of the " + labels.size() + " labels: "
                    + String.join(", ", unknown.subList(0, Math.min(NAMES_SHOWN, unknown.size())))
                    + (unknown.size() > NAMES_SHOWN ? ", ..." : ""));
        }
        return new ClassFolders(labels, pictures, leftOut(found));
    }

    /** Whether a folder holds class folders: folders with pictures in them, and no pictures beside them. */
    public static boolean isOne(Path folder) {
        if (!java.nio.file.Files.isDirectory(folder)) {
            return false;
        }
        try (var entries = java.nio.file.Files.newDirectoryStream(folder)) {
            boolean folders = false;
            for (Path entry : entries) {
                if (java.nio.file.Files.isDirectory(entry)) {
                    folders = true;
                } else if (PictureFiles.isNamedAsPicture(entry)) {
                    return false;
                }
            }
            return folders;
        } catch (java.io.IOException e) {
            return false;
        }
    }

    private static PictureFiles.Labelled found(Path folder) {
        PictureFiles.Labelled found = PictureFiles.byClass(folder);
        if (found.classes().isEmpty()) {
            throw new BadArgumentException(folder + " holds no class folders: expected " + folder
                    + "/CLASS/picture.jpg");
        }
        if (found.count() == 0) {
            throw new BadArgumentException("the class folders of " + folder + " hold no pictures");
        }
        return found;
    }

    /** Pictures in all. */
    public long count() {
        return pictures.stream().mapToLong(List::size).sum();
    }

    /** All of them, label after label. */
    public List<Path> files() {
        return pictures.stream().flatMap(List::stream).toList();
    }

    /** Labels that have no pictures. */
    public List<String> empty() {
        List<String> empty = new ArrayList<>();
        for (int label = 0; label < labels.size(); label++) {
            if (pictures.get(label).isEmpty()) {
                empty.add(labels.names().get(label));
            }
        }
        return empty;
    }

    /** Each picture's label. */
    public Map<Path, Integer> truths() {
        Map<Path, Integer> truths = new HashMap<>();
        for (int label = 0; label < labels.size(); label++) {
            for (Path file : pictures.get(label)) {
                truths.put(file, label);
            }
        }
        return truths;
    }
}
