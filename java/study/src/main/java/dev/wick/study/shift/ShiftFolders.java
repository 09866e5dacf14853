package dev.wick.study.shift;

import dev.wick.error.BadArgumentException;
import dev.wick.vision.image.PictureException;
import dev.wick.vision.image.PictureFailure;
import dev.wick.vision.image.PictureFiles;
import java.io.IOException;
import java.nio.file.DirectoryIteratorException;
import java.nio.file.DirectoryStream;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.HashSet;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.TreeMap;
import java.util.TreeSet;

/**
 * Pictures by shift and by class folder, as they were found; nothing is known yet of what the classes are. Immutable.
 *
 * <p>Links are followed, but a picture that lies among these folders itself is taken where it lies alone, so that a link in a
 * circle makes no sketch an original.
 *
 * @param shifts       their names, in the order they are shown in
 * @param classFolders names of the folders, sorted, those without pictures with them
 * @param pictures     of a shift and of a class folder
 * @param ignored      files that are not called as pictures are, and pictures beside the folders
 * @param again        files that were left out, since links lead to them a second time
 * @param unreadable   folders that may not be read, and links in a circle
 */
public record ShiftFolders(List<String> shifts, List<String> classFolders, Map<String, Map<String, List<Path>>> pictures,
        long ignored, long again, List<PictureFailure> unreadable) {
    /** The order of the shifts that studies know; others come behind them by name. */
    private static final List<String> FIRST = List.of("original", "sketch", "art");
    private static final Comparator<String> ORDER = Comparator.<String>comparingInt(
            each -> FIRST.contains(each) ? FIRST.indexOf(each) : FIRST.size()).thenComparing(Comparator.naturalOrder());

    /**
     * Reads {@code FOLDER/CLASS/SHIFT/...}.
     *
     * @throws PictureException     if the folder cannot be read
     * @throws BadArgumentException if it has no such folders, or no pictures
     */
    public static ShiftFolders nested(Path folder) {
        Search search = new Search();
        Set<String> shifts = new TreeSet<>(ORDER);
        for (Path classFolder : search.folders(folder)) {
            search.classFolders.add(name(classFolder));
            for (Path shift : search.folders(classFolder)) {
                shifts.add(name(shift));
                search.add(name(shift), name(classFolder), shift);
            }
        }
        if (shifts.isEmpty()) {
            throw new BadArgumentException(folder + " holds no folders CLASS/SHIFT: expected " + folder
                    + "/dog/original/picture.jpg, " + folder + "/dog/sketch/picture.jpg");
        }
        return search.found(List.copyOf(shifts), folder.toString());
    }

    /**
     * Reads one tree for each shift, {@code TREE/CLASS/...}.
     *
     * @param trees folders by the names of the shifts, in their order
     * @throws PictureException     if one cannot be read
     * @throws BadArgumentException if one has no class folders, or none has pictures
     */
    public static ShiftFolders trees(Map<String, Path> trees) {
        Search search = new Search();
        trees.forEach((shift, tree) -> {
            List<Path> folders = search.folders(tree);
            if (folders.isEmpty()) {
                throw new BadArgumentException(tree + " (" + shift + ") holds no class folders: expected " + tree
                        + "/dog/picture.jpg");
            }
            for (Path classFolder : folders) {
                search.classFolders.add(name(classFolder));
                search.add(shift, name(classFolder), classFolder);
            }
        });
        return search.found(List.copyOf(trees.keySet()), String.join(", ", trees.values().stream().map(Path::toString)
                .toList()));
    }

    /** The pictures of a shift and of a class folder; empty when there is no such folder. */
    public List<Path> pictures(String shift, String classFolder) {
        return pictures.getOrDefault(shift, Map.of()).getOrDefault(classFolder, List.of());
    }

    /** Pictures of all shifts. */
    public long count() {
        return pictures.values().stream().flatMap(each -> each.values().stream()).mapToLong(List::size).sum();
    }

    /** Class folders in which no shift has a picture. */
    public List<String> withoutPictures() {
        return classFolders.stream().filter(each -> shifts.stream().allMatch(shift -> pictures(shift, each).isEmpty()))
                .toList();
    }

    private static String name(Path folder) {
        return folder.getFileName().toString();
    }

    /** One folder's pictures. */
    private record Group(String shift, String classFolder, Path folder, List<Path> files) {
    }

    private static final class Search {
        private final Set<String> classFolders = new TreeSet<>();
        private final List<Group> groups = new ArrayList<>();
        private final List<PictureFailure> unreadable = new ArrayList<>();
        private long ignored;

        /** The folders in one, by name; without hidden ones, and without links to where one is already. */
        List<Path> folders(Path folder) {
            if (!Files.isDirectory(folder)) {
                throw new PictureException(folder.toString(), Files.exists(folder) ? "it is no folder"
                        : "there is no such folder");
            }
            List<Path> folders = new ArrayList<>();
            try (DirectoryStream<Path> entries = Files.newDirectoryStream(folder)) {
                Path here = folder.toRealPath();
                for (Path entry : entries) {
                    if (!Files.isDirectory(entry) || name(entry).startsWith(".")) {
                        ignored++;
                    } else if (here.startsWith(entry.toRealPath())) {
                        unreadable.add(new PictureFailure(entry, "it is a link in a circle"));
                    } else {
                        folders.add(entry);
                    }
                }
            } catch (DirectoryIteratorException e) {
                throw new PictureException(folder.toString(), reason(e.getCause()), e);
            } catch (IOException e) {
                if (Files.isReadable(folder)) {
                    throw new PictureException(folder.toString(), reason(e), e);
                }
                unreadable.add(new PictureFailure(folder, reason(e)));
            }
            folders.sort(Comparator.comparing(ShiftFolders::name));
            return folders;
        }

        private static String reason(IOException failure) {
            return failure instanceof java.nio.file.AccessDeniedException ? "no permission" : failure.toString();
        }

        void add(String shift, String classFolder, Path folder) {
            PictureFiles found = PictureFiles.of(folder);
            ignored += found.ignored();
            unreadable.addAll(found.unreadable());
            groups.add(new Group(shift, classFolder, folder, found.files()));
        }

        ShiftFolders found(List<String> shifts, String where) {
            Map<String, Map<String, List<Path>>> pictures = new LinkedHashMap<>();
            shifts.forEach(shift -> pictures.put(shift, new TreeMap<>()));
            // Where a file lies itself, and where links alone lead to it.
            Set<Path> lying = new HashSet<>();
            List<Map<Path, Path>> linked = new ArrayList<>();
            for (Group group : groups) {
                Map<Path, Path> links = new LinkedHashMap<>();
                Path folder = real(group.folder());
                for (Path file : group.files()) {
                    Path real = real(file);
                    if (real.equals(folder.resolve(group.folder().relativize(file)))) {
                        lying.add(real);
                    } else {
                        links.put(file, real);
                    }
                }
                linked.add(links);
            }
            long again = 0;
            for (int i = 0; i < groups.size(); i++) {
                Group group = groups.get(i);
                Map<Path, Path> links = linked.get(i);
                List<Path> kept = group.files().stream()
                        .filter(file -> !links.containsKey(file) || !lying.contains(links.get(file))).toList();
                again += group.files().size() - kept.size();
                pictures.get(group.shift()).put(group.classFolder(), kept);
            }
            ShiftFolders result = new ShiftFolders(shifts, List.copyOf(classFolders), pictures, ignored, again,
                    List.copyOf(unreadable));
            if (result.count() == 0) {
                throw new BadArgumentException("there are no pictures in the class folders of " + where
                        + (unreadable.isEmpty() ? "" : ": " + unreadable.getFirst()));
            }
            return result;
        }

        private static Path real(Path file) {
            try {
                return file.toRealPath();
            } catch (IOException e) {
                // What cannot be read is reported by who reads it.
                return file.toAbsolutePath().normalize();
            }
        }
    }
}
