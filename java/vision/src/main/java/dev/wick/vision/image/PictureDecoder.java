package dev.wick.vision.image;

import dev.wick.vision.image.Picture.Mode;
import java.awt.image.BufferedImage;
import java.awt.image.ColorModel;
import java.awt.image.ComponentSampleModel;
import java.awt.image.DataBuffer;
import java.awt.image.DataBufferByte;
import java.awt.image.IndexColorModel;
import java.awt.image.PixelInterleavedSampleModel;
import java.awt.image.Raster;
import java.io.ByteArrayInputStream;
import java.io.IOException;
import java.util.Arrays;
import java.util.Iterator;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.ConcurrentHashMap;
import javax.imageio.ImageReadParam;
import javax.imageio.ImageReader;
import javax.imageio.ImageTypeSpecifier;
import javax.imageio.spi.IIORegistry;
import javax.imageio.spi.ImageReaderSpi;
import javax.imageio.stream.ImageInputStream;
import javax.imageio.stream.MemoryCacheImageInputStream;

/**
 * Decodes pictures with ImageIO, of the module java.desktop, into the mode in which Pillow would have them; any thread.
 *
 * <p>Samples are read from rasters: Java's own conversions would apply colour profiles, brighten grey pictures and take
 * some JPEGs for RGB that are YCbCr. Modes, palettes and screens are read from the files' headers, since ImageIO does
 * not tell them all.
 */
final class PictureDecoder {
    private static final String NO_FORMAT = "it is in no format that is known here: JPEG, PNG, GIF, BMP, TIFF and WebP "
            + "are read";
    /** The readers of the JDK, whatever else is on the class path, so that a picture is the same everywhere. */
    private static final String JDK_READERS = "com.sun.imageio.plugins.";
    private static final Map<String, Optional<ImageReaderSpi>> PROVIDERS = new ConcurrentHashMap<>();

    private PictureDecoder() {
    }

    static Picture decode(byte[] bytes, String source, long maximumPixels) {
        try {
            if (starts(bytes, 0, 0xff, 0xd8)) {
                return jpeg(bytes, source, maximumPixels);
            }
            if (starts(bytes, 0, 0x89, 'P', 'N', 'G', '\r', '\n', 0x1a, '\n')) {
                return png(bytes, source, maximumPixels);
            }
            if (starts(bytes, 0, 'G', 'I', 'F', '8')) {
                return gif(bytes, source, maximumPixels);
            }
            if (starts(bytes, 0, 'B', 'M')) {
                return bmp(bytes, source, maximumPixels);
            }
            if (starts(bytes, 0, 'I', 'I', 42, 0) || starts(bytes, 0, 'M', 'M', 0, 42)) {
                return tiff(bytes, source, maximumPixels);
            }
            if (starts(bytes, 0, 'R', 'I', 'F', 'F') && starts(bytes, 8, 'W', 'E', 'B', 'P')) {
                return webp(bytes, source, maximumPixels);
            }
        } catch (PictureException e) {
            throw e;
        } catch (IOException | RuntimeException e) {
            throw new PictureException(source, e.getMessage() == null ? "it is damaged (" + e + ")" : e.getMessage(),
                    e);
        } catch (OutOfMemoryError e) {
            throw new PictureException(source, "its pixels do not fit into the Java heap (" + e.getMessage() + ")", e);
        }
        throw new PictureException(source, NO_FORMAT);
    }

    private static boolean starts(byte[] bytes, int at, int... expected) {
        for (int i = 0; i < expected.length; i++) {
            if (at + i >= bytes.length || (bytes[at + i] & 0xff) != expected[i]) {
                return false;
            }
        }
        return true;
    }

    private static void requireSize(long width, long height, String source, long maximumPixels) {
        if (width < 1 || height < 1) {
            throw new PictureException(source, "it has " + width + " x " + height + " pixels");
        }
        if (width * height > maximumPixels) {
            throw new PictureException(source, width + " x " + height + " pixels are more than the " + maximumPixels
                    + " that are read");
        }
    }

    // Readers

