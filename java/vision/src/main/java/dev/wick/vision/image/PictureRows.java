package dev.wick.vision.image;

/** Reads parts of a picture's rows into one array for each band; one thread. */
final class PictureRows {
    private final Picture picture;
    private final boolean premultiplied;
    private final byte[] samples;

    /** @param premultiplied whether colours are to be multiplied by alpha, where there is one */
    PictureRows(Picture picture, boolean premultiplied) {
        this.picture = picture;
        this.premultiplied = premultiplied;
        this.samples = picture.samples();
    }

    /** Reads {@code count} pixels of a row, beginning with column {@code from}. */
    void read(int y, int from, int count, int[][] into) {
        int at = (y * picture.width() + from) * picture.mode().bands();
        switch (picture.mode()) {
            case BILEVEL, GREY, PALETTE -> grey(at, count, into[0]);
            case GREY16 -> grey16((y * picture.width() + from) * 2, count, into[0]);
            case GREY_ALPHA -> greyAlpha(at, count, into[0], into[1]);
            case RGB -> rgb(at, count, into[0], into[1], into[2]);
            case YCBCR -> ycbcr(at, count, into[0], into[1], into[2]);
            case RGBA, CMYK -> four(at, count, into);
            case YCCK -> ycck(at, count, into);
        }
        if (premultiplied && picture.mode() == Picture.Mode.RGBA) {
            for (int band = 0; band < 3; band++) {
                PillowColors.multiply(into[band], into[3], count);
            }
        }
    }

    private void grey(int from, int count, int[] grey) {
        for (int x = 0; x < count; x++) {
            grey[x] = samples[from + x] & 0xff;
        }
    }

    private void grey16(int from, int count, int[] grey) {
        for (int x = 0, at = from; x < count; x++, at += 2) {
            grey[x] = samples[at] & 0xff | (samples[at + 1] & 0xff) << 8;
        }
    }

    private void greyAlpha(int from, int count, int[] grey, int[] alpha) {
        for (int x = 0, at = from; x < count; x++, at += 2) {
            grey[x] = samples[at] & 0xff;
            alpha[x] = samples[at + 1] & 0xff;
        }
        if (premultiplied) {
            PillowColors.multiply(grey, alpha, count);
        }
    }

    private void rgb(int from, int count, int[] red, int[] green, int[] blue) {
        for (int x = 0, at = from; x < count; x++, at += 3) {
            red[x] = samples[at] & 0xff;
            green[x] = samples[at + 1] & 0xff;
            blue[x] = samples[at + 2] & 0xff;
        }
    }

    private void ycbcr(int from, int count, int[] red, int[] green, int[] blue) {
        for (int x = 0, at = from; x < count; x++, at += 3) {
            int luma = samples[at] & 0xff;
            int cb = samples[at + 1] & 0xff;
            int cr = samples[at + 2] & 0xff;
            red[x] = YcbcrColors.red(luma, cr);
            green[x] = YcbcrColors.green(luma, cb, cr);
            blue[x] = YcbcrColors.blue(luma, cb);
        }
    }

    private void four(int from, int count, int[][] into) {
        for (int x = 0, at = from; x < count; x++, at += 4) {
            into[0][x] = samples[at] & 0xff;
            into[1][x] = samples[at + 1] & 0xff;
            into[2][x] = samples[at + 2] & 0xff;
            into[3][x] = samples[at + 3] & 0xff;
        }
    }

    /** libjpeg turns it into CMYK by inverting, and Pillow, which takes all such files for Adobe's, inverts that. */
    private void ycck(int from, int count, int[][] into) {
        for (int x = 0, at = from; x < count; x++, at += 4) {
            int luma = samples[at] & 0xff;
            int cb = samples[at + 1] & 0xff;
            int cr = samples[at + 2] & 0xff;
            into[0][x] = YcbcrColors.red(luma, cr);
            into[1][x] = YcbcrColors.green(luma, cb, cr);
            into[2][x] = YcbcrColors.blue(luma, cb);
            into[3][x] = 255 - (samples[at + 3] & 0xff);
        }
    }
}
