package dev.wick.vision.image;

import dev.wick.DType;
import dev.wick.Tensor;
import dev.wick.error.BadArgumentException;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.Locale;

/**
 * Turns pictures into a model's input: resized, cropped at the centre, normalised; immutable, any thread.
 *
 * <pre>{@code
 * var recipe = ImagePreprocessor.clip(224);
 * try (Tensor image = recipe.tensor(Path.of("cat.jpg"));
 *         Tensor features = model.call("encode_image", image).tensor()) { }
 * recipe.write(Path.of("cat.jpg"), runner.input(0).segment());    // or straight into page-locked memory
 * }</pre>
 *
 * <p>The 8-bit pixels are those of Pillow 11 and torchvision 0.21: antialiased filters with Pillow's fixed-point
 * weights, torchvision's rounding of sizes and edges, EXIF orientation and colour profiles not applied. Only what the
 * crop keeps is computed. Of lossy WebP alone the pixels are others, by tens of levels at edges of colours, since the
 * reader at hand (TwelveMonkeys') does not interpolate colours as Pillow's does. Files are read with java.desktop; a
 * runtime without it can prepare pixels that are there already.
 */
public final class ImagePreprocessor {
    private static final double IMAGENET_RESIZED = 256.0 / 224.0;
    private static final int CHANNELS = 3;
    private static final int LARGEST = 16_384;

    private final int resized;
    private final int cropWidth;
    private final int cropHeight;
    private final ResizeFilter filter;
    private final boolean inOwnMode;
    private final float[] mean;
    private final float[] deviation;
    private final long maximumPixels;

    private ImagePreprocessor(int resized, int cropWidth, int cropHeight, ResizeFilter filter, boolean inOwnMode,
            float[] mean, float[] deviation, long maximumPixels) {
        if (resized < 1 || cropWidth < 1 || cropHeight < 1 || resized > LARGEST
                || cropWidth > LARGEST || cropHeight > LARGEST) {
            throw new BadArgumentException("expected sizes from 1 to " + LARGEST + ", got a shorter side of " + resized
                    + " and a crop of "
                    + cropWidth + " x " + cropHeight);
        }
        this.resized = resized;
        this.cropWidth = cropWidth;
        this.cropHeight = cropHeight;
        this.filter = filter;
        this.inOwnMode = inOwnMode;
        this.mean = mean;
        this.deviation = deviation;
        this.maximumPixels = maximumPixels;
    }

    /**
     * CLIP's: the shorter side resized to {@code size} by {@link ResizeFilter#BICUBIC} in the picture's own mode (so
     * that palette and 1-bit pictures are resized by the nearest pixel), a square cropped, then converted to RGB.
     *
     * @param size of the square: 224, 288, 336, 384 or 448 in the published models
     */
    public static ImagePreprocessor clip(int size) {
        return new ImagePreprocessor(size, size, size, ResizeFilter.BICUBIC, true,
                new float[] {0.48145466f, 0.4578275f, 0.40821073f}, new float[] {0.26862954f, 0.26130258f, 0.27577711f},
                PictureReader.MAXIMUM_PIXELS);
    }

    /** {@link #imagenet(int, int)} with the shorter side resized to 256/224 of the square. */
    public static ImagePreprocessor imagenet(int size) {
        return imagenet((int) Math.round(IMAGENET_RESIZED * size), size);
    }

    /**
     * That of torchvision's ImageNet models: converted to RGB, the shorter side resized by
     * {@link ResizeFilter#BILINEAR}, a square cropped.
     *
     * @param resized length of the shorter side: 256 in most models
     * @param size    of the square: 224 in most models
     */
    public static ImagePreprocessor imagenet(int resized, int size) {
        return new ImagePreprocessor(resized, size, size, ResizeFilter.BILINEAR, false,
                new float[] {0.485f, 0.456f, 0.406f}, new float[] {0.229f, 0.224f, 0.225f},
                PictureReader.MAXIMUM_PIXELS);
    }

    /** The same with another crop, which may be larger than the resized picture: that is centred on black. */
    public ImagePreprocessor withCrop(int width, int height) {
        return new ImagePreprocessor(resized, width, height, filter, inOwnMode, mean, deviation, maximumPixels);
    }

    /** The same with another length of the shorter side. */
    public ImagePreprocessor withResized(int shorterSide) {
        return new ImagePreprocessor(shorterSide, cropWidth, cropHeight, filter, inOwnMode, mean, deviation,
                maximumPixels);
    }