    private static ImageReaderSpi provider(String format, boolean ofJdk, String source) {
        return PROVIDERS.computeIfAbsent(format, _ -> {
            var all = IIORegistry.getDefaultInstance().getServiceProviders(ImageReaderSpi.class, true);
            while (all.hasNext()) {
                ImageReaderSpi each = all.next();
                if (Arrays.asList(each.getFormatNames()).contains(format)
                        && each.getClass().getName().startsWith(JDK_READERS) == ofJdk) {
                    return Optional.of(each);
                }
            }
            return Optional.empty();
        }).orElseThrow(() -> new PictureException(source, "no reader for " + format + " is there"
                + (format.equals("webp") ? "; com.twelvemonkeys.imageio:imageio-webp on the class path is one" : "")));
    }

    /** What a reader is asked for. */
    private interface Read<T> {
        T from(ImageReader reader) throws IOException;
    }

    private static <T> T read(String format, byte[] bytes, String source, Read<T> read) throws IOException {
        ImageReader reader = provider(format, !format.equals("webp"), source).createReaderInstance();
        // Of memory, so that no temporary file is made whatever ImageIO's global setting is.
        try (ImageInputStream stream = new MemoryCacheImageInputStream(new ByteArrayInputStream(bytes))) {
            reader.setInput(stream, true, true);
            return read.from(reader);
        } finally {
            reader.dispose();
        }
    }

    // JPEG

    private static Picture jpeg(byte[] bytes, String source, long maximumPixels) throws IOException {
        JpegHeader header = JpegHeader.of(bytes);
        if (header == null) {
            throw new PictureException(source, "it is damaged: a JPEG without a frame");
        }
        requireSize(header.width(), header.height(), source, maximumPixels);
        if (header.precision() != 8) {
            throw new PictureException(source, "its samples have " + header.precision() + " bits; JPEGs of 8 are read");
        }
        int bands = header.components();
        if (bands != 1 && bands != 3 && bands != 4) {
            throw new PictureException(source, "it has " + bands + " components; JPEGs of 1, 3 and 4 are read");
        }
        if ((long) header.width() * header.height() > header.mostPixels(bytes.length)) {
            throw new PictureException(source, "the file is cut off: " + bytes.length + " bytes cannot hold "
                    + header.width() + " x " + header.height() + " pixels");
        }
        boolean[] cut = {false};
        Raster raster = read("jpeg", bytes, source, reader -> {
            reader.addIIOReadWarningListener((_, warning) ->
                    cut[0] |= warning != null && (warning.contains("EOI") || warning.contains("Premature end")));
            return reader.readRaster(0, null);
        });
        if (cut[0]) {
            throw new PictureException(source, "the file is cut off");
        }
        byte[] samples = samples(raster, bands, 0);
        for (int band = 0; band < bands; band++) {
            if (header.hasHalfRows(band)) {
                interpolateRows(samples, raster.getWidth(), raster.getHeight(), bands, band);
            }
        }
        Mode mode = switch (bands) {
            case 1 -> Mode.GREY;
            case 3 -> header.isYcbcr() ? Mode.YCBCR : Mode.RGB;
            default -> header.isYcbcr() ? Mode.YCCK : Mode.CMYK;
        };
        if (mode == Mode.CMYK) {
            // Pillow takes all of them for Adobe's, which are inverted.
            for (int i = 0; i < samples.length; i++) {
                samples[i] = (byte) ~samples[i];
            }
        }
        return new Picture(mode, raster.getWidth(), raster.getHeight(), samples, null);
    }

    /**
     * From rows that are repeated to those that libjpeg-turbo interpolates: three parts of the nearer, one of the
     * other.
     */
    private static void interpolateRows(byte[] samples, int width, int height, int bands, int band) {
        int stride = width * bands;
        for (int x = 0; x < width; x++) {
            int at = x * bands + band;
            int before = samples[at] & 0xff;
            for (int y = 0; y < height; y += 2) {
                int here = samples[y * stride + at] & 0xff;
                int after = y + 2 < height ? samples[(y + 2) * stride + at] & 0xff : here;
                samples[y * stride + at] = (byte) (3 * here + before + 1 >> 2);
                if (y + 1 < height) {
                    samples[(y + 1) * stride + at] = (byte) (3 * here + after + 2 >> 2);
                }
                before = here;
            }
        }
    }

