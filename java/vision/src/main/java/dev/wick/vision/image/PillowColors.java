package dev.wick.vision.image;

/** Pillow's conversions between modes, to the bit (its Convert.c); any thread. */
final class PillowColors {
    private PillowColors() {
    }

    /** {@code convert("RGB")}. */
    static PixelImage toRgb(Picture picture) {
        int width = picture.width();
        int height = picture.height();
        if (picture.mode() == Picture.Mode.RGB) {
            return new PixelImage(width, height, picture.samples());
        }
        byte[] pixels = new byte[Math.multiplyExact(3, Math.multiplyExact(width, height))];
        int[][] row = new int[picture.mode().bands()][width];
        int[] words = new int[width];
        PictureWords reader = new PictureWords(picture);
        for (int y = 0; y < height; y++) {
            reader.read(y, 0, width, words);
            reader.bands(words, width, false, row);
            int to = 3 * y * width;
            switch (picture.mode()) {
                case BILEVEL, GREY, GREY_ALPHA -> spread(row[0], pixels, to, width);
                case GREY16 -> {
                    // Not the high byte: what is brighter than 255 of 65,535 becomes white.
                    for (int x = 0; x < width; x++) {
                        row[0][x] = Math.min(row[0][x], 255);
                    }
                    spread(row[0], pixels, to, width);
                }
                case PALETTE -> {
                    for (int x = 0; x < width; x++) {
                        int color = picture.palette()[row[0][x]];
                        pixels[to + 3 * x] = (byte) (color >> 16);
                        pixels[to + 3 * x + 1] = (byte) (color >> 8);
                        pixels[to + 3 * x + 2] = (byte) color;
                    }
                }
                case RGB, YCBCR, RGBA -> {
                    for (int x = 0; x < width; x++) {
                        pixels[to + 3 * x] = (byte) row[0][x];
                        pixels[to + 3 * x + 1] = (byte) row[1][x];
                        pixels[to + 3 * x + 2] = (byte) row[2][x];
                    }
                }
                case CMYK, YCCK -> {
                    for (int x = 0; x < width; x++) {
                        int light = 255 - row[3][x];
                        for (int band = 0; band < 3; band++) {
                            pixels[to + 3 * x + band] = (byte) Math.max(0, light - multiply(row[band][x], light));
                        }
                    }
                }
            }
        }
        return new PixelImage(width, height, pixels);
    }

    private static void spread(int[] grey, byte[] pixels, int to, int width) {
        for (int x = 0; x < width; x++) {
            byte sample = (byte) grey[x];
            pixels[to + 3 * x] = sample;
            pixels[to + 3 * x + 1] = sample;
            pixels[to + 3 * x + 2] = sample;
        }
    }

    /** The product of two numbers between 0 and 255 that stand for 0 to 1, rounded. */
    static int multiply(int a, int b) {
        int product = a * b + 128;
        return (product >> 8) + product >> 8;
    }

    static void multiply(int[] color, int[] alpha, int count) {
        for (int x = 0; x < count; x++) {
            color[x] = multiply(color[x], alpha[x]);
        }
    }

    /** Undoes {@link #multiply} as far as rounding lets it. */
    static int divide(int color, int alpha) {
        return alpha == 0 || alpha == 255 ? color : Math.min(255, 255 * color / alpha);
    }
}
