package dev.wick.study.world;

/**
 * Broad brush strokes behind, finer ones over the object, each of one colour: the scene's at the stroke's middle, of
 * few levels, its hue turned by an angle that the picture shares and a little of its own.
 */
final class ArtPainter extends Painter {
    private static final int SAMPLES = 2;
    private static final int LEVELS = 7;

    private final Strokes broad;
    private final Strokes fine;
    private final double driftCosine;
    private final double driftSine;
    private final double backgroundShift;
    private final double ragged;
    private final boolean outlined;
    private final ValueNoise bristles;

    ArtPainter(Scene scene) {
        super(scene);
        Draws draws = scene.draws();
        broad = new Strokes(draws, draws.between(0.04, 0.06));
        fine = new Strokes(draws, draws.between(0.014, 0.024));
        double drift = draws.between(-0.4, 0.4);
        driftCosine = StrictMath.cos(drift);
        driftSine = StrictMath.sin(drift);
        backgroundShift = draws.between(-0.15, 0.15);
        ragged = draws.between(-0.012, 0.004);
        outlined = draws.chance(0.35);
        bristles = new ValueNoise(draws.next());
    }

    @Override
    Paint at(double x, double y, double pixel) {
        double red = 0;
        double green = 0;
        double blue = 0;
        for (int i = 0; i < SAMPLES * SAMPLES; i++) {
            Paint sample = sample(x + ((i % SAMPLES + 0.5) / SAMPLES - 0.5) * pixel,
                    y + ((i / SAMPLES + 0.5) / SAMPLES - 0.5) * pixel);
            red += sample.red();
            green += sample.green();
            blue += sample.blue();
        }
        double share = 1.0 / (SAMPLES * SAMPLES);
        return new Paint(red * share, green * share, blue * share);
    }

    private Paint sample(double x, double y) {
        if (scene().distance(x, y) < 0.06 && fine.reach(x, y)) {
            double distance = scene().distance(fine.middleX(), fine.middleY());
            if (distance < ragged || outlined && distance < 0.014) {
                return finished(object(fine.middleX(), fine.middleY(), distance), fine, x, y);
            }
        }
        broad.reach(x, y);
        return finished(scene().background().at(broad.middleX(), broad.middleY()).plus(backgroundShift), broad, x, y);
    }

    private Paint object(double x, double y, double distance) {
        if (outlined && distance > -0.014) {
            return Paint.grey(0.1);
        }
        boolean second = scene().textureDistance(x, y) < 0;
        Paint paint = second ? scene().secondTone() : scene().object().colour().paint();
        return paint.times(1 - 0.25 * scene().slope(x, y));
    }

    private Paint finished(Paint paint, Strokes strokes, double x, double y) {
        double ridge = (bristles.at(strokes.along(x, y), strokes.across(x, y) * 6) - 0.5) * 0.1;
        return paint.plus(0.2 * (strokes.own() - 0.6)).posterised(LEVELS).hueTurned(driftCosine, driftSine).plus(ridge);
    }
}
