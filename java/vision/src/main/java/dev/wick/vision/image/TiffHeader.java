package dev.wick.vision.image;

import java.nio.BufferUnderflowException;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;

/**
 * What the first directory of a TIFF says; any thread.
 *
 * @param bits        of a sample
 * @param photometric what the samples mean
 * @param palette     256 colours of 0xRRGGBB, from the high bytes of the file's 16-bit ones
 */
record TiffHeader(long width, long height, int bits, int photometric, int[] palette) {
    static final int WHITE_IS_ZERO = 0;
    static final int RGB = 2;
    static final int PALETTE = 3;
    static final int SEPARATED = 5;
    static final int YCBCR = 6;

    /** @throws IllegalArgumentException if there is no directory */
    static TiffHeader of(byte[] bytes) {
        try {
            ByteBuffer buffer = ByteBuffer.wrap(bytes)
                    .order(bytes[0] == 'I' ? ByteOrder.LITTLE_ENDIAN : ByteOrder.BIG_ENDIAN);
            int at = buffer.getInt(4);
            int entries = buffer.getShort(at) & 0xffff;
            long width = 0;
            long height = 0;
            int bits = 1;
            int photometric = -1;
            int[] palette = new int[256];
            for (int i = 0; i < entries; i++) {
                int entry = at + 2 + 12 * i;
                switch (buffer.getShort(entry) & 0xffff) {
                    case 256 -> width = value(buffer, entry);
                    case 257 -> height = value(buffer, entry);
                    case 258 -> bits = (int) value(buffer, entry);
                    case 262 -> photometric = (int) value(buffer, entry);
                    case 320 -> palette(buffer, entry, palette);
                    default -> {
                        // The reader's.
                    }
                }
            }
            return new TiffHeader(width, height, bits, photometric, palette);
        } catch (IndexOutOfBoundsException | BufferUnderflowException e) {
            throw new IllegalArgumentException("the file is cut off", e);
        }
    }

    private static void palette(ByteBuffer buffer, int entry, int[] palette) {
        int colors = Math.min(256, buffer.getInt(entry + 4) / 3);
        int at = buffer.getInt(entry + 8);
        for (int i = 0; i < colors; i++) {
            for (int band = 0; band < 3; band++) {
                palette[i] = palette[i] << 8 | (buffer.getShort(at + 2 * (band * colors + i)) & 0xffff) >> 8;
            }
        }
    }

    /** The first of an entry's values, which are shorts or longs, in the entry itself or elsewhere. */
    private static long value(ByteBuffer buffer, int entry) {
        boolean shorts = buffer.getShort(entry + 2) == 3;
        long count = buffer.getInt(entry + 4) & 0xffff_ffffL;
        int at = count * (shorts ? 2 : 4) <= 4 ? entry + 8 : buffer.getInt(entry + 8);
        return shorts ? buffer.getShort(at) & 0xffff : buffer.getInt(at) & 0xffff_ffffL;
    }
}
