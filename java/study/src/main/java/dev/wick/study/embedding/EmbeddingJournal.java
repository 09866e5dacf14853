package dev.wick.study.embedding;

import dev.wick.DType;
import dev.wick.Tensor;
import dev.wick.error.BadArgumentException;
import dev.wick.file.WholeFile;
import dev.wick.vision.file.Npy;
import dev.wick.vision.file.Safetensors;
import java.io.IOException;
import java.lang.foreign.Arena;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;

/**
 * Rows of features on their way to a file, kept beside it until they are all there, so that a process that ends goes on where
 * it was; one thread, and one process at a time.
 *
 * <p>Beside {@code OUT} lie {@code OUT.partial}, the rows, and {@code OUT.partial.names}, their names. An end at any point costs
 * one batch at most. {@link #finish} makes {@code OUT} of them, with {@code OUT.names.txt}: the name of each row, one a line.
 */
public final class EmbeddingJournal implements AutoCloseable {
    private final Path out;
    private final int width;
    private final RowJournal rows;

    /**
     * Opens what an earlier process left, or begins.
     *
     * @param out      {@code .npy} or {@code .safetensors}
     * @param identity what the rows are made of, in one line: model, dtype, normalised or not
     * @param width    floats of a row
     * @throws BadArgumentException if another process writes it, or what lies there was made otherwise
     */
    public static EmbeddingJournal open(Path out, String identity, int width) throws IOException {
        requireKind(out);
        return new EmbeddingJournal(out, identity, width);
    }

    /** Throws unless a file's name ends as one that can be written. */
    public static void requireKind(Path out) {
        String name = out.toString();
        if (!name.endsWith(".npy") && !name.endsWith(".safetensors")) {
            throw new BadArgumentException("expected a file named .npy or .safetensors, got " + out);
        }
    }

    /** Removes what an earlier process left of a file. */
    public static void forget(Path out) throws IOException {
        RowJournal.forget(partial(out));
    }

    private static Path partial(Path out) {
        return out.resolveSibling(out.getFileName() + ".partial");
    }

    private EmbeddingJournal(Path out, String identity, int width) throws IOException {
        this.out = out;
        this.width = width;
        this.rows = new RowJournal(partial(out), identity, width);
    }

    /** How many rows and failures an earlier process had made. */
    public long resumed() {
        return rows.resumed();
    }

    /** Those of the names that still need work, in their order. */
    public List<String> left(List<String> all) {
        Set<String> finished = new HashSet<>(rows.done());
        finished.addAll(rows.failed().keySet());
        return all.stream().filter(name -> !finished.contains(RowJournal.line(name))).toList();
    }

    /** What failed, with the reasons. */
    public Map<String, String> failed() {
        return Map.copyOf(rows.failed());
    }

    /** Rows so far. */
    public long rows() {
        return rows.done().size();
    }

    /** Adds rows with their names, which are on the disk's way when this returns. */
    public void add(List<String> rowNames, float[][] features) throws IOException {
        rows.add(rowNames, features);
    }

    /** Notes that something has no row. */
    public void fail(String name, String reason) throws IOException {
        rows.fail(name, reason);
    }

    /**
     * Writes the file, and removes what was kept for it.
     *
     * @throws BadArgumentException if there are no rows
     */
    public void finish() throws IOException {
        List<String> names = rows.done();
        if (names.isEmpty()) {
            throw new BadArgumentException("there is nothing to write to " + out + ": no row was made");
        }
        try (Arena arena = Arena.ofShared(); Tensor tensor = Tensor.wrap(rows.map(arena), DType.FLOAT32, names.size(), width)) {
            if (out.toString().endsWith(".npy")) {
                Npy.write(out, tensor);
            } else {
                Safetensors.write(out, Map.of("features", tensor), Map.of("format", "pt"));
            }
        }
        WholeFile.write(out.resolveSibling(out.getFileName() + ".names.txt"), stream -> {
            for (String name : names) {
                stream.write((name + "\n").getBytes(StandardCharsets.UTF_8));
            }
        });
        close();
        forget(out);
    }

    @Override
    public void close() throws IOException {
        rows.close();
    }
}
