package dev.wick.vision.image;

/**
 * What a GIF says of its first picture; any thread.
 *
 * @param width       of the screen, which is Pillow's picture, the frame lying somewhere on it
 * @param background  the index of what the frame leaves free
 * @param palette     256 colours of 0xRRGGBB; null where Pillow takes the indices for grey levels
 */
record GifHeader(int width, int height, int left, int top, int frameWidth, int frameHeight, int background,
        int[] palette) {
    /** @throws IllegalArgumentException if there is no first picture */
    static GifHeader of(byte[] bytes) {
        try {
            return parse(bytes);
        } catch (ArrayIndexOutOfBoundsException e) {
            throw new IllegalArgumentException("the file is cut off", e);
        }
    }

    private static GifHeader parse(byte[] bytes) {
        int flags = bytes[10] & 0xff;
        int at = 13;
        int[] global = null;
        boolean known = false;
        if ((flags & 0x80) != 0) {
            int colors = 2 << (flags & 7);
            global = palette(bytes, at, colors);
            known = true;
            at += 3 * colors;
        }
        int transparent = 0;
        while (true) {
            int block = bytes[at++] & 0xff;
            if (block == 0x21) {
                int label = bytes[at++] & 0xff;
                if (label == 0xf9 && (bytes[at] & 0xff) >= 4 && (bytes[at + 1] & 1) != 0) {
                    transparent = bytes[at + 4] & 0xff;
                }
                while (bytes[at] != 0) {
                    at += 1 + (bytes[at] & 0xff);
                }
                at++;
            } else if (block == 0x2c) {
                break;
            } else if (block == 0x3b) {
                throw new IllegalArgumentException("it has no picture");
            }
        }
        int left = half(bytes, at);
        int top = half(bytes, at + 2);
        int frameWidth = half(bytes, at + 4);
        int frameHeight = half(bytes, at + 6);
        int local = bytes[at + 8] & 0xff;
        int[] colors = (local & 0x80) != 0 ? palette(bytes, at + 9, 2 << (local & 7)) : known ? global : null;
        // A frame that reaches beyond the screen makes it larger.
        int width = Math.max(half(bytes, 6), left + frameWidth);
        int height = Math.max(half(bytes, 8), top + frameHeight);
        return new GifHeader(width, height, left, top, frameWidth, frameHeight, transparent, colors);
    }

    private static int half(byte[] bytes, int at) {
        return bytes[at] & 0xff | (bytes[at + 1] & 0xff) << 8;
    }

    /** Null for the one in which each colour is the grey of its index, which Pillow does not count as one. */
    private static int[] palette(byte[] bytes, int at, int colors) {
        int[] palette = new int[256];
        boolean needed = false;
        for (int i = 0; i < colors; i++) {
            int red = bytes[at + 3 * i] & 0xff;
            int green = bytes[at + 3 * i + 1] & 0xff;
            int blue = bytes[at + 3 * i + 2] & 0xff;
            palette[i] = red << 16 | green << 8 | blue;
            needed |= red != i || green != i || blue != i;
        }
        return needed ? palette : null;
    }
}
