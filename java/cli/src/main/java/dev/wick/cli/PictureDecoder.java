package dev.wick.cli;

import java.awt.image.BufferedImage;
import java.awt.image.IndexColorModel;
import java.awt.image.Raster;
import java.io.IOException;
import java.nio.file.Path;
import java.util.Iterator;
import javax.imageio.ImageIO;
import javax.imageio.ImageReader;
import javax.imageio.stream.ImageInputStream;

/**
 * Decodes pictures with ImageIO, of the module java.desktop; any thread.
 *
 * <p>To the same numbers as Pillow's {@code convert("RGB")}: colour profiles and EXIF orientation are not applied, alpha
 * is dropped. Java's own conversions would apply profiles and brighten grey pictures, so samples are read from the
 * raster.
 */
final class PictureDecoder {
    /** Beyond this a file of a few bytes could ask for all memory. */
    private static final long MOST_PIXELS = 178_956_970;

    private PictureDecoder() {
    }

    static PixelImage decode(Path file) {
        // No temporary file for a picture that fits into memory.
        ImageIO.setUseCache(false);
        try (ImageInputStream stream = ImageIO.createImageInputStream(file.toFile())) {
            Iterator<ImageReader> readers = stream == null ? java.util.Collections.emptyIterator()
                    : ImageIO.getImageReaders(stream);
            if (!readers.hasNext()) {
                throw new CliException("cannot read picture " + file + ": it is in no format that is known here",
                        "JPEG, PNG, GIF, BMP and TIFF are read");
            }
            ImageReader reader = readers.next();
            try {
                reader.setInput(stream, true, true);
                if ((long) reader.getWidth(0) * reader.getHeight(0) > MOST_PIXELS) {
                    throw new CliException("cannot read picture " + file + ": " + reader.getWidth(0) + " x "
                            + reader.getHeight(0) + " pixels are more than the " + MOST_PIXELS + " that are read");
                }
                return of(reader, reader.read(0));
            } finally {
                reader.dispose();
            }
        } catch (IOException | RuntimeException e) {
            if (e instanceof CliException known) {
                throw known;
            }
            throw new CliException("cannot read picture " + file + ": " + Failures.message(e), null, e);
        }
    }

    private static PixelImage of(ImageReader reader, BufferedImage image) {
        int width = image.getWidth();
        int height = image.getHeight();
        byte[] pixels = new byte[Math.multiplyExact(3, Math.multiplyExact(width, height))];
        Raster raster = image.getRaster();
        int bands = raster.getNumBands();
        boolean indexed = image.getColorModel() instanceof IndexColorModel;
        int shift = indexed ? 0 : Math.max(0, image.getColorModel().getComponentSize(0) - 8);
        int[] row = new int[bands * width];
        for (int y = 0; y < height; y++) {
            raster.getPixels(0, y, width, 1, row);
            for (int x = 0; x < width; x++) {
                int at = 3 * (y * width + x);
                if (image.getColorModel() instanceof IndexColorModel palette) {
                    pixels[at] = (byte) palette.getRed(row[x]);
                    pixels[at + 1] = (byte) palette.getGreen(row[x]);
                    pixels[at + 2] = (byte) palette.getBlue(row[x]);
                } else {
                    boolean grey = bands < 3;
                    for (int band = 0; band < 3; band++) {
                        pixels[at + band] = (byte) (row[bands * x + (grey ? 0 : band)] >> shift);
                    }
                }
            }
        }
        return new PixelImage(width, height, pixels);
    }
}
