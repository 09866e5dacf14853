package dev.wick.study.world;

/** Light from the upper left, a soft shadow, a bevelled edge, and a camera's exposure, vignette and noise. */
final class PhotoPainter extends Painter {
    private final Paint firstTone;
    private final Paint secondTone;
    private final double shadowX;
    private final double shadowY;
    private final double shadowSoftness;
    private final double shadowStrength;
    private final double bevel;
    private final double exposure;
    private final double vignette;
    private final double warmth;
    private final double noiseStrength;
    private final ValueNoise noise;

    PhotoPainter(Scene scene) {
        super(scene);
        Draws draws = scene.draws();
        double lightness = draws.between(-0.14, 0.14);
        firstTone = shaded(scene.object().colour().paint(), lightness);
        secondTone = shaded(scene.secondTone(), lightness);
        shadowX = draws.between(0.015, 0.05);
        shadowY = draws.between(0.02, 0.06);
        shadowSoftness = draws.between(0.03, 0.08);
        shadowStrength = draws.between(0.25, 0.55);
        bevel = draws.between(0.03, 0.07);
        exposure = draws.between(0.82, 1.14);
        vignette = draws.between(0, 0.5);
        warmth = draws.between(-0.05, 0.05);
        noiseStrength = draws.between(0.02, 0.08);
        noise = new ValueNoise(draws.next());
    }

    private static Paint shaded(Paint paint, double lightness) {
        return lightness > 0 ? paint.lighter(lightness) : paint.darker(-lightness);
    }

    @Override
    Paint at(double x, double y, double pixel) {
        Scene scene = scene();
        double shadow = scene.distance(x - shadowX, y - shadowY);
        double shade = shadowStrength * Math.clamp(0.5 - shadow / (2 * shadowSoftness), 0.0, 1.0);
        Paint paint = scene.background().at(x, y).darker(shade);
        double distance = scene.distance(x, y);
        double coverage = Scene.coverage(distance, pixel);
        if (coverage > 0) {
            paint = paint.mixed(surface(x, y, distance, pixel), coverage);
        }
        double offX = x - 0.5;
        double offY = y - 0.5;
        double light = exposure * (1 - vignette * (offX * offX + offY * offY));
        long column = (long) (x / pixel);
        long row = (long) (y / pixel);
        double grain = (noise.cell(column, row) + noise.cell(column, ~row) - 1) * noiseStrength;
        return new Paint(paint.red() * light + warmth + grain, paint.green() * light + grain,
                paint.blue() * light - warmth + grain);
    }

    private Paint surface(double x, double y, double distance, double pixel) {
        Paint paint = firstTone.mixed(secondTone, Scene.coverage(scene().textureDistance(x, y), pixel));
        double slope = scene().slope(x, y);
        // The edge rises over a bevel's width: it is lighter towards the light and darker away from it.
        double edge = Math.clamp(1 + distance / bevel, 0.0, 1.0);
        double light = 1 - 0.18 * slope - 0.22 * edge * slope;
        return paint.times(light).plus(Math.max(0, -0.12 * slope - 0.02) * (1 - edge));
    }
}
