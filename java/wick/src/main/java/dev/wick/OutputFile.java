package dev.wick;

import dev.wick.error.BadArgumentException;
import java.io.IOException;
import java.nio.file.AtomicMoveNotSupportedException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.util.function.Consumer;

/** A file that is there whole or not at all: written beside its place, then moved; any thread. */
final class OutputFile {
    private OutputFile() {
    }

    /**
     * Throws unless a file can be written there; leaves nothing behind.
     *
     * @return the absolute path
     */
    static Path requireWritable(Path file) {
        Path absolute = file.toAbsolutePath().normalize();
        if (absolute.getFileName() == null || Files.isDirectory(absolute)) {
            throw new BadArgumentException("cannot write " + file + ": it is a directory");
        }
        if (Files.exists(absolute) && !Files.isRegularFile(absolute)) {
            throw new BadArgumentException("cannot write " + file + ": it is no regular file");
        }
        if (!Files.isDirectory(absolute.getParent())) {
            throw new BadArgumentException("cannot write " + file + ": there is no directory " + absolute.getParent());
        }
        try {
            // Asked of the file system itself: permissions, read-only mounts and full disks all say no here.
            Files.delete(Files.createTempFile(absolute.getParent(), ".wick", ".part"));
        } catch (IOException e) {
            throw failed(file, e);
        }
        return absolute;
    }

    /** Writes a file by way of another in the same directory. */
    static void write(Path file, Consumer<Path> content) {
        Path absolute = requireWritable(file);
        Path temporary = absolute.resolveSibling("." + absolute.getFileName() + "." + ProcessHandle.current().pid()
                + "." + Long.toHexString(System.nanoTime()) + ".part");
        try {
            try {
                content.accept(temporary);
                move(temporary, absolute);
            } finally {
                Files.deleteIfExists(temporary);
            }
        } catch (IOException e) {
            throw failed(file, e);
        }
    }

    private static void move(Path from, Path to) throws IOException {
        try {
            Files.move(from, to, StandardCopyOption.ATOMIC_MOVE);
        } catch (AtomicMoveNotSupportedException e) {
            Files.move(from, to, StandardCopyOption.REPLACE_EXISTING);
        }
    }

    private static BadArgumentException failed(Path file, IOException cause) {
        BadArgumentException failure = new BadArgumentException("cannot write " + file + ": " + cause);
        failure.initCause(cause);
        return failure;
    }
}