    // PNG

    private static Picture png(byte[] bytes, String source, long maximumPixels) throws IOException {
        PngHeader header = PngHeader.of(bytes);
        requireSize(header.width(), header.height(), source, maximumPixels);
        if (!header.fits(bytes.length)) {
            throw new PictureException(source, "the file is cut off: " + bytes.length + " bytes cannot hold "
                    + header.width() + " x " + header.height() + " pixels");
        }
        Raster raster = read("png", bytes, source, reader -> {
            ImageReadParam parameters = reader.getDefaultReadParam();
            bandsInOrder(reader, header.bands()).ifPresent(parameters::setDestinationType);
            return reader.read(0, parameters);
        }).getRaster();
        int width = raster.getWidth();
        int height = raster.getHeight();
        if (header.colorType() == PngHeader.GREY && header.depth() == 16) {
            return new Picture(Mode.GREY16, width, height, sixteenBitSamples(raster), null);
        }
        byte[] samples = samples(raster, header.bands(), Math.max(0, header.depth() - 8));
        return switch (header.colorType()) {
            case PngHeader.GREY -> {
                spread(samples, header.depth());
                yield new Picture(header.depth() == 1 ? Mode.BILEVEL : Mode.GREY, width, height, samples, null);
            }
            case PngHeader.PALETTE -> new Picture(Mode.PALETTE, width, height, samples, header.palette());
            case PngHeader.GREY_ALPHA -> new Picture(Mode.GREY_ALPHA, width, height, samples, null);
            case PngHeader.RGB -> new Picture(Mode.RGB, width, height, samples, null);
            default -> new Picture(Mode.RGBA, width, height, samples, null);
        };
    }

    /** The kind of picture whose bytes are as in the file: the reader's first would have blue before red. */
    private static Optional<ImageTypeSpecifier> bandsInOrder(ImageReader reader, int bands) throws IOException {
        Iterator<ImageTypeSpecifier> types = reader.getImageTypes(0);
        while (types.hasNext()) {
            ImageTypeSpecifier type = types.next();
            if (type.getSampleModel() instanceof PixelInterleavedSampleModel model && bands >= 3
                    && model.getDataType() == DataBuffer.TYPE_BYTE && model.getPixelStride() == bands
                    && isInOrder(model)) {
                return Optional.of(type);
            }
        }
        return Optional.empty();
    }

    private static boolean isInOrder(ComponentSampleModel model) {
        int[] offsets = model.getBandOffsets();
        for (int band = 0; band < offsets.length; band++) {
            if (offsets[band] != band) {
                return false;
            }
        }
        return true;
    }

    /** Grey levels of fewer than 8 bits to 0 to 255. */
    private static void spread(byte[] samples, int depth) {
        if (depth < 8) {
            int factor = 255 / ((1 << depth) - 1);
            for (int i = 0; i < samples.length; i++) {
                samples[i] = (byte) (samples[i] * factor);
            }
        }
    }

    // GIF

    private static Picture gif(byte[] bytes, String source, long maximumPixels) throws IOException {
        GifHeader header = GifHeader.of(bytes);
        requireSize(header.width(), header.height(), source, maximumPixels);
        requireSize(header.frameWidth(), header.frameHeight(), source, maximumPixels);
        boolean[] cut = {false};
        Raster raster = read("gif", bytes, source, reader -> {
            reader.addIIOReadWarningListener((_, _) -> cut[0] = true);
            return reader.read(0);
        }).getRaster();
        if (cut[0]) {
            throw new PictureException(source, "the file is cut off");
        }
        byte[] frame = samples(raster, 1, 0);
        byte[] samples = frame;
        if (raster.getWidth() != header.width() || raster.getHeight() != header.height()) {
            samples = new byte[Math.multiplyExact(header.width(), header.height())];
            Arrays.fill(samples, (byte) header.background());
            for (int y = 0; y < raster.getHeight(); y++) {
                System.arraycopy(frame, y * raster.getWidth(), samples, (header.top() + y) * header.width()
                        + header.left(), raster.getWidth());
            }
        }
        return new Picture(header.palette() == null ? Mode.GREY : Mode.PALETTE, header.width(), header.height(),
                samples, header.palette());
    }

