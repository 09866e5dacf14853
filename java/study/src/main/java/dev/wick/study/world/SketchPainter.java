package dev.wick.study.world;

/** Pencil on paper: an outline drawn twice by an unsteady hand, hatching for shade, the texture as grey marks. */
final class SketchPainter extends Painter {
    private static final double UNSTEADINESS = 0.028;

    private final double paperLevel;
    private final double strokeWidth;
    private final double strength;
    private final double hatchPeriod;
    private final double hatchCosine;
    private final double hatchSine;
    private final double hatchFrom;
    private final boolean shadow;
    private final ValueNoise hand;
    private final ValueNoise secondHand;
    private final ValueNoise grain;

    SketchPainter(Scene scene) {
        super(scene);
        Draws draws = scene.draws();
        paperLevel = draws.between(0.86, 0.97);
        strokeWidth = draws.between(0.016, 0.026);
        strength = draws.between(0.62, 0.82);
        hatchPeriod = draws.between(0.036, 0.055);
        double turn = draws.between(0.5, 1.1);
        hatchCosine = StrictMath.cos(turn);
        hatchSine = StrictMath.sin(turn);
        hatchFrom = draws.between(-0.15, 0.35);
        shadow = draws.chance(0.5);
        hand = new ValueNoise(draws.next());
        secondHand = new ValueNoise(draws.next());
        grain = new ValueNoise(draws.next());
    }

    @Override
    Paint at(double x, double y, double pixel) {
        double steadyX = x + (hand.at(x * 7, y * 7) - 0.5) * UNSTEADINESS;
        double steadyY = y + (hand.at(x * 7 + 50, y * 7) - 0.5) * UNSTEADINESS;
        double distance = scene().distance(steadyX, steadyY);
        double again = scene().distance(x + (secondHand.at(x * 6, y * 6) - 0.5) * 2 * UNSTEADINESS,
                y + (secondHand.at(x * 6 + 50, y * 6) - 0.5) * 2 * UNSTEADINESS);
        double marks = strength * stroke(distance, strokeWidth, pixel);
        marks = Math.max(marks, 0.55 * strength * stroke(again, 0.6 * strokeWidth, pixel));
        if (distance < 0) {
            marks = Math.max(marks, inside(steadyX, steadyY, distance, pixel));
        } else if (shadow && scene().distance(steadyX - 0.05, steadyY - 0.06) < 0) {
            marks = Math.max(marks, 0.4 * strength * hatch(steadyX, steadyY, pixel));
        }
        // Graphite stays on the paper's grain.
        double caught = 0.72 + 0.28 * grain.at(x * 90, y * 90);
        double paper = paperLevel + (grain.rough(x * 30, y * 30) - 0.5) * 0.05;
        return Paint.grey(paper - marks * caught);
    }

    private double inside(double x, double y, double distance, double pixel) {
        double shade = scene().slope(x, y) > hatchFrom ? 0.45 * strength * hatch(x, y, pixel) : 0;
        double texture = scene().textureDistance(x, y);
        return switch (scene().object().texture()) {
            case PLAIN -> shade;
            case STRIPED -> Math.max(shade, 0.7 * strength * stroke(texture, 0.7 * strokeWidth, pixel));
            case DOTTED -> Math.max(shade, 0.85 * strength * Scene.coverage(texture + 0.008, pixel));
        };
    }

    private double hatch(double x, double y, double pixel) {
        double across = (x * hatchCosine + y * hatchSine) / hatchPeriod;
        return stroke((Math.abs(across - Math.floor(across) - 0.5)) * hatchPeriod, 0.012, pixel);
    }

    /** A line of a width, where a distance is 0. */
    private static double stroke(double distance, double width, double pixel) {
        return Math.clamp((width / 2 - Math.abs(distance)) / pixel + 0.5, 0.0, 1.0)
                * Math.min(1, width / pixel);
    }
}
