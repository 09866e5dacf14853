package dev.wick.vision.image;

import dev.wick.vision.image.Picture.Mode;
import java.util.Arrays;

/**
 * Pillow's resize with antialiasing, to the bit, of the part of the result that is wanted; any thread.
 *
 * <p>Fixed-point weights, rows first, then columns, rounded to 8 bits in between (Pillow's Resample.c); 16-bit pictures
 * in floating point; palette and bilevel pictures by the nearest pixel; pictures with alpha with colours multiplied by
 * it.
 */
final class PillowResize {
    private static final int HALF = 1 << ResizeWeights.PRECISION_BITS - 1;
    /** So many that loops over a column are long, so few that the columns of a sum stay in the processor's cache. */
    private static final int ROWS = 256;

    private PillowResize() {
    }

    /** A part of a picture. */
    record Window(int left, int top, int width, int height) {
    }

    /**
     * A window of the picture as it would be at another size.
     *
     * @return of the window's size, in the picture's mode; what JPEG stores as YCbCr comes as RGB
     */
    static Picture resize(Picture picture, ResizeFilter filter, long width, long height, Window window) {
        if (width == picture.width() && height == picture.height()) {
            return cropped(picture, window);
        }
        if (picture.mode().isResizedByNearest()) {
            return nearest(picture, width, height, window);
        }
        // What is not in the window is not computed, so that a long and narrow picture takes no more than another.
        ResizeWeights columns = ResizeWeights.of(filter, picture.width(), Math.toIntExact(width), window.left(),
                window.width());
        ResizeWeights rows = ResizeWeights.of(filter, picture.height(), Math.toIntExact(height), window.top(),
                window.height());
        if (picture.mode() == Mode.GREY16) {
            return sixteenBit(picture, columns, rows);
        }
        int bands = picture.mode().bands();
        int[][][] middle = horizontally(picture, columns, rows);
        byte[] samples = new byte[Math.multiplyExact(Math.multiplyExact(bands, window.width()), window.height())];
        int[] weights = rows.fixed();
        int[] sums = new int[window.width()];
        int[] words = new int[window.width()];
        for (int y = 0; y < window.height(); y++) {
            for (int band = 0; band < bands; band++) {
                sum(middle[band], rows.starts()[y] - rows.first(), rows.counts()[y], weights, y * rows.taps(), sums);
                PictureWords.put(sums, band, words);
            }
            PictureWords.write(words, bands, samples, bands * y * window.width());
        }
        Mode mode = picture.mode().converted();
        if (mode == Mode.RGBA || mode == Mode.GREY_ALPHA) {
            divideByAlpha(samples, bands);
        }
        return new Picture(mode, window.width(), window.height(), samples, null);
    }

    /**
     * The rows that the second pass reads, of each band.
     *
     * <p>A sum over neighbours in a row is no loop of which the compiler makes vector instructions, but one over whole
     * columns is. So some rows at a time are turned into columns, and the narrow result is turned back.
     */
    private static int[][][] horizontally(Picture picture, ResizeWeights columns, ResizeWeights rows) {
        int bands = picture.mode().bands();
        int width = columns.starts().length;
        int height = rows.end() - rows.first();
        int[][][] middle = new int[bands][height][width];
        int blocks = Math.ceilDiv(height, ROWS);
        int block = Math.ceilDiv(height, blocks);
        NarrowedRows narrowed = new NarrowedRows(picture, columns, block);
        for (int from = 0; from < height; from += block) {
            // The last block may begin before the one before it ends, so that all have the same number of rows.
            int top = Math.min(from, height - block);
            int[][] words = narrowed.read(rows.first() + top);
            for (int y = 0; y < block; y++) {
                for (int band = 0; band < bands; band++) {
                    PictureWords.take(words[y], band, width, middle[band][top + y]);
                }
            }
        }
        return middle;
    }

    /** The weighted sums of {@code count} arrays from {@code from} on, as samples of 8 bits. */
    static void sum(int[][] source, int from, int count, int[] weights, int weightsFrom, int[] samples) {
        Arrays.fill(samples, HALF);
        int tap = 0;
        for (; tap + 4 <= count; tap += 4) {
            int at = from + tap;
            int weight = weightsFrom + tap;
            add(source[at], source[at + 1], source[at + 2], source[at + 3], weights[weight], weights[weight + 1],
                    weights[weight + 2], weights[weight + 3], samples);
        }
        for (; tap < count; tap++) {
            add(source[from + tap], weights[weightsFrom + tap], samples);
        }
        for (int i = 0; i < samples.length; i++) {
            samples[i] = clip(samples[i]);
        }
    }

    // Of their own, without conditions, and all arrays from their beginnings: the compiler makes vector instructions of
    // them only if it sees that what is written is not what is read next.

    private static void add(int[] a, int[] b, int[] c, int[] d, int weightA, int weightB, int weightC, int weightD,
            int[] sums) {
        for (int i = 0; i < sums.length; i++) {
            sums[i] += a[i] * weightA + b[i] * weightB + c[i] * weightC + d[i] * weightD;
        }
    }

