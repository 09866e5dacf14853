package dev.wick.vision.image;

/**
 * A decoded picture in the mode in which Pillow would have it; any thread, never written once it is made.
 *
 * @param samples row by row, the bands of a pixel side by side; 16-bit samples have their low byte first
 * @param palette for {@link Mode#PALETTE}, 256 colours of 0xRRGGBB; else null
 */
record Picture(Mode mode, int width, int height, byte[] samples, int[] palette) {
    /** What the samples mean. */
    enum Mode {
        /** 0 or 255. Pillow's "1". */
        BILEVEL(1),
        /** Pillow's "L". */
        GREY(1),
        /** Pillow's "LA". */
        GREY_ALPHA(2),
        /** Pillow's "I;16". */
        GREY16(1),
        /** Indices. Pillow's "P". */
        PALETTE(1),
        RGB(3),
        RGBA(4),
        /** 255 is full ink. */
        CMYK(4),
        /**
         * As JPEG stores it; Pillow never sees it, since libjpeg turns it into RGB, as is done here when a row is read.
         */
        YCBCR(3),
        /** Likewise, for CMYK. */
        YCCK(4);

        private final int bands;

        Mode(int bands) {
            this.bands = bands;
        }

        int bands() {
            return bands;
        }

        /** Of a pixel, among the samples. */
        int bytes() {
            return this == GREY16 ? 2 : bands;
        }

        /** Whether Pillow resizes it by taking the nearest pixel, whatever filter was asked for. */
        boolean isResizedByNearest() {
            return this == BILEVEL || this == PALETTE;
        }

        /** The mode after a row was read. */
        Mode converted() {
            return this == YCBCR ? RGB : this == YCCK ? CMYK : this;
        }
    }
}
