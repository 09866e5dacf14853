package dev.wick.vision.image;

import java.io.IOException;
import java.nio.file.DirectoryIteratorException;
import java.nio.file.DirectoryStream;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.BasicFileAttributes;
import java.util.ArrayList;
import java.util.Collection;
import java.util.Comparator;
import java.util.HashSet;
import java.util.List;
import java.util.Locale;
import java.util.Set;

/**
 * The pictures that a command line or a folder names, in an order that depends on their names alone; immutable, any
 * thread.
 *
 * <p>A file that is named itself is taken whatever it is called. Of folders, all that is under them: files whose names
 * end as pictures' do ({@code .jpg .jpeg .jpe .jfif .png .gif .bmp .tif .tiff .webp}) are taken, others and hidden ones
 * are counted, links are followed, but not back to a folder that they lie in. Each folder is read once.
 *
 * @param files      to be read; nothing is known of what is in them
 * @param ignored    files that are not called as pictures are, or are hidden
 * @param unreadable what is not there, folders that may not be read, and links in a circle
 */
public record PictureFiles(List<Path> files, long ignored, List<PictureFailure> unreadable) {
    private static final Set<String> ENDINGS = Set.of("jpg", "jpeg", "jpe", "jfif", "png", "gif", "bmp", "tif", "tiff",
            "webp");

    public PictureFiles {
        files = List.copyOf(files);
        unreadable = List.copyOf(unreadable);
    }

    /** Of one file or folder. */
    public static PictureFiles of(Path path) {
        return of(List.of(path));
    }

    /** Of files and folders, in their order. */
    public static PictureFiles of(Collection<Path> paths) {
        Search search = new Search();
        paths.forEach(search::named);
        return search.found();
    }

    /** Whether a file's name ends as those of pictures do. */
    public static boolean isNamedAsPicture(Path file) {
        String name = file.getFileName() == null ? "" : file.getFileName().toString();
        return !name.startsWith(".")
                && ENDINGS.contains(name.substring(name.lastIndexOf('.') + 1).toLowerCase(Locale.ROOT));
    }

    /**
     * A folder of class folders: {@code FOLDER/CLASS/...}.
     *
     * @param classes  the folders' names, sorted; one without pictures is there too
     * @param pictures those of each class, in the order of the classes
     * @param ignored  files that were left out, those beside the class folders with them
     */
    public record Labelled(List<String> classes, List<PictureFiles> pictures, long ignored) {
        public Labelled {
            classes = List.copyOf(classes);
            pictures = List.copyOf(pictures);
        }

        /** Pictures of all classes. */
        public long count() {
            return pictures.stream().mapToLong(each -> each.files().size()).sum();
        }
    }

    /**
     * Reads a folder of class folders.
     *
     * @throws PictureException if it is no folder that can be read
     */
    public static Labelled byClass(Path folder) {
        if (!Files.isDirectory(folder)) {
            throw new PictureException(folder.toString(), Files.exists(folder) ? "it is no folder"
                    : "there is no such folder");
        }
        List<Path> entries;
        try {
            entries = sorted(folder);
        } catch (IOException e) {
            throw new PictureException(folder.toString(), reason(e), e);
        }
        List<String> classes = new ArrayList<>();
        List<PictureFiles> pictures = new ArrayList<>();
        long ignored = 0;
        for (Path entry : entries) {
            if (Files.isDirectory(entry) && !isHidden(entry)) {
                classes.add(entry.getFileName().toString());
                pictures.add(of(entry));
                ignored += pictures.getLast().ignored();
            } else {
                ignored++;
            }
        }
        return new Labelled(classes, pictures, ignored);
    }

    private static boolean isHidden(Path path) {
        return path.getFileName() != null && path.getFileName().toString().startsWith(".");
    }

    private static List<Path> sorted(Path folder) throws IOException {
        List<Path> entries = new ArrayList<>();
        try (DirectoryStream<Path> stream = Files.newDirectoryStream(folder)) {
            stream.forEach(entries::add);
        } catch (DirectoryIteratorException e) {
            throw e.getCause();
        }
        // By characters, not by the locale: the order must be the same everywhere.
        entries.sort(Comparator.comparing(each -> each.getFileName().toString()));
        return entries;
    }

    private static String reason(IOException failure) {
        return failure instanceof java.nio.file.AccessDeniedException ? "no permission"
                : failure.getMessage() == null ? failure.toString() : failure.getMessage();
    }

    /** One search, over one or more places. */
    private static final class Search {
        private final List<Path> files = new ArrayList<>();
        private final List<PictureFailure> unreadable = new ArrayList<>();
        private final Set<Object> folders = new HashSet<>();
        private long ignored;

        void named(Path path) {
            if (Files.isDirectory(path)) {
                // Named twice, it is taken twice.
                folders.clear();
                folder(path);
            } else if (Files.exists(path)) {
                files.add(path);
            } else {
                unreadable.add(new PictureFailure(path, Files.isSymbolicLink(path) ? "it is a link that leads nowhere"
                        : "there is no such file"));
            }
        }

        /** Depth first, on a list of its own: folders may be nested deeper than a stack is. */
        private void folder(Path first) {
            List<Path> open = new ArrayList<>(List.of(first));
            while (!open.isEmpty()) {
                Path path = open.removeLast();
                try {
                    if (!Files.isDirectory(path)) {
                        file(path);
                    } else if (leadsBack(path)) {
                        // What is there belongs to where it is, not to where the link is.
                        unreadable.add(new PictureFailure(path, "it is a link in a circle"));
                    } else if (folders.add(identity(path))) {
                        open.addAll(sorted(path).reversed());
                    }
                } catch (IOException e) {
                    unreadable.add(new PictureFailure(path, reason(e)));
                }
            }
        }

        /** Whether a folder is a link to one that it lies in. */
        private static boolean leadsBack(Path folder) throws IOException {
            return Files.isSymbolicLink(folder)
                    && folder.toAbsolutePath().getParent().toRealPath().startsWith(folder.toRealPath());
        }

        private void file(Path path) {
            if (isNamedAsPicture(path)) {
                files.add(path);
            } else {
                ignored++;
            }
        }

        private static Object identity(Path folder) throws IOException {
            Object key = Files.readAttributes(folder, BasicFileAttributes.class).fileKey();
            return key == null ? folder.toRealPath() : key;
        }

        PictureFiles found() {
            return new PictureFiles(files, ignored, unreadable);
        }
    }
}
