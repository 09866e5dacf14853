package dev.wick.vision.image;

import java.util.zip.CRC32;

/**
 * What a PNG's chunks say; any thread.
 *
 * @param palette 256 colours of 0xRRGGBB, those that the file lacks black
 */
record PngHeader(int width, int height, int depth, int colorType, int[] palette) {
    static final int GREY = 0;
    static final int RGB = 2;
    static final int PALETTE = 3;
    static final int GREY_ALPHA = 4;
    static final int RGBA = 6;
    /** Deflate packs no tighter. */
    private static final long TIGHTEST = 1032;

    /**
     * Reads the chunks and checks the checksums of those that pixels depend on, which ImageIO does not.
     *
     * @throws IllegalArgumentException if it is damaged; the message says how
     */
    static PngHeader of(byte[] bytes) {
        if (bytes.length < 33 || word(bytes, 12) != name("IHDR")) {
            throw new IllegalArgumentException("the file ends inside its header");
        }
        int[] palette = new int[256];
        boolean data = false;
        int at = 8;
        while (at + 12 <= bytes.length) {
            long length = word(bytes, at) & 0xffff_ffffL;
            int type = word(bytes, at + 4);
            boolean critical = (type & 0x2000_0000) == 0;
            if (length > bytes.length - at - 12) {
                if (critical) {
                    throw new IllegalArgumentException("the file is cut off");
                }
                break;
            }
            int size = (int) length;
            if (critical) {
                CRC32 crc = new CRC32();
                crc.update(bytes, at + 4, size + 4);
                if ((int) crc.getValue() != word(bytes, at + 8 + size)) {
                    throw new IllegalArgumentException("the checksum of a part is wrong: it is damaged");
                }
            }
            if (type == name("PLTE") && !data) {
                for (int i = 0; i < Math.min(256, size / 3); i++) {
                    int color = at + 8 + 3 * i;
                    palette[i] = (bytes[color] & 0xff) << 16 | (bytes[color + 1] & 0xff) << 8 | bytes[color + 2] & 0xff;
                }
            }
            data |= type == name("IDAT");
            if (type == name("IEND")) {
                break;
            }
            at += 12 + size;
        }
        if (!data) {
            throw new IllegalArgumentException("it has no pixels");
        }
        return new PngHeader(word(bytes, 16), word(bytes, 20), bytes[24] & 0xff, bytes[25] & 0xff, palette);
    }

    private static int word(byte[] bytes, int at) {
        return (bytes[at] & 0xff) << 24 | (bytes[at + 1] & 0xff) << 16 | (bytes[at + 2] & 0xff) << 8
                | bytes[at + 3] & 0xff;
    }

    private static int name(String text) {
        return text.charAt(0) << 24 | text.charAt(1) << 16 | text.charAt(2) << 8 | text.charAt(3);
    }

    int bands() {
        return switch (colorType) {
            case RGB -> 3;
            case GREY_ALPHA -> 2;
            case RGBA -> 4;
            default -> 1;
        };
    }

    /** Whether a file of so many bytes can hold all pixels. */
    boolean fits(long bytes) {
        long row = ((long) width * bands() * depth + 7) / 8;
        return row * height <= bytes * TIGHTEST;
    }
}
