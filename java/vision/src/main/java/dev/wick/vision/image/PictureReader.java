package dev.wick.vision.image;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;

/**
 * Reads picture files where the Java runtime can; any thread.
 *
 * <p>Knows no class of java.desktop, which a runtime may lack: those are all in {@link PictureDecoder}.
 */
final class PictureReader {
    /** Pillow's own limit: beyond it a file of a few bytes could ask for all memory. */
    static final long MAXIMUM_PIXELS = 178_956_970;
    private static final long MAXIMUM_FILE = 1L << 30;

    private PictureReader() {
    }

    static Picture read(Path file, long maximumPixels) {
        String source = file.toString();
        byte[] bytes;
        try {
            if (!Files.isRegularFile(file)) {
                throw new PictureException(source, Files.isDirectory(file) ? "it is a directory"
                        : Files.exists(file) ? "it is no regular file"
                        : Files.isSymbolicLink(file) ? "it is a link that leads nowhere" : "there is no such file");
            }
            long size = Files.size(file);
            if (size > MAXIMUM_FILE) {
                throw new PictureException(source, "it has " + size + " bytes; at most " + MAXIMUM_FILE + " are read");
            }
            bytes = Files.readAllBytes(file);
        } catch (IOException e) {
            throw new PictureException(source, e.getMessage() == null ? e.toString() : e.getMessage(), e);
        }
        return read(bytes, source, maximumPixels);
    }

    static Picture read(byte[] bytes, String source, long maximumPixels) {
        if (bytes.length == 0) {
            throw new PictureException(source, "the file is empty");
        }
        if (ModuleLayer.boot().findModule("java.desktop").isEmpty()) {
            throw new PictureException(source, "pictures cannot be read: this Java runtime ("
                    + System.getProperty("java.home") + ") has no module java.desktop; run it on a whole JDK (of named "
                    + "modules with --add-modules java.desktop)");
        }
        return PictureDecoder.decode(bytes, source, maximumPixels);
    }
}
