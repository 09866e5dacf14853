package dev.wick.vision.image;

import dev.wick.error.BadArgumentException;
import java.nio.file.Path;

/**
 * A picture of 8-bit RGB pixels, row by row; any thread, as long as nobody writes the array, which is not copied.
 *
 * <p>Knows no class of java.desktop, which a runtime may lack.
 *
 * @param width  in pixels, at least 1
 * @param height in pixels, at least 1
 * @param pixels {@code 3 * width * height} samples: red, green and blue of each pixel ("HWC")
 */
public record PixelImage(int width, int height, byte[] pixels) {
    public PixelImage {
        if (width < 1 || height < 1 || pixels.length != 3L * width * height) {
            throw new BadArgumentException("expected 3 samples for each of " + width + " x " + height + " pixels, got "
                    + pixels.length);
        }
    }

    /**
     * Decodes a picture as Pillow's {@code Image.open(file).convert("RGB")} does: colour profiles and EXIF orientation
     * are not applied, alpha is dropped, the first of several pictures is taken.
     *
     * @throws PictureException if it cannot be read
     */
    public static PixelImage read(Path file) {
        return PillowColors.toRgb(PictureReader.read(file, PictureReader.MAXIMUM_PIXELS));
    }

    /**
     * A part of the picture.
     *
     * @throws BadArgumentException if it is not inside
     */
    public PixelImage crop(int left, int top, int cropWidth, int cropHeight) {
        if (left < 0 || top < 0 || cropWidth < 1 || cropHeight < 1 || cropWidth > width - left
                || cropHeight > height - top) {
            throw new BadArgumentException("expected a part of " + width + " x " + height + " pixels, got " + cropWidth
                    + " x " + cropHeight + " at " + left + ", " + top);
        }
        byte[] cropped = new byte[3 * cropWidth * cropHeight];
        for (int y = 0; y < cropHeight; y++) {
            System.arraycopy(pixels, 3 * ((top + y) * width + left), cropped, 3 * y * cropWidth, 3 * cropWidth);
        }
        return new PixelImage(cropWidth, cropHeight, cropped);
    }
}
