package dev.wick.cli;

import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.channels.FileChannel;
import java.nio.charset.StandardCharsets;
import java.nio.file.AtomicMoveNotSupportedException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.nio.file.StandardOpenOption;

/** Writes a file so that it is there whole or not at all: beside its place first, then moved. */
final class AtomicFile {
    private AtomicFile() {
    }

    /** What writes the file's bytes. */
    interface Content {
        void writeTo(FileChannel channel) throws IOException;
    }

    static void write(Path file, Content content) throws IOException {
        Path absolute = file.toAbsolutePath();
        // Opened by hand: Files.createTempFile would make a file that only its owner may read.
        Path temporary = absolute.resolveSibling("." + absolute.getFileName() + "." + ProcessHandle.current().pid()
                + ".part");
        try {
            try (FileChannel channel = FileChannel.open(temporary, StandardOpenOption.CREATE, StandardOpenOption.WRITE,
                    StandardOpenOption.TRUNCATE_EXISTING)) {
                content.writeTo(channel);
            }
            try {
                Files.move(temporary, absolute, StandardCopyOption.ATOMIC_MOVE);
            } catch (AtomicMoveNotSupportedException e) {
                Files.move(temporary, absolute, StandardCopyOption.REPLACE_EXISTING);
            }
        } finally {
            Files.deleteIfExists(temporary);
        }
    }

    /** Writes a text in UTF-8. */
    static void write(Path file, String text) throws IOException {
        ByteBuffer bytes = ByteBuffer.wrap(text.getBytes(StandardCharsets.UTF_8));
        write(file, channel -> {
            while (bytes.hasRemaining()) {
                channel.write(bytes);
            }
        });
    }

    /** Throws unless a file of this name can be written where it belongs; leaves nothing behind. */
    static void requireWritable(Path file, String option) {
        Path absolute = file.toAbsolutePath();
        if (Files.isDirectory(absolute)) {
            throw new CliException(option + " " + file + " is a directory", "name a file in it");
        }
        if (Files.exists(absolute) && !Files.isRegularFile(absolute)) {
            // What is moved into its place would replace a device or a pipe.
            throw new CliException(option + " " + file + " is no regular file", "name a file");
        }
        Path parent = absolute.getParent();
        if (parent == null || !Files.isDirectory(parent)) {
            throw new CliException(option + " " + file + ": there is no directory " + parent,
                    "mkdir -p '" + parent + "'");
        }
        requireWritableDirectory(parent, option + " " + file);
    }

    /** Throws unless files can be made in a directory; leaves nothing behind. */
    static void requireWritableDirectory(Path directory, String what) {
        try {
            // Asked of the file system itself: permissions, read-only mounts and full disks all say no here.
            Files.delete(Files.createTempFile(directory, ".wick", ".part"));
        } catch (IOException e) {
            throw new CliException(what + ": no file can be written in " + directory + " (" + Failures.message(e) + ")",
                    "choose another place, or change its permissions", e);
        }
    }
}
