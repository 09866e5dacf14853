package dev.wick.vision.image;

import java.lang.invoke.MethodHandles;
import java.lang.invoke.VarHandle;
import java.nio.ByteOrder;

/**
 * Reads a picture's pixels as words, and takes the bands out of words; any thread.
 *
 * <p>A word has a pixel's first band in its lowest byte, the second in the next; what is above the last band is
 * anything. Of loops with one array in and one out, both from their beginning, the compiler makes vector instructions;
 * of loops over bytes that lie three apart it does not, which is why pixels become words first.
 */
final class PictureWords {
    private static final VarHandle WORD = MethodHandles.byteArrayViewVarHandle(int[].class, ByteOrder.LITTLE_ENDIAN);
    private static final int BYTE = 0xff;

    private final Picture picture;
    private final int bytes;
    private final byte[] samples;

    PictureWords(Picture picture) {
        this.picture = picture;
        this.bytes = picture.mode().bytes();
        this.samples = picture.samples();
    }

    /** Of {@code count} pixels of a row, beginning with column {@code from}. */
    void read(int y, int from, int count, int[] words) {
        int at = at(y, from);
        int fast = beforeEnd(at, count);
        for (int x = 0, pixel = at; x < fast; x++, pixel += bytes) {
            words[x] = (int) WORD.get(samples, pixel);
        }
        for (int x = fast; x < count; x++) {
            words[x] = last(at + x * bytes);
        }
    }

    /** Likewise, of {@code height} rows beginning with row {@code y}, each column into an array of its own. */
    void readColumns(int y, int height, int from, int count, int[][] columns) {
        for (int row = 0; row < height; row++) {
            int at = at(y + row, from);
            int fast = beforeEnd(at, count);
            readInto(columns, row, at, fast);
            for (int x = fast; x < count; x++) {
                columns[x][row] = last(at + x * bytes);
            }
        }
    }

    private void readInto(int[][] columns, int row, int at, int count) {
        for (int x = 0, pixel = at; x < count; x++, pixel += bytes) {
            columns[x][row] = (int) WORD.get(samples, pixel);
        }
    }

    private int at(int y, int x) {
        return (y * picture.width() + x) * bytes;
    }

    /** How many pixels from {@code at} on have four bytes to read. */
    private int beforeEnd(int at, int count) {
        return Math.clamp(Math.floorDiv(samples.length - Integer.BYTES - at, bytes) + 1, 0, count);
    }

    private int last(int at) {
        int word = 0;
        for (int i = 0; i < bytes; i++) {
            word |= (samples[at + i] & BYTE) << Byte.SIZE * i;
        }
        return word;
    }

    /**
     * Takes each band out of words, JPEG's colours converted.
     *
     * @param premultiplied whether colours are to be multiplied by alpha, where there is one
     * @param into          an array for each band
     */
    void bands(int[] words, int count, boolean premultiplied, int[][] into) {
        switch (picture.mode()) {
            case BILEVEL, GREY, PALETTE, GREY_ALPHA, RGB, RGBA, CMYK -> {
                for (int band = 0; band < into.length; band++) {
                    take(words, band, count, into[band]);
                }
            }
            case GREY16 -> {
                for (int i = 0; i < count; i++) {
                    into[0][i] = words[i] & 0xffff;
                }
            }
            case YCBCR -> YcbcrColors.toRgb(words, count, into);
            case YCCK -> {
                // libjpeg turns it into CMYK by inverting, and Pillow, which takes all such files for Adobe's, inverts
                // that.
                YcbcrColors.toRgb(words, count, into);
                takeInverted(words, count, into[3]);
            }
        }
        if (premultiplied && (picture.mode() == Picture.Mode.RGBA || picture.mode() == Picture.Mode.GREY_ALPHA)) {
            int alpha = into.length - 1;
            for (int band = 0; band < alpha; band++) {
                PillowColors.multiply(into[band], into[alpha], count);
            }
        }
    }

    /** The samples of a band. */
    static void take(int[] words, int band, int count, int[] into) {
        int shift = Byte.SIZE * band;
        for (int i = 0; i < count; i++) {
            into[i] = words[i] >> shift & BYTE;
        }
    }

    private static void takeInverted(int[] words, int count, int[] black) {
        for (int i = 0; i < count; i++) {
            black[i] = BYTE - (words[i] >> 24 & BYTE);
        }
    }

    /** Puts samples of 8 bits into words whose bytes from {@code band} on are zero, or any if it is the first. */
    static void put(int[] samples, int band, int[] words) {
        if (band == 0) {
            System.arraycopy(samples, 0, words, 0, samples.length);
            return;
        }
        int shift = Byte.SIZE * band;
        for (int i = 0; i < samples.length; i++) {
            words[i] |= samples[i] << shift;
        }
    }

    /** Writes a row of words with {@code bytes} bytes each. */
    static void write(int[] words, int bytes, byte[] samples, int to) {
        int count = words.length;
        // Each word's highest bytes are the next pixel's, which is written after it.
        int fast = Math.clamp(Math.floorDiv(samples.length - Integer.BYTES - to, bytes) + 1, 0, count);
        for (int x = 0, at = to; x < fast; x++, at += bytes) {
            WORD.set(samples, at, words[x]);
        }
        for (int x = fast; x < count; x++) {
            for (int i = 0; i < bytes; i++) {
                samples[to + x * bytes + i] = (byte) (words[x] >> Byte.SIZE * i);
            }
        }
    }
}
