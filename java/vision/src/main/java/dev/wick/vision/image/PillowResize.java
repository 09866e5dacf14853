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
        int stride = Math.multiplyExact(bands, window.width());
        int[] middle = horizontally(picture, columns, rows);
        byte[] samples = new byte[Math.multiplyExact(stride, window.height())];
        int[] weights = rows.fixed();
        int[] sums = new int[stride];
        for (int y = 0; y < window.height(); y++) {
            sum(middle, (rows.starts()[y] - rows.first()) * stride, stride, rows.counts()[y], weights, y * rows.taps(),
                    sums);
            interleave(sums, bands, window.width(), samples, y * stride);
        }
        Mode mode = picture.mode().converted();
        if (mode == Mode.RGBA || mode == Mode.GREY_ALPHA) {
            divideByAlpha(samples, bands);
        }
        return new Picture(mode, window.width(), window.height(), samples, null);
    }

    /** The rows that the second pass reads, each as one stretch for each band. */
    private static int[] horizontally(Picture picture, ResizeWeights columns, ResizeWeights rows) {
        int bands = picture.mode().bands();
        int outputWidth = columns.starts().length;
        int from = columns.first();
        int count = columns.end() - from;
        int[] middle = new int[Math.multiplyExact(bands * outputWidth, rows.end() - rows.first())];
        int[] weights = columns.fixed();
        int[] starts = new int[outputWidth];
        for (int x = 0; x < outputWidth; x++) {
            starts[x] = columns.starts()[x] - from;
        }
        int[][] row = new int[bands][count];
        PictureRows reader = new PictureRows(picture, true);
        for (int y = rows.first(), to = 0; y < rows.end(); y++, to += bands * outputWidth) {
            reader.read(y, from, count, row);
            int band = 0;
            if (bands >= 3) {
                narrow(row[0], row[1], row[2], starts, columns.counts(), weights, columns.taps(), middle, to);
                band = 3;
            }
            for (; band < bands; band++) {
                narrow(row[band], starts, columns.counts(), weights, columns.taps(), middle, to + band * outputWidth);
            }
        }
        return middle;
    }

    private static void narrow(int[] source, int[] starts, int[] counts, int[] weights, int taps, int[] target,
            int to) {
        for (int x = 0; x < starts.length; x++) {
            int start = starts[x];
            int end = start + counts[x];
            int sum = HALF;
            for (int i = start, at = x * taps; i < end; i++, at++) {
                sum += source[i] * weights[at];
            }
            target[to + x] = clip(sum);
        }
    }

    /** Three bands at once, which read their weights once. */
    private static void narrow(int[] red, int[] green, int[] blue, int[] starts, int[] counts, int[] weights, int taps,
            int[] target, int to) {
        int width = starts.length;
        for (int x = 0; x < width; x++) {
            int start = starts[x];
            int end = start + counts[x];
            int redSum = HALF;
            int greenSum = HALF;
            int blueSum = HALF;
            for (int i = start, at = x * taps; i < end; i++, at++) {
                int weight = weights[at];
                redSum += red[i] * weight;
                greenSum += green[i] * weight;
                blueSum += blue[i] * weight;
            }
            target[to + x] = clip(redSum);
            target[to + width + x] = clip(greenSum);
            target[to + 2 * width + x] = clip(blueSum);
        }
    }

    /** The weighted sum of {@code count} stretches, {@code step} apart, and a half. */
    private static void sum(int[] source, int from, int step, int count, int[] weights, int weightsFrom, int[] sums) {
        Arrays.fill(sums, HALF);
        int tap = 0;
        int at = from;
        for (; tap + 4 <= count; tap += 4, at += 4 * step) {
            int weight = weightsFrom + tap;
            add(source, at, at + step, at + 2 * step, at + 3 * step, weights[weight], weights[weight + 1],
                    weights[weight + 2], weights[weight + 3], sums);
        }
        for (; tap < count; tap++, at += step) {
            add(source, at, weights[weightsFrom + tap], sums);
        }
    }

    // Of their own, and without conditions, so that the compiler makes vector instructions of them.

    private static void add(int[] source, int a, int b, int c, int d, int weightA, int weightB, int weightC,
            int weightD, int[] sums) {
        for (int i = 0; i < sums.length; i++) {
            sums[i] += source[a + i] * weightA + source[b + i] * weightB + source[c + i] * weightC + source[d + i]
                    * weightD;
        }
    }

    private static void add(int[] source, int from, int weight, int[] sums) {
        for (int i = 0; i < sums.length; i++) {
            sums[i] += source[from + i] * weight;
        }
    }

    private static void interleave(int[] sums, int bands, int width, byte[] samples, int to) {
        for (int band = 0; band < bands; band++) {
            for (int x = 0, at = to + band; x < width; x++, at += bands) {
                samples[at] = (byte) clip(sums[band * width + x]);
            }
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
            int bytes = bytesPerPixel(mode);
            byte[] samples = new byte[bytes * window.width() * window.height()];
            for (int y = 0; y < window.height(); y++) {
                System.arraycopy(picture.samples(), bytes * ((window.top() + y) * picture.width() + window.left()),
                        samples, bytes * y * window.width(), bytes * window.width());
            }
            return new Picture(mode, window.width(), window.height(), samples, picture.palette());
        }
        int bands = mode.bands();
        byte[] samples = new byte[bands * window.width() * window.height()];
        int[][] row = new int[bands][window.width()];
        PictureRows reader = new PictureRows(picture, false);
        for (int y = 0; y < window.height(); y++) {
            reader.read(window.top() + y, window.left(), window.width(), row);
            for (int band = 0; band < bands; band++) {
                for (int x = 0; x < window.width(); x++) {
                    samples[bands * (y * window.width() + x) + band] = (byte) row[band][x];
                }
            }
        }
        return new Picture(mode, window.width(), window.height(), samples, null);
    }

    private static int bytesPerPixel(Mode mode) {
        return mode == Mode.GREY16 ? 2 : mode.bands();
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
        int[][] row = new int[1][columns.end() - from];
        int[] middle = new int[Math.multiplyExact(width, rows.end() - rows.first())];
        PictureRows reader = new PictureRows(picture, false);
        for (int y = rows.first(); y < rows.end(); y++) {
            reader.read(y, from, row[0].length, row);
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
