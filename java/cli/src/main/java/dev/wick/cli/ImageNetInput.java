package dev.wick.cli;

import dev.wick.DType;
import dev.wick.Tensor;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.nio.file.Path;

/**
 * Prepares a picture as torchvision's ImageNet models expect it: shorter side resized to 256/224 of the crop, centre
 * crop, values between 0 and 1, less the mean, by the deviation; any thread.
 */
final class ImageNetInput {
    private static final float[] MEAN = {0.485f, 0.456f, 0.406f};
    private static final float[] DEVIATION = {0.229f, 0.224f, 0.225f};
    private static final double RESIZED = 256.0 / 224.0;

    private ImageNetInput() {
    }

    /** The 8-bit pixels after resize and crop. */
    static PixelImage pixels(Path file, int width, int height) {
        PixelImage image = PixelImage.read(file);
        int shorter = (int) Math.round(RESIZED * Math.max(width, height));
        PixelImage resized;
        if (Math.min(image.width(), image.height()) == shorter) {
            resized = image;
        } else if (image.width() <= image.height()) {
            resized = PillowResize.bilinear(image, shorter, scaled(shorter, image.height(), image.width(), file));
        } else {
            resized = PillowResize.bilinear(image, scaled(shorter, image.width(), image.height(), file), shorter);
        }
        // Python rounds halves to the even number, and so does rint.
        int left = (int) Math.rint((resized.width() - width) / 2.0);
        int top = (int) Math.rint((resized.height() - height) / 2.0);
        return resized.crop(left, top, width, height);
    }

    private static int scaled(int shorter, int longSide, int shortSide, Path file) {
        long size = (long) shorter * longSide / shortSide;
        if (size * shorter > Integer.MAX_VALUE / 3) {
            throw new CliException("picture " + file + " is too narrow: resized, its longer side would have " + size
                    + " pixels", "crop it first");
        }
        return (int) size;
    }

    /** A float32 tensor of {@code batch x 3 x height x width} that holds the picture {@code batch} times. */
    static Tensor tensor(PixelImage image, long batch) {
        int area = image.width() * image.height();
        Tensor tensor = Tensor.empty(DType.FLOAT32, batch, 3, image.height(), image.width());
        MemorySegment memory = tensor.segment();
        for (int channel = 0; channel < 3; channel++) {
            for (int i = 0; i < area; i++) {
                float value = (image.pixels()[3 * i + channel] & 0xff) / 255f;
                memory.setAtIndex(ValueLayout.JAVA_FLOAT, (long) channel * area + i,
                        (value - MEAN[channel]) / DEVIATION[channel]);
            }
        }
        long bytes = 3L * area * Float.BYTES;
        for (long i = 1; i < batch; i++) {
            MemorySegment.copy(memory, 0, memory, i * bytes, bytes);
        }
        return tensor;
    }
}
