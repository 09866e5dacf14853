package dev.wick.vision.image;

/**
 * What a JPEG's markers say of its colours; any thread.
 *
 * @param identifiers     of the components
 * @param horizontal      sampling factors of the components
 * @param vertical        likewise
 * @param jfif            whether there is a JFIF marker
 * @param adobeTransform  of an Adobe marker; -1 without one
 */
record JpegHeader(int precision, int width, int height, int[] identifiers, int[] horizontal, int[] vertical,
        boolean jfif, int adobeTransform) {
    private static final int BITS_OF_BYTE = 8;
    private static final int BLOCK = 64;

    /** Reads markers up to the first scan; null if there is no frame before it. */
    static JpegHeader of(byte[] bytes) {
        boolean jfif = false;
        int adobe = -1;
        JpegHeader frame = null;
        int at = 2;
        while (at + 4 <= bytes.length) {
            if ((bytes[at] & 0xff) != 0xff) {
                // libjpeg skips what lies between markers.
                at++;
                continue;
            }
            int marker = bytes[at + 1] & 0xff;
            if (marker == 0xff) {
                at++;
                continue;
            }
            if (marker == 0 || marker == 1 || marker >= 0xd0 && marker <= 0xd8) {
                at += 2;
                continue;
            }
            if (marker == 0xda || marker == 0xd9) {
                break;
            }
            int length = (bytes[at + 2] & 0xff) << 8 | bytes[at + 3] & 0xff;
            int data = at + 4;
            if (marker == 0xe0 && length >= 16 && starts(bytes, data, "JFIF\0")) {
                jfif = true;
            } else if (marker == 0xee && length >= 14 && starts(bytes, data, "Adobe") && data + 11 < bytes.length) {
                adobe = bytes[data + 11] & 0xff;
            } else if (marker >= 0xc0 && marker <= 0xcf && marker != 0xc4 && marker != 0xc8 && marker != 0xcc
                    && data + 6 <= bytes.length) {
                frame = frame(bytes, data, length);
            }
            at += 2 + Math.max(length, 2);
        }
        return frame == null ? null : new JpegHeader(frame.precision, frame.width, frame.height, frame.identifiers,
                frame.horizontal, frame.vertical, jfif, adobe);
    }

    private static JpegHeader frame(byte[] bytes, int data, int length) {
        int components = bytes[data + 5] & 0xff;
        if (components == 0 || length < 8 + 3 * components || data + 6 + 3 * components > bytes.length) {
            return null;
        }
        int[] identifiers = new int[components];
        int[] horizontal = new int[components];
        int[] vertical = new int[components];
        for (int i = 0; i < components; i++) {
            identifiers[i] = bytes[data + 6 + 3 * i] & 0xff;
            horizontal[i] = bytes[data + 7 + 3 * i] >> 4 & 15;
            vertical[i] = bytes[data + 7 + 3 * i] & 15;
        }
        return new JpegHeader(bytes[data] & 0xff, (bytes[data + 3] & 0xff) << 8 | bytes[data + 4] & 0xff,
                (bytes[data + 1] & 0xff) << 8 | bytes[data + 2] & 0xff, identifiers, horizontal, vertical, false, -1);
    }

    private static boolean starts(byte[] bytes, int at, String text) {
        for (int i = 0; i < text.length(); i++) {
            if (at + i >= bytes.length || bytes[at + i] != text.charAt(i)) {
                return false;
            }
        }
        return true;
    }

    int components() {
        return identifiers.length;
    }

    /** Whether the components are YCbCr or YCCK, as libjpeg sees it. */
    boolean isYcbcr() {
        if (components() == 4) {
            return adobeTransform > 0;
        }
        if (jfif || adobeTransform >= 0) {
            return jfif || adobeTransform > 0;
        }
        return !(identifiers[0] == 'R' && identifiers[1] == 'G' && identifiers[2] == 'B');
    }

    /**
     * Whether a component has half of the rows and all of the columns: libjpeg-turbo interpolates its rows, the libjpeg
     * that Java has repeats them.
     */
    boolean hasHalfRows(int component) {
        int mostHorizontal = java.util.Arrays.stream(horizontal).max().orElse(1);
        int mostVertical = java.util.Arrays.stream(vertical).max().orElse(1);
        return horizontal[component] == mostHorizontal && vertical[component] * 2 == mostVertical;
    }

    /** The most pixels that so many bytes can hold: a block of the first component takes a bit at the least. */
    long mostPixels(long bytes) {
        int columns = java.util.Arrays.stream(horizontal).max().orElse(1) / Math.max(1, horizontal[0]);
        int rows = java.util.Arrays.stream(vertical).max().orElse(1) / Math.max(1, vertical[0]);
        return bytes * BITS_OF_BYTE * BLOCK * Math.max(1, columns) * Math.max(1, rows);
    }
}
