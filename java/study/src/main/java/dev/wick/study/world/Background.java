package dev.wick.study.world;

/**
 * What is behind an object: two muted colours as a gradient, a horizon, planks, tiles or a rough ground; any
 * thread.
 */
final class Background {
    private enum Kind {
        GRADIENT, HORIZON, PLANKS, TILES, GROUND
    }

    private final Kind kind;
    private final Paint first;
    private final Paint second;
    private final double cosine;
    private final double sine;
    private final double period;
    private final double level;
    private final ValueNoise noise;

    Background(long seed) {
        Draws draws = new Draws(seed);
        kind = draws.oneOf(Kind.values());
        first = muted(draws);
        second = muted(draws).mixed(first, 0.35);
        double turn = draws.between(0, 2 * Math.PI);
        cosine = StrictMath.cos(turn);
        sine = StrictMath.sin(turn);
        period = draws.between(0.14, 0.3);
        level = draws.between(0.3, 0.7);
        noise = new ValueNoise(draws.next());
    }

    /** Of low saturation, so that objects stand out by their colours. */
    private static Paint muted(Draws draws) {
        double light = draws.between(0.18, 0.88);
        double warm = draws.between(-0.09, 0.09);
        double green = draws.between(-0.06, 0.06);
        return new Paint(light + warm, light + green, light - warm);
    }

    Paint at(double x, double y) {
        double along = x * cosine + y * sine;
        double across = y * cosine - x * sine;
        double rough = noise.rough(x * 9, y * 9) - 0.5;
        return switch (kind) {
            case GRADIENT -> first.mixed(second, Math.clamp(0.5 + along * 0.6, 0.0, 1.0)).plus(rough * 0.08);
            case HORIZON -> y < level ? first.mixed(second, 0.25 * y / level).plus(rough * 0.06)
                    : second.darker(0.15).plus((noise.rough(x * 22, y * 44) - 0.5) * 0.2);
            case PLANKS -> {
                double plank = Math.floor(along / period);
                double inPlank = along / period - plank;
                double seam = inPlank < 0.06 ? 0.7 : 1;
                yield first.mixed(second, noise.cell((long) plank, 0))
                        .plus((noise.at(along * 40, across * 4) - 0.5) * 0.12)
                        .times(seam);
            }
            case TILES -> {
                double column = Math.floor(along / period);
                double row = Math.floor(across / period);
                double parity = (column + row) - 2 * Math.floor((column + row) / 2);
                yield (parity == 0 ? first : second).plus(rough * 0.08);
            }
            case GROUND -> first.mixed(second, noise.rough(x * 14, y * 14))
                    .plus((noise.at(x * 46, y * 46) - 0.5) * 0.16);
        };
    }
}
