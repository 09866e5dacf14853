package dev.wick.study.embedding;

import dev.wick.error.BadArgumentException;
import java.io.IOException;
import java.io.RandomAccessFile;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.FloatBuffer;
import java.nio.channels.FileChannel;
import java.nio.channels.FileLock;
import java.nio.channels.OverlappingFileLockException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Collections;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.function.BiConsumer;

/**
 * Rows of floats and their names in two files, which a process that ends leaves to the next; one thread, and one process at a
 * time.
 *
 * <p>The file has float32 rows one after the other, low byte first; {@code FILE.names} what they are made of in its first line,
 * then a name for each row and each failure. A row counts when its line is whole, so that an end at any point costs one call of
 * {@link #add} at most.
 */
final class RowJournal implements AutoCloseable {
    private static final char DONE = '+';
    private static final char FAILED = '-';
    private static final int ROWS_AT_ONCE = 256;

    private final Path file;
    private final int width;
    // No channels: an interrupt closes those, and what was being written is lost.
    private final RandomAccessFile rows;
    private final RandomAccessFile names;
    private final List<String> done = new ArrayList<>();
    private final Map<String, String> failed = new LinkedHashMap<>();
    private final long resumed;

    /**
     * Opens what an earlier process left, or begins.
     *
     * @param identity what the rows are made of, in one line
     * @param width    floats of a row
     * @throws BadArgumentException if another process writes it, or what lies there was made otherwise
     */
    RowJournal(Path file, String identity, int width) throws IOException {
        this.file = file;
        this.width = width;
        this.names = new RandomAccessFile(namesOf(file).toFile(), "rw");
        try {
            lock();
            this.rows = new RandomAccessFile(file.toFile(), "rw");
        } catch (IOException | RuntimeException e) {
            names.close();
            throw e;
        }
        try {
            resume(line(identity) + " width " + width);
        } catch (IOException | RuntimeException e) {
            close();
            throw e;
        }
        this.resumed = done.size() + failed.size();
    }

    private static Path namesOf(Path file) {
        return file.resolveSibling(file.getFileName() + ".names");
    }

    /** Removes both files. */
    static void forget(Path file) throws IOException {
        Files.deleteIfExists(file);
        Files.deleteIfExists(namesOf(file));
    }

    private void lock() throws IOException {
        FileLock lock;
        try {
            lock = names.getChannel().tryLock();
        } catch (OverlappingFileLockException _) {
            lock = null;
        }
        if (lock == null) {
            throw new BadArgumentException("another process is writing " + file);
        }
    }

    private void resume(String identity) throws IOException {
        String text = new String(Files.readAllBytes(namesOf(file)), StandardCharsets.UTF_8);
        int whole = text.lastIndexOf('\n') + 1;
        if (whole == 0) {
            begin(identity);
            return;
        }
        String[] lines = text.substring(0, whole).split("\n");
        if (!lines[0].equals(identity)) {
            throw new BadArgumentException(namesOf(file) + " was begun with other settings: it says '" + lines[0]
                    + "', now it is '" + identity + "'");
        }
        long present = rows.length() / rowBytes();
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
        rows.setLength(done.size() * rowBytes());
        rows.seek(rows.length());
        long length = kept.toString().getBytes(StandardCharsets.UTF_8).length;
        names.setLength(length);
        names.seek(length);
    }

    private void begin(String identity) throws IOException {
        rows.setLength(0);
        names.setLength(0);
        names.write((identity + "\n").getBytes(StandardCharsets.UTF_8));
    }

    private long rowBytes() {
        return (long) width * Float.BYTES;
    }

    /** How many rows and failures an earlier process had made. */
    long resumed() {
        return resumed;
    }

    /** The names of the rows, in their order. */
    List<String> done() {
        return Collections.unmodifiableList(done);
    }

    /** What failed, with the reasons, in its order. */
    Map<String, String> failed() {
        return Collections.unmodifiableMap(failed);
    }

    /** Adds rows with their names, which are on the disk's way when this returns. */
    void add(List<String> rowNames, float[][] features) throws IOException {
        ByteBuffer bytes = ByteBuffer.allocate(Math.toIntExact(rowBytes() * features.length)).order(ByteOrder.LITTLE_ENDIAN);
        StringBuilder lines = new StringBuilder();
        for (int i = 0; i < features.length; i++) {
            bytes.asFloatBuffer().put(features[i]);
            bytes.position(bytes.position() + (int) rowBytes());
            lines.append(DONE).append('\t').append(line(rowNames.get(i))).append('\n');
        }
        // The rows first: a name without its row would be a row of nothing.
        rows.write(bytes.array());
        names.write(lines.toString().getBytes(StandardCharsets.UTF_8));
        rowNames.forEach(name -> done.add(line(name)));
    }

    /** Notes that something has no row. */
    void fail(String name, String reason) throws IOException {
        names.write((FAILED + "\t" + line(name) + "\t" + line(reason) + "\n").getBytes(StandardCharsets.UTF_8));
        failed.put(line(name), reason);
    }

    /** Names and reasons are a line each: what would end one is written as a space. */
    static String line(String text) {
        return text.replaceAll("[\\t\\r\\n]", " ");
    }

    /** Reads the rows that are there, with their names. */
    void read(BiConsumer<String, float[]> reader) throws IOException {
        byte[] bytes = new byte[Math.toIntExact(rowBytes() * ROWS_AT_ONCE)];
        for (int from = 0; from < done.size(); from += ROWS_AT_ONCE) {
            int count = Math.min(ROWS_AT_ONCE, done.size() - from);
            rows.seek(from * rowBytes());
            rows.readFully(bytes, 0, Math.toIntExact(rowBytes() * count));
            FloatBuffer floats = ByteBuffer.wrap(bytes).order(ByteOrder.LITTLE_ENDIAN).asFloatBuffer();
            for (int i = 0; i < count; i++) {
                float[] row = new float[width];
                floats.get(row);
                reader.accept(done.get(from + i), row);
            }
        }
        rows.seek(rows.length());
    }

    /** The rows as memory. */
    MemorySegment map(Arena arena) throws IOException {
        return rows.getChannel().map(FileChannel.MapMode.READ_WRITE, 0, done.size() * rowBytes(), arena);
    }

    @Override
    public void close() throws IOException {
        try (names) {
            rows.close();
        }
    }
}
