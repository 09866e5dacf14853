package dev.wick.study;

import dev.wick.binding.CacheDirectory;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.FileTime;
import java.security.MessageDigest;
import java.security.NoSuchAlgorithmException;
import java.time.Duration;
import java.time.Instant;
import java.util.HexFormat;
import java.util.List;
import java.util.Optional;
import java.util.regex.Pattern;
import java.util.stream.Stream;

/**
 * Where studies keep what they have until they end, so that a run that is killed goes on when the same is asked for again;
 * immutable, any thread.
 *
 * <p>A run's file is named after all that its results depend on. A study removes its file when it ends; what lies there for
 * {@link #KEPT} untouched is removed by the next one.
 */
public final class UnfinishedRuns {
    /** How long the file of a run that nobody goes on with stays. */
    public static final Duration KEPT = Duration.ofDays(30);

    /** What lies in the directory beside may be somebody's. */
    private static final Pattern OWN = Pattern.compile("[0-9a-f]{64}\\.run(\\.[a-z]+)*");

    private final Path directory;

    private UnfinishedRuns(Path directory) {
        this.directory = directory;
    }

    /** Keeps nothing. */
    public static UnfinishedRuns none() {
        return new UnfinishedRuns(null);
    }

    /** In a directory, which is made when something is kept. */
    public static UnfinishedRuns in(Path directory) {
        return new UnfinishedRuns(directory);
    }

    /** Beside Wick's other caches: {@code WICK_CACHE}, or {@code ~/.cache/wick}. */
    public static UnfinishedRuns inWicksCache() {
        return in(CacheDirectory.root().resolve("unfinished"));
    }

    /** Whether anything is kept at all. */
    public boolean areKept() {
        return directory != null;
    }

    /**
     * The file of a run, whether it is there or not; empty when nothing is kept, or nothing can be. Files beside it whose
     * names are its own with an ending (".names") are the run's as well.
     *
     * @param identity all that the run's results depend on
     */
    public Optional<Path> file(String identity) {
        if (directory == null) {
            return Optional.empty();
        }
        try {
            Files.createDirectories(directory);
            removeForgotten();
            return Optional.of(directory.resolve(name(identity)));
        } catch (IOException e) {
            // The study goes without: it is slower after a kill, and not wrong.
            System.getLogger(UnfinishedRuns.class.getName()).log(System.Logger.Level.DEBUG, "not kept: " + directory, e);
            return Optional.empty();
        }
    }

    private void removeForgotten() throws IOException {
        FileTime oldest = FileTime.from(Instant.now().minus(KEPT));
        List<Path> files;
        try (Stream<Path> all = Files.list(directory)) {
            files = all.filter(file -> OWN.matcher(file.getFileName().toString()).matches())
                    .filter(Files::isRegularFile).toList();
        }
        for (Path file : files) {
            if (Files.getLastModifiedTime(file).compareTo(oldest) < 0) {
                Files.deleteIfExists(file);
            }
        }
    }

    private static String name(String identity) {
        try {
            return HexFormat.of().formatHex(MessageDigest.getInstance("SHA-256")
                    .digest(identity.getBytes(StandardCharsets.UTF_8))) + ".run";
        } catch (NoSuchAlgorithmException e) {
            throw new IllegalStateException("every Java has SHA-256", e);
        }
    }
}
