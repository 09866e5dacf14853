package dev.wick.study.embedding;

import dev.wick.error.BadArgumentException;
import dev.wick.study.UnfinishedRuns;
import dev.wick.vision.image.PictureFailure;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.BasicFileAttributes;
import java.security.MessageDigest;
import java.security.NoSuchAlgorithmException;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.BitSet;
import java.util.HexFormat;
import java.util.List;
import java.util.Map;
import java.util.regex.Pattern;
import java.util.stream.IntStream;
import java.util.stream.Stream;

/**
 * The rows of a list of pictures, by their places in it, in a {@link RowJournal}; one thread.
 *
 * <p>What cannot be written or read is not kept: no study fails for it.
 */
final class KeptRows implements AutoCloseable {
    /** The file's name says what the rows are of. */
    static final String IDENTITY = "rows by place in a list of pictures";
    private static final Pattern PLACE = Pattern.compile("[0-9]{1,9}");

    private final List<Path> files;
    private final Path file;
    /** Null when nothing is kept. */
    private RowJournal journal;
    private final BitSet through = new BitSet();
    /** The places of what is left, in whose order rows and failures come. */
    private int[] left;
    private int nextRow;
    private int nextFailure;

    private KeptRows(List<Path> files, Path file, RowJournal journal) {
        this.files = files;
        this.file = file;
        this.journal = journal;
    }

    /** What an earlier run left of these pictures, whose files are as they were then; or a beginning. */
    static KeptRows of(UnfinishedRuns runs, String identity, int width, List<Path> files) {
        if (!runs.areKept()) {
            return new KeptRows(files, null, null);
        }
        String all = identity + "\n" + width + "\n" + digest(files);
        Path file = runs.file(all).orElse(null);
        if (file == null) {
            return new KeptRows(files, null, null);
        }
        try {
            RowJournal journal = new RowJournal(file, IDENTITY, width);
            if (!isOf(files.size(), journal)) {
                journal.close();
                RowJournal.forget(file);
                journal = new RowJournal(file, IDENTITY, width);
            }
            return new KeptRows(files, file, journal);
        } catch (IOException | BadArgumentException e) {
            // Another process is at it, say.
            log(file, e);
            return new KeptRows(files, null, null);
        }
    }

    /** Whether names are places, as they are unless something else wrote there. */
    private static boolean isOf(int files, RowJournal journal) {
        return Stream.concat(journal.done().stream(), journal.failed().keySet().stream())
                .allMatch(name -> PLACE.matcher(name).matches() && Integer.parseInt(name) < files);
    }

    private static String digest(List<Path> files) {
        try {
            MessageDigest digest = MessageDigest.getInstance("SHA-256");
            for (Path each : files) {
                String line;
                try {
                    BasicFileAttributes now = Files.readAttributes(each, BasicFileAttributes.class);
                    line = each.toAbsolutePath() + "\t" + now.size() + "\t" + now.lastModifiedTime().toMillis() + "\n";
                } catch (IOException _) {
                    line = each.toAbsolutePath() + "\n";
                }
                digest.update(line.getBytes(StandardCharsets.UTF_8));
            }
            return HexFormat.of().formatHex(digest.digest());
        } catch (NoSuchAlgorithmException e) {
            throw new IllegalStateException("every Java has SHA-256", e);
        }
    }

    private static void log(Path file, Exception e) {
        System.getLogger(KeptRows.class.getName()).log(System.Logger.Level.DEBUG, "not kept: " + file, e);
    }

    /** Those that could not be read, in their order. */
    List<PictureFailure> failures() {
        List<PictureFailure> failures = new ArrayList<>();
        if (journal != null) {
            for (Map.Entry<String, String> each : journal.failed().entrySet()) {
                int place = Integer.parseInt(each.getKey());
                through.set(place);
                failures.add(new PictureFailure(files.get(place), each.getValue()));
            }
        }
        return failures;
    }

    /** Hands out the rows that are there, in their order, and says how many they were. */
    int read(PictureEncoding.Rows rows) {
        if (journal == null) {
            return 0;
        }
        int before = through.cardinality();
        try {
            journal.read((name, row) -> {
                int place = Integer.parseInt(name);
                through.set(place);
                rows.row(files.get(place), row);
            });
        } catch (IOException e) {
            giveUp(e);
        }
        return through.cardinality() - before;
    }

    /** The pictures that need work. */
    List<Path> left() {
        left = IntStream.range(0, files.size()).filter(place -> !through.get(place)).toArray();
        return Arrays.stream(left).mapToObj(files::get).toList();
    }

    /** Keeps the rows of some that were left. */
    void add(List<Path> pictures, float[][] rows) {
        if (journal == null) {
            return;
        }
        List<String> names = new ArrayList<>();
        for (Path picture : pictures) {
            nextRow = place(picture, nextRow);
            names.add(Integer.toString(left[nextRow++]));
        }
        try {
            journal.add(names, rows);
        } catch (IOException e) {
            giveUp(e);
        }
    }

    /** Keeps that one that was left could not be read. */
    void fail(PictureFailure failure) {
        if (journal == null) {
            return;
        }
        nextFailure = place(failure.file(), nextFailure);
        try {
            journal.fail(Integer.toString(left[nextFailure++]), failure.reason());
        } catch (IOException e) {
            giveUp(e);
        }
    }

    private int place(Path picture, int from) {
        int at = from;
        while (!files.get(left[at]).equals(picture)) {
            at++;
        }
        return at;
    }

    private void giveUp(IOException reason) {
        log(file, reason);
        forget();
    }

    /** Removes what is kept. */
    void forget() {
        close();
        if (file != null) {
            try {
                RowJournal.forget(file);
            } catch (IOException e) {
                log(file, e);
            }
        }
    }

    @Override
    public void close() {
        if (journal != null) {
            try {
                journal.close();
            } catch (IOException e) {
                log(file, e);
            }
            journal = null;
        }
    }
}
