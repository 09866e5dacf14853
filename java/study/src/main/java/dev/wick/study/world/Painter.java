package dev.wick.study.world;

/** Paints a scene in one style; one thread. */
abstract class Painter {
    static final int CHANNELS = 3;

    private final Scene scene;

    Painter(Scene scene) {
        this.scene = scene;
    }

    static Painter of(Style style, Scene scene) {
        return switch (style) {
            case PHOTO -> new PhotoPainter(scene);
            case SKETCH -> new SketchPainter(scene);
            case ART -> new ArtPainter(scene);
        };
    }

    final Scene scene() {
        return scene;
    }

    /** The colour at a point, in shares of the side; a pixel is so wide. */
    abstract Paint at(double x, double y, double pixel);

    /** The picture as [height, width, red green blue]. */
    final byte[] paint(int side) {
        byte[] pixels = new byte[side * side * CHANNELS];
        double pixel = 1.0 / side;
        for (int row = 0; row < side; row++) {
            for (int column = 0; column < side; column++) {
                at((column + 0.5) * pixel, (row + 0.5) * pixel, pixel).write(pixels, (row * side + column) * CHANNELS);
            }
        }
        return pixels;
    }
}
