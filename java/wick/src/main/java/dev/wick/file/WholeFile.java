package dev.wick.file;

import dev.wick.error.BadArgumentException;
import java.io.BufferedOutputStream;
import java.io.IOException;
import java.io.OutputStream;
import java.nio.channels.FileChannel;
import java.nio.charset.StandardCharsets;
import java.nio.file.AtomicMoveNotSupportedException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.nio.file.StandardOpenOption;
import java.util.Optional;

/** A file that is there whole or not at all: written beside its place, then moved; any thread. */
public final class WholeFile {
    private static final int BUFFER = 1 << 16;

    private WholeFile() {
    }

    /** What writes a file's bytes one after the other. */
    @FunctionalInterface
    public interface Content {
        /** Writes them all; the stream is buffered, and closed by the caller. */
        void writeTo(OutputStream out) throws IOException;
    }

    /** What writes a file's bytes through a channel. */
    @FunctionalInterface
    public interface ChannelContent {
        /** Writes them all; the channel is closed by the caller. */
        void writeTo(FileChannel channel) throws IOException;
    }

    /** What writes a file that it opens itself. */
    @FunctionalInterface
    public interface NamedContent {
        /** Writes the file of that name. */
        void writeTo(Path temporary) throws IOException;
    }

    /** Writes a file by a stream. */
    public static void write(Path file, Content content) throws IOException {
        writeNamed(file, temporary -> {
            try (OutputStream out = new BufferedOutputStream(Files.newOutputStream(temporary), BUFFER)) {
                content.writeTo(out);
            }
        });
    }

    /** Writes a file by a channel. */
    public static void writeChannel(Path file, ChannelContent content) throws IOException {
        writeNamed(file, temporary -> {
            try (FileChannel channel = FileChannel.open(temporary, StandardOpenOption.CREATE, StandardOpenOption.WRITE,
                    StandardOpenOption.TRUNCATE_EXISTING)) {
                content.writeTo(channel);
            }
        });
    }

    /** Writes a text in UTF-8. */
    public static void writeText(Path file, String text) throws IOException {
        write(file, out -> out.write(text.getBytes(StandardCharsets.UTF_8)));
    }

    /** Writes a file by way of another in the same directory, whose name is handed out. */
    public static void writeNamed(Path file, NamedContent content) throws IOException {
        Path absolute = file.toAbsolutePath().normalize();
        if (Files.isDirectory(absolute) || absolute.getFileName() == null) {
            throw new IOException(file + " is a directory");
        }
        // Not Files.createTempFile, which would make a file that only its owner may read.
        Path temporary = absolute.resolveSibling("." + absolute.getFileName() + "." + ProcessHandle.current().pid() + "."
                + Long.toHexString(System.nanoTime()) + ".part");
        try {
            content.writeTo(temporary);
            move(temporary, absolute);
        } finally {
            Files.deleteIfExists(temporary);
        }
    }

    private static void move(Path from, Path to) throws IOException {
        try {
            Files.move(from, to, StandardCopyOption.ATOMIC_MOVE);
        } catch (AtomicMoveNotSupportedException e) {
            Files.move(from, to, StandardCopyOption.REPLACE_EXISTING);
        }
    }

    /** Why a file cannot be written there, as a clause; empty when it can. Leaves nothing behind. */
    public static Optional<String> obstacle(Path file) {
        Path absolute = file.toAbsolutePath().normalize();
        if (absolute.getFileName() == null || Files.isDirectory(absolute)) {
            return Optional.of("it is a directory");
        }
        if (Files.exists(absolute) && !Files.isRegularFile(absolute)) {
            // What is moved into its place would replace a device or a pipe.
            return Optional.of("it is no regular file");
        }
        return directoryObstacle(absolute.getParent());
    }

    /** Why no file can be made in a directory, as a clause; empty when one can. Leaves nothing behind. */
    public static Optional<String> directoryObstacle(Path directory) {
        if (!Files.isDirectory(directory)) {
            return Optional.of("there is no directory " + directory);
        }
        try {
            // Asked of the file system itself: permissions, read-only mounts and full disks all say no here.
            Files.delete(Files.createTempFile(directory, ".wick", ".part"));
            return Optional.empty();
        } catch (IOException e) {
            return Optional.of("no file can be made in " + directory + " (" + e + ")");
        }
    }

    /**
     * Throws unless a file can be written there; leaves nothing behind.
     *
     * @return the absolute path
     * @throws BadArgumentException if it cannot, with the reason
     */
    public static Path requireWritable(Path file) {
        obstacle(file).ifPresent(reason -> {
            throw new BadArgumentException("cannot write " + file + ": " + reason);
        });
        return file.toAbsolutePath().normalize();
    }
}
