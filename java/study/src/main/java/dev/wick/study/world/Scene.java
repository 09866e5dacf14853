package dev.wick.study.world;

/**
 * Where an object stands in its picture and what is around it, in shares of the picture's side; any thread.
 *
 * <p>Of one seed all styles have the same, so that a sketch is a sketch of its photo.
 */
final class Scene {
    private static final double LARGEST_TURN = 0.42;
    /** Of stripes and dots. */
    private static final double PERIOD = 0.115;
    private static final double DOT_RADIUS = 0.31;

    private final DrawnObject object;
    private final double centreX;
    private final double centreY;
    private final double radius;
    private final double cosine;
    private final double sine;
    private final double textureCosine;
    private final double textureSine;
    private final double texturePhase;
    private final Background background;
    private final Draws draws;

    Scene(DrawnObject object, long seed) {
        this.object = object;
        draws = new Draws(Draws.mixed(seed, 1));
        radius = object.size().radius(draws.unit());
        double room = 0.5 - radius;
        centreX = 0.5 + room * draws.between(-0.92, 0.92);
        centreY = 0.5 + room * draws.between(-0.92, 0.92);
        double turn = draws.between(-LARGEST_TURN, LARGEST_TURN);
        cosine = StrictMath.cos(turn);
        sine = StrictMath.sin(turn);
        double textureTurn = draws.between(0, Math.PI);
        textureCosine = StrictMath.cos(textureTurn);
        textureSine = StrictMath.sin(textureTurn);
        texturePhase = draws.unit();
        background = new Background(draws.next());
    }

    DrawnObject object() {
        return object;
    }

    double radius() {
        return radius;
    }

    Background background() {
        return background;
    }

    /** For whoever paints it: continues where the scene's own draws ended. */
    Draws draws() {
        return new Draws(draws.next());
    }

    /** How far a point is outside of the object. */
    double distance(double x, double y) {
        double fromX = (x - centreX) / radius;
        double fromY = (y - centreY) / radius;
        return object.shape().distance(fromX * cosine + fromY * sine, fromY * cosine - fromX * sine) * radius;
    }

    /** From -1 to 1 across the object, towards the lower right. */
    double slope(double x, double y) {
        return (x - centreX + y - centreY) / (2 * radius);
    }

    /** How far a point is outside of the texture's second tone; far outside where there is none. */
    double textureDistance(double x, double y) {
        double along = ((x - centreX) * textureCosine + (y - centreY) * textureSine) / PERIOD + texturePhase;
        double across = ((y - centreY) * textureCosine - (x - centreX) * textureSine) / PERIOD + texturePhase;
        return switch (object.texture()) {
            case PLAIN -> 1;
            case STRIPED -> (Math.abs(along - Math.floor(along) - 0.5) - 0.24) * PERIOD;
            case DOTTED -> {
                double row = Math.floor(across);
                double inRow = across - row - 0.5;
                double shifted = along + 0.5 * (row - 2 * Math.floor(row / 2));
                double inColumn = shifted - Math.floor(shifted) - 0.5;
                yield (Math.sqrt(inRow * inRow + inColumn * inColumn) - DOT_RADIUS) * PERIOD;
            }
        };
    }

    /** The colour of the texture's second tone. */
    Paint secondTone() {
        Paint paint = object.colour().paint();
        return paint.luma() > 0.6 ? paint.darker(0.5) : paint.lighter(0.72);
    }

    /** The share of a pixel that a distance covers. */
    static double coverage(double distance, double pixel) {
        return Math.clamp(0.5 - distance / pixel, 0.0, 1.0);
    }
}
