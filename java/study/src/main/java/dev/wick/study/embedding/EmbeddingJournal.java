package dev.wick.study.embedding;

import dev.wick.DType;
import dev.wick.Tensor;
import dev.wick.error.BadArgumentException;
import dev.wick.file.WholeFile;
import dev.wick.vision.file.Npy;
import dev.wick.vision.file.Safetensors;
import java.io.IOException;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.channels.FileChannel;
import java.nio.channels.FileLock;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;

/**
 * Rows of features on their way to a file, kept beside it until they are all there, so that a process that ends goes on where
 * it was; one thread, and one process at a time.
 *
 * <p>Beside {@code OUT} lie {@code OUT.partial}, float32 rows one after the other, and {@code OUT.partial.names}: what they are
 * to be made of in the first line, then a name for each row and each failure. A row counts when its line is whole, so that an end
 * at any point costs one batch at most. {@link #finish} makes {@code OUT} of them, with {@code OUT.names.txt}: the name of each
 * row, one a line.
 */
public final class EmbeddingJournal implements AutoCloseable {
    private static final char DONE = '+';
    private static final char FAILED = '-';

    private final Path out;
    private final Path rowsFile;
    private final Path namesFile;
    private final int width;
    private final FileChannel rows;
    private final FileChannel names;
    private final List<String> done = new ArrayList<>();
    private final Map<String, String> failed = new LinkedHashMap<>();
    private final long resumed;

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
        return new EmbeddingJournal(out, identity.replace('\n', ' ') + " width " + width, width);
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
        Files.deleteIfExists(partial(out, ""));
        Files.deleteIfExists(partial(out, ".names"));
    }

    private static Path partial(Path out, String ending) {
        return out.resolveSibling(out.getFileName() + ".partial" + ending);
    }

    private EmbeddingJournal(Path out, String identity, int width) throws IOException {
        this.out = out;
        this.width = width;
        this.rowsFile = partial(out, "");
        this.namesFile = partial(out, ".names");
        this.names = FileChannel.open(namesFile, StandardOpenOption.CREATE, StandardOpenOption.READ,
                StandardOpenOption.WRITE);
        try {
            lock();
            this.rows = FileChannel.open(rowsFile, StandardOpenOption.CREATE, StandardOpenOption.READ,
                    StandardOpenOption.WRITE);
        } catch (IOException | RuntimeException e) {
            names.close();
            throw e;
        }
        try {
            resume(identity);
        } catch (IOException | RuntimeException e) {
            close();
            throw e;
        }
        this.resumed = done.size() + failed.size();
    }

    private void lock() throws IOException {
        FileLock lock;
        try {
            lock = names.tryLock();
        } catch (java.nio.channels.OverlappingFileLockException e) {
            lock = null;
        }
        if (lock == null) {
            throw new BadArgumentException("another process is writing " + out);
        }
    }

    private void resume(String identity) throws IOException {
        String text = new String(Files.readAllBytes(namesFile), StandardCharsets.UTF_8);
        int whole = text.lastIndexOf('\n') + 1;
        if (whole == 0) {
            begin(identity);
            return;
        }
        String[] lines = text.substring(0, whole).split("\n");
        if (!lines[0].equals(identity)) {
            throw new BadArgumentException(namesFile + " was begun with other settings: it says '" + lines[0]
                    + "', now it is '" + identity + "'");
        }
        long present = rows.size() / rowBytes();
        StringBuilder kept = new StringBuilder(lines[0]).append('\n');
        for (int i = 1; i < lines.length; i++) {
            String[] cells = lines[i].split("\t", 3);
            if (cells[0].charAt(0) == DONE) {
                if (done.size() == present) {
                    // Its row did not come to the disk: what follows did not either.
                    break;
                }
                done.add(cells[1]);
            } else {
                failed.put(cells[1], cells.length > 2 ? cells[2] : "");
            }
            kept.append(lines[i]).append('\n');
        }
        rows.truncate(done.size() * rowBytes());
        rows.position(rows.size());
        long length = kept.toString().getBytes(StandardCharsets.UTF_8).length;
        names.truncate(length);
        names.position(length);
    }

    private void begin(String identity) throws IOException {
        rows.truncate(0);
        names.truncate(0);
        append(names, ByteBuffer.wrap((identity + "\n").getBytes(StandardCharsets.UTF_8)));
    }

    private long rowBytes() {
        return (long) width * Float.BYTES;
    }

    /** How many rows and failures an earlier process had made. */
    public long resumed() {
        return resumed;
    }

    /** Those of the names that still need work, in their order. */
    public List<String> left(List<String> all) {
        Set<String> finished = new HashSet<>(done);
        finished.addAll(failed.keySet());
        return all.stream().filter(name -> !finished.contains(line(name))).toList();
    }

    /** What failed, with the reasons. */
    public Map<String, String> failed() {
        return Map.copyOf(failed);
    }

    /** Rows so far. */
    public long rows() {
        return done.size();
    }

    /** Adds rows with their names, which are on the disk's way when this returns. */
    public void add(List<String> rowNames, float[][] features) throws IOException {
        ByteBuffer bytes = ByteBuffer.allocate(Math.toIntExact(rowBytes() * features.length)).order(ByteOrder.LITTLE_ENDIAN);
        StringBuilder lines = new StringBuilder();
        for (int i = 0; i < features.length; i++) {
            bytes.asFloatBuffer().put(features[i]);
            bytes.position(bytes.position() + (int) rowBytes());
            lines.append(DONE).append('\t').append(line(rowNames.get(i))).append('\n');
        }
        // The rows first: a name without its row would be a row of nothing.
        append(rows, bytes.flip());
        append(names, ByteBuffer.wrap(lines.toString().getBytes(StandardCharsets.UTF_8)));
        rowNames.forEach(name -> done.add(line(name)));
    }

    /** Notes that something has no row. */
    public void fail(String name, String reason) throws IOException {
        append(names, ByteBuffer.wrap((FAILED + "\t" + line(name) + "\t" + line(reason) + "\n")
                .getBytes(StandardCharsets.UTF_8)));
        failed.put(line(name), reason);
    }

    /** Names and reasons are a line each: what would end one is written as a space. */
    private static String line(String text) {
        return text.replaceAll("[\\t\\r\\n]", " ");
    }

    private static void append(FileChannel channel, ByteBuffer bytes) throws IOException {
        while (bytes.hasRemaining()) {
            channel.write(bytes);
        }
    }

    /**
     * Writes the file, and removes what was kept for it.
     *
     * @throws BadArgumentException if there are no rows
     */
    public void finish() throws IOException {
        if (done.isEmpty()) {
            throw new BadArgumentException("there is nothing to write to " + out + ": no row was made");
        }
        try (Arena arena = Arena.ofShared()) {
            MemorySegment memory = rows.map(FileChannel.MapMode.READ_WRITE, 0, done.size() * rowBytes(), arena);
            try (Tensor tensor = Tensor.wrap(memory, DType.FLOAT32, done.size(), width)) {
                if (out.toString().endsWith(".npy")) {
                    Npy.write(out, tensor);
                } else {
                    Safetensors.write(out, Map.of("features", tensor), Map.of("format", "pt"));
                }
            }
        }
        WholeFile.write(out.resolveSibling(out.getFileName() + ".names.txt"), stream -> {
            for (String name : done) {
                stream.write((name + "\n").getBytes(StandardCharsets.UTF_8));
            }
        });
        close();
        forget(out);
    }

    @Override
    public void close() throws IOException {
        if (rows != null) {
            rows.close();
        }
        names.close();
    }
}