    private static void add(int[] source, int weight, int[] sums) {
        for (int i = 0; i < sums.length; i++) {
            sums[i] += source[i] * weight;
        }
    }

    private static int clip(int sum) {
        return Math.min(Math.max(sum >> ResizeWeights.PRECISION_BITS, 0), 255);
    }

    private static void divideByAlpha(byte[] samples, int bands) {
        for (int at = 0; at < samples.length; at += bands) {
            int alpha = samples[at + bands - 1] & 0xff;
            for (int band = 0; band < bands - 1; band++) {
                samples[at + band] = (byte) PillowColors.divide(samples[at + band] & 0xff, alpha);
            }
        }
    }

    // Without a filter

    private static Picture cropped(Picture picture, Window window) {
        Mode mode = picture.mode().converted();
        if (mode == picture.mode() && window.equals(new Window(0, 0, picture.width(), picture.height()))) {
            return picture;
        }
        if (mode == picture.mode()) {
            int bytes = mode.bytes();
            byte[] samples = new byte[bytes * window.width() * window.height()];
            for (int y = 0; y < window.height(); y++) {
                System.arraycopy(picture.samples(), bytes * ((window.top() + y) * picture.width() + window.left()),
                        samples, bytes * y * window.width(), bytes * window.width());
            }
            return new Picture(mode, window.width(), window.height(), samples, picture.palette());
        }
        int bands = mode.bands();
        byte[] samples = new byte[bands * window.width() * window.height()];
        int[] words = new int[window.width()];
        int[][] row = new int[bands][window.width()];
        PictureWords reader = new PictureWords(picture);
        for (int y = 0; y < window.height(); y++) {
            reader.read(window.top() + y, window.left(), window.width(), words);
            reader.bands(words, window.width(), false, row);
            for (int band = 0; band < bands; band++) {
                PictureWords.put(row[band], band, words);
            }
            PictureWords.write(words, bands, samples, bands * y * window.width());
        }
        return new Picture(mode, window.width(), window.height(), samples, null);
    }

    private static Picture nearest(Picture picture, long width, long height, Window window) {
        int[] columns = nearest(picture.width(), width, window.left(), window.width());
        int[] rows = nearest(picture.height(), height, window.top(), window.height());
        byte[] samples = new byte[window.width() * window.height()];
        for (int y = 0; y < window.height(); y++) {
            for (int x = 0; x < window.width(); x++) {
                samples[y * window.width() + x] = picture.samples()[rows[y] * picture.width() + columns[x]];
            }
        }
        return new Picture(picture.mode(), window.width(), window.height(), samples, picture.palette());
    }

    /** Added up step by step as Pillow does, since the rounding of a product would be another. */
    private static int[] nearest(int inputSize, long outputSize, int from, int count) {
        double step = (double) inputSize / outputSize;
        double at = step * 0.5;
        for (int i = 0; i < from; i++) {
            at += step;
        }
        int[] sources = new int[count];
        for (int i = 0; i < count; i++) {
            // Beyond the edge Pillow leaves the pixel black; the sum never gets there by a whole pixel.
            sources[i] = Math.min((int) at, inputSize - 1);
            at += step;
        }
        return sources;
    }

    // 16 bits

    private static Picture sixteenBit(Picture picture, ResizeWeights columns, ResizeWeights rows) {
        int width = columns.starts().length;
        int height = rows.starts().length;
        int from = columns.first();
        int[] words = new int[columns.end() - from];
        int[][] row = new int[1][words.length];
        int[] middle = new int[Math.multiplyExact(width, rows.end() - rows.first())];
        PictureWords reader = new PictureWords(picture);
        for (int y = rows.first(); y < rows.end(); y++) {
            reader.read(y, from, words.length, words);
            reader.bands(words, words.length, false, row);
            for (int x = 0; x < width; x++) {
                int start = columns.starts()[x] - from;
                middle[(y - rows.first()) * width + x] = weighted(row[0], start, 1, columns, x);
            }
        }
        byte[] samples = new byte[2 * width * height];
        for (int y = 0; y < height; y++) {
            int start = (rows.starts()[y] - rows.first()) * width;
            for (int x = 0; x < width; x++) {
                int sample = weighted(middle, start + x, width, rows, y);
                samples[2 * (y * width + x)] = (byte) sample;
                samples[2 * (y * width + x) + 1] = (byte) (sample >> 8);
            }
        }
        return new Picture(Mode.GREY16, width, height, samples, null);
    }

    private static int weighted(int[] source, int from, int step, ResizeWeights weights, int output) {
        double sum = 0;
        for (int i = 0; i < weights.counts()[output]; i++) {
            sum += source[from + i * step] * weights.exact()[output * weights.taps() + i];
        }
        int rounded = (int) (sum >= 0 ? Math.floor(sum + 0.5f) : -Math.floor(Math.abs(sum) + 0.5f));
        // Each byte is clipped by itself, as Pillow does, so that an overshoot keeps its low byte.
        return clipByte(rounded % 256) | clipByte(rounded >> 8) << 8;
    }

    private static int clipByte(int value) {
        return Math.min(Math.max(value, 0), 255);
    }
}