    /** The same with another filter, as models have that were trained with bicubic ImageNet pictures. */
    public ImagePreprocessor withFilter(ResizeFilter other) {
        return new ImagePreprocessor(resized, cropWidth, cropHeight, other, inOwnMode, mean, deviation, maximumPixels);
    }

    /** The same with other means and deviations of the three channels, of values between 0 and 1. */
    public ImagePreprocessor withNormalization(float[] newMean, float[] newDeviation) {
        if (newMean.length != CHANNELS || newDeviation.length != CHANNELS) {
            throw new BadArgumentException("expected a mean and a deviation for each of 3 channels, got "
                    + newMean.length
                    + " and " + newDeviation.length);
        }
        for (float each : newDeviation) {
            if (!(each > 0)) {
                throw new BadArgumentException("expected deviations above 0, got " + Arrays.toString(newDeviation));
            }
        }
        return new ImagePreprocessor(resized, cropWidth, cropHeight, filter, inOwnMode, newMean.clone(),
                newDeviation.clone(), maximumPixels);
    }

    /**
     * The same with another limit for the pixels of a file, beyond which it is refused before it is decoded;
     * 178,956,970 otherwise, as in Pillow. Decoding takes up to 8 bytes of heap for each pixel.
     */
    public ImagePreprocessor withMaximumPixels(long most) {
        if (most < 1) {
            throw new BadArgumentException("expected at least 1 pixel, got " + most);
        }
        return new ImagePreprocessor(resized, cropWidth, cropHeight, filter, inOwnMode, mean, deviation, most);
    }

    /** Columns of the result. */
    public int width() {
        return cropWidth;
    }

    /** Rows of the result. */
    public int height() {
        return cropHeight;
    }

    /** The length of the shorter side before the crop. */
    public int resized() {
        return resized;
    }

    public ResizeFilter filter() {
        return filter;
    }

    /** Of the channels red, green and blue. */
    public float[] mean() {
        return mean.clone();
    }

    /** Of the channels red, green and blue. */
    public float[] deviation() {
        return deviation.clone();
    }

    /** Bytes of one picture in float32: {@code 4 * 3 * height * width}. */
    public long byteSize() {
        return (long) Float.BYTES * CHANNELS * cropWidth * cropHeight;
    }

    /**
     * The 8-bit pixels of a file after resize, crop and conversion to RGB.
     *
     * @throws PictureException if it cannot be read
     */
    public PixelImage pixels(Path file) {
        return prepared(PictureReader.read(file, maximumPixels), file.toString());
    }

    /**
     * Likewise, of the bytes of a file.
     *
     * @param name for errors
     */
    public PixelImage pixels(byte[] encoded, String name) {
        return prepared(PictureReader.read(encoded, name, maximumPixels), name);
    }

    /** Likewise, of an RGB picture. */
    public PixelImage pixels(PixelImage image) {
        return prepared(new Picture(Picture.Mode.RGB, image.width(), image.height(), image.pixels(), null), "given");
    }

    private PixelImage prepared(Picture picture, String source) {
        try {
            if (inOwnMode || picture.mode().converted() == Picture.Mode.RGB || picture.mode() == Picture.Mode.GREY) {
                // Resizing a grey picture and three equal bands comes to the same.
                return PillowColors.toRgb(resizedAndCropped(picture));
            }
            PixelImage rgb = PillowColors.toRgb(picture);
            return PillowColors.toRgb(resizedAndCropped(new Picture(Picture.Mode.RGB, rgb.width(), rgb.height(),
                    rgb.pixels(), null)));
        } catch (ArithmeticException e) {
            throw new PictureException(source, "it is too long and narrow: " + picture.width() + " x "
                    + picture.height()
                    + " pixels", e);
        } catch (OutOfMemoryError e) {
            throw new PictureException(source, "its pixels do not fit into the Java heap (" + e.getMessage() + ")", e);
        }
    }

    private Picture resizedAndCropped(Picture picture) {
        PreprocessedSize size = PreprocessedSize.of(picture.width(), picture.height(), resized, cropWidth, cropHeight);
        Picture kept = PillowResize.resize(picture, filter, size.width(), size.height(), size.window());
        return size.isPadded() ? padded(kept, size) : kept;
    }