    // BMP

    private static Picture bmp(byte[] bytes, String source, long maximumPixels) throws IOException {
        BufferedImage image = read("bmp", bytes, source, reader -> {
            requireSize(reader.getWidth(0), reader.getHeight(0), source, maximumPixels);
            return reader.read(0);
        });
        Raster raster = image.getRaster();
        if (!(image.getColorModel() instanceof IndexColorModel palette)) {
            return trueColor(image, source);
        }
        byte[] samples = samples(raster, 1, 0);
        int[] colors = colors(palette);
        int count = palette.getMapSize();
        boolean grey = true;
        for (int i = 0; i < count; i++) {
            int level = count == 2 ? 255 * i : i;
            grey &= colors[i] == level * 0x010101;
        }
        if (!grey) {
            return new Picture(Mode.PALETTE, raster.getWidth(), raster.getHeight(), samples, colors);
        }
        if (count == 2) {
            spread(samples, 1);
        }
        return new Picture(count == 2 ? Mode.BILEVEL : Mode.GREY, raster.getWidth(), raster.getHeight(), samples, null);
    }

    private static int[] colors(IndexColorModel palette) {
        int[] colors = new int[256];
        for (int i = 0; i < Math.min(256, palette.getMapSize()); i++) {
            colors[i] = palette.getRGB(i) & 0xff_ffff;
        }
        return colors;
    }

    // TIFF

    private static Picture tiff(byte[] bytes, String source, long maximumPixels) throws IOException {
        TiffHeader header = TiffHeader.of(bytes);
        requireSize(header.width(), header.height(), source, maximumPixels);
        BufferedImage image = read("tiff", bytes, source, reader -> reader.read(0));
        Raster raster = image.getRaster();
        int width = raster.getWidth();
        int height = raster.getHeight();
        if (image.getColorModel() instanceof IndexColorModel palette) {
            byte[] samples = samples(raster, 1, 0);
            if (header.photometric() == TiffHeader.PALETTE) {
                return new Picture(Mode.PALETTE, width, height, samples, header.palette());
            }
            int[] colors = colors(palette);
            // Grey levels of few bits come with a palette of greys, which says whether 0 is black or white.
            for (int i = 0; i < samples.length; i++) {
                samples[i] = (byte) colors[samples[i] & 0xff];
            }
            return new Picture(header.bits() == 1 ? Mode.BILEVEL : Mode.GREY, width, height, samples, null);
        }
        if (raster.getNumBands() == 1 && header.bits() == 16) {
            if (header.photometric() == TiffHeader.WHITE_IS_ZERO) {
                throw new PictureException(source, "16-bit TIFFs in which 0 is white are not read");
            }
            return new Picture(Mode.GREY16, width, height, sixteenBitSamples(raster), null);
        }
        if (header.photometric() == TiffHeader.SEPARATED && raster.getNumBands() == 4) {
            return new Picture(Mode.CMYK, width, height, samples(raster, 4, Math.max(0, header.bits() - 8)), null);
        }
        if (header.photometric() == TiffHeader.WHITE_IS_ZERO && raster.getNumBands() == 1 && header.bits() == 8) {
            byte[] samples = samples(raster, 1, 0);
            for (int i = 0; i < samples.length; i++) {
                samples[i] = (byte) ~samples[i];
            }
            return new Picture(Mode.GREY, width, height, samples, null);
        }
        if (header.bits() > 16 || header.photometric() > TiffHeader.RGB && header.photometric() != TiffHeader.YCBCR) {
            throw new PictureException(source, "TIFFs of " + header.bits()
                    + "-bit samples and photometric interpretation "
                    + header.photometric() + " are not read");
        }
        return trueColor(image, source);
    }

