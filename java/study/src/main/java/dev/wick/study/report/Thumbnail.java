package dev.wick.study.report;

import dev.wick.vision.image.ImagePreprocessor;
import dev.wick.vision.image.PixelImage;
import java.awt.image.BufferedImage;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Path;
import javax.imageio.ImageIO;

/** Small pictures for a page, as JPEG; any thread. Takes java.desktop. */
public final class Thumbnail {
    /** Twice as large as the page shows it, for screens of high resolution. */
    private static final int SIDE = 192;
    private static final ImagePreprocessor RECIPE = ImagePreprocessor.clip(SIDE);

    private Thumbnail() {
    }

    /** The middle of a picture, as models see it. */
    public static byte[] of(Path file) {
        return of(RECIPE.pixels(file));
    }

    /** A picture as it is. */
    public static byte[] of(PixelImage image) {
        BufferedImage buffered = new BufferedImage(image.width(), image.height(), BufferedImage.TYPE_INT_RGB);
        byte[] pixels = image.pixels();
        int[] row = new int[image.width()];
        for (int y = 0; y < image.height(); y++) {
            for (int x = 0; x < row.length; x++) {
                int at = 3 * (y * row.length + x);
                row[x] = (pixels[at] & 0xff) << 16 | (pixels[at + 1] & 0xff) << 8 | pixels[at + 2] & 0xff;
            }
            buffered.setRGB(0, y, row.length, 1, row, 0, row.length);
        }
        ByteArrayOutputStream out = new ByteArrayOutputStream();
        try {
            ImageIO.write(buffered, "jpeg", out);
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
        return out.toByteArray();
    }
}