    /**
     * Centred on zeros, as torchvision pads what is smaller than the crop; those are black, or a palette's first
     * colour.
     */
    private Picture padded(Picture picture, PreprocessedSize size) {
        int bytes = picture.samples().length / (picture.width() * picture.height());
        byte[] samples = new byte[Math.multiplyExact(bytes, Math.multiplyExact(cropWidth, cropHeight))];
        for (int y = 0; y < picture.height(); y++) {
            System.arraycopy(picture.samples(), bytes * y * picture.width(), samples,
                    bytes * ((size.padTop() + y) * cropWidth + size.padLeft()), bytes * picture.width());
        }
        return new Picture(picture.mode(), cropWidth, cropHeight, samples, picture.palette());
    }

    /**
     * Writes normalised pixels, channel by channel ("CHW"), as float32 in native order.
     *
     * @param target of at least {@link #byteSize()} bytes, 4-aligned: a runner's input, a slot of page-locked memory
     * @throws BadArgumentException if the picture is not of this recipe's size, or the memory too small or read-only
     */
    public void normalize(PixelImage prepared, MemorySegment target) {
        if (prepared.width() != cropWidth || prepared.height() != cropHeight) {
            throw new BadArgumentException("expected " + cropWidth + " x " + cropHeight + " prepared pixels, got "
                    + prepared.width() + " x " + prepared.height());
        }
        if (target.byteSize() < byteSize() || target.isReadOnly()) {
            throw new BadArgumentException("expected writable memory of " + byteSize() + " bytes, got "
                    + target.byteSize()
                    + (target.isReadOnly() ? ", read-only" : ""));
        }
        PictureWords reader = new PictureWords(new Picture(Picture.Mode.RGB, cropWidth, cropHeight, prepared.pixels(),
                null));
        int[] words = new int[cropWidth];
        int[] samples = new int[cropWidth];
        float[] values = new float[cropWidth];
        for (int y = 0; y < cropHeight; y++) {
            reader.read(y, 0, cropWidth, words);
            for (int channel = 0; channel < CHANNELS; channel++) {
                PictureWords.take(words, channel, cropWidth, samples);
                normalize(samples, mean[channel], deviation[channel], values);
                MemorySegment.copy(values, 0, target, ValueLayout.JAVA_FLOAT, Float.BYTES
                        * ((long) channel * cropHeight + y) * cropWidth, cropWidth);
            }
        }
    }

    private static void normalize(int[] samples, float mean, float deviation, float[] values) {
        for (int i = 0; i < samples.length; i++) {
            values[i] = (samples[i] / 255f - mean) / deviation;
        }
    }

    /**
     * Decodes, prepares and writes a file, as {@link #normalize} does.
     *
     * @throws PictureException if it cannot be read; the memory is as before
     */
    public void write(Path file, MemorySegment target) {
        normalize(pixels(file), target);
    }

    /** A float32 tensor of [1, 3, height, width] on the CPU; the caller's, or its scope's, to close. */
    public Tensor tensor(Path file) {
        return tensor(pixels(file), 1);
    }

    /** Prepared pixels as a float32 tensor of [batch, 3, height, width] that holds them {@code batch} times. */
    public Tensor tensor(PixelImage prepared, long batch) {
        Tensor tensor = Tensor.empty(DType.FLOAT32, batch, CHANNELS, cropHeight, cropWidth);
        try {
            MemorySegment memory = tensor.segment();
            normalize(prepared, memory);
            for (long i = 1; i < batch; i++) {
                MemorySegment.copy(memory, 0, memory, i * byteSize(), byteSize());
            }
            return tensor;
        } catch (RuntimeException e) {
            tensor.close();
            throw e;
        }
    }

    /** What samples between 0 and 1 are normalised by, for a reader: {@code mean 0.485 0.456 0.406, deviation ...}. */
    public String normalization() {
        return String.format(Locale.ROOT, "mean %.3f %.3f %.3f, deviation %.3f %.3f %.3f", mean[0], mean[1], mean[2],
                deviation[0], deviation[1], deviation[2]);
    }

    /** Whether pictures are resized before they are converted to RGB. */
    boolean inOwnMode() {
        return inOwnMode;
    }

    long maximumPixels() {
        return maximumPixels;
    }

    @Override
    public String toString() {
        return "shorter side to " + resized + " (" + filter + (inOwnMode ? ", then" : ", after")
                + " conversion to RGB), crop "
                + cropWidth + " x " + cropHeight;
    }
}
