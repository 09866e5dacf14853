package dev.wick.cli;

import java.nio.file.Files;
import java.nio.file.Path;

/**
 * A picture of 8-bit RGB pixels, row by row; immutable as far as nobody writes the array.
 *
 * <p>Knows no class of java.desktop, which a runtime may lack: those are all in {@link PictureDecoder}.
 */
record PixelImage(int width, int height, byte[] pixels) {
    static PixelImage read(Path file) {
        if (!Files.isRegularFile(file)) {
            throw new CliException("cannot read picture " + file + ": "
                    + (Files.exists(file) ? "it is no regular file" : "there is no such file"));
        }
        if (ModuleLayer.boot().findModule("java.desktop").isEmpty()) {
            throw new CliException("pictures cannot be read: this Java runtime (" + System.getProperty("java.home")
                    + ") has no module java.desktop",
                    "run it on a whole JDK (of named modules with --add-modules java.desktop), or leave --image out");
        }
        return PictureDecoder.decode(file);
    }

    /** A part of the picture. */
    PixelImage crop(int left, int top, int cropWidth, int cropHeight) {
        byte[] cropped = new byte[3 * cropWidth * cropHeight];
        for (int y = 0; y < cropHeight; y++) {
            System.arraycopy(pixels, 3 * ((top + y) * width + left), cropped, 3 * y * cropWidth, 3 * cropWidth);
        }
        return new PixelImage(cropWidth, cropHeight, cropped);
    }
}