    // WebP

    private static Picture webp(byte[] bytes, String source, long maximumPixels) throws IOException {
        return trueColor(read("webp", bytes, source, reader -> {
            requireSize(reader.getWidth(0), reader.getHeight(0), source, maximumPixels);
            return reader.read(0);
        }), source);
    }

    // Rasters

    private static Picture trueColor(BufferedImage image, String source) {
        Raster raster = image.getRaster();
        ColorModel colors = image.getColorModel();
        int bands = raster.getNumBands();
        Mode mode = switch (bands) {
            case 1 -> Mode.GREY;
            case 2 -> Mode.GREY_ALPHA;
            case 3 -> Mode.RGB;
            case 4 -> Mode.RGBA;
            default -> throw new PictureException(source, "it has " + bands + " bands");
        };
        int bits = colors.getComponentSize(0);
        if (bits > 16) {
            throw new PictureException(source, "its samples have " + bits + " bits");
        }
        byte[] samples = samples(raster, bands, Math.max(0, bits - 8));
        if (bits < 8) {
            for (int i = 0; i < samples.length; i++) {
                int most = (1 << colors.getComponentSize(i % bands)) - 1;
                samples[i] = (byte) ((samples[i] & 0xff) * 255 / most);
            }
        }
        Picture picture = new Picture(mode, raster.getWidth(), raster.getHeight(), samples, null);
        if (colors.isAlphaPremultiplied() && colors.hasAlpha()) {
            for (int at = 0; at < samples.length; at += bands) {
                for (int band = 0; band < bands - 1; band++) {
                    samples[at + band] = (byte) PillowColors.divide(samples[at + band] & 0xff,
                            samples[at + bands - 1] & 0xff);
                }
            }
        }
        return picture;
    }

    /** The first bands of a raster, side by side, each sample without its lowest {@code shift} bits. */
    private static byte[] samples(Raster raster, int bands, int shift) {
        int width = raster.getWidth();
        int height = raster.getHeight();
        if (shift == 0 && raster.getDataBuffer() instanceof DataBufferByte buffer
                && raster.getSampleModel() instanceof PixelInterleavedSampleModel model
                && model.getPixelStride() == bands && model.getScanlineStride() == width * bands
                && raster.getNumBands() == bands && buffer.getOffset() == 0 && raster.getSampleModelTranslateX() == 0
                && raster.getSampleModelTranslateY() == 0 && buffer.getData().length == width * height * bands) {
            byte[] data = buffer.getData();
            if (isInOrder(model)) {
                return data;
            }
            int[] offsets = model.getBandOffsets();
            if (bands == 3 && offsets[0] == 2 && offsets[1] == 1 && offsets[2] == 0) {
                for (int at = 0; at < data.length; at += 3) {
                    byte blue = data[at];
                    data[at] = data[at + 2];
                    data[at + 2] = blue;
                }
                return data;
            }
        }
        byte[] samples = new byte[Math.multiplyExact(bands, Math.multiplyExact(width, height))];
        int there = raster.getNumBands();
        int[] row = new int[there * width];
        for (int y = 0, to = 0; y < height; y++) {
            raster.getPixels(raster.getMinX(), raster.getMinY() + y, width, 1, row);
            for (int x = 0; x < width; x++) {
                for (int band = 0; band < bands; band++) {
                    samples[to++] = (byte) (row[there * x + band] >> shift);
                }
            }
        }
        return samples;
    }

    private static byte[] sixteenBitSamples(Raster raster) {
        int width = raster.getWidth();
        byte[] samples = new byte[Math.multiplyExact(2, Math.multiplyExact(width, raster.getHeight()))];
        int bands = raster.getNumBands();
        int[] row = new int[bands * width];
        for (int y = 0, to = 0; y < raster.getHeight(); y++) {
            raster.getPixels(0, y, width, 1, row);
            for (int x = 0; x < width; x++) {
                samples[to++] = (byte) row[bands * x];
                samples[to++] = (byte) (row[bands * x] >> 8);
            }
        }
        return samples;
    }
}
