package dev.wick.study.world;

import java.util.Locale;

/**
 * The outline of an object of the drawn world; any thread.
 *
 * <p>Outlines are signed distances, so that one number a pixel gives smooth edges, strokes and soft shadows of any
 * width.
 */
public enum Shape {
    CIRCLE {
        @Override
        double distance(double x, double y) {
            return Math.sqrt(x * x + y * y) - 0.88;
        }
    },
    SQUARE {
        @Override
        double distance(double x, double y) {
            double beyondX = Math.abs(x) - 0.78;
            double beyondY = Math.abs(y) - 0.78;
            double outsideX = Math.max(beyondX, 0);
            double outsideY = Math.max(beyondY, 0);
            return Math.sqrt(outsideX * outsideX + outsideY * outsideY) + Math.min(Math.max(beyondX, beyondY), 0);
        }
    },
    TRIANGLE {
        private final Polygon outline = Polygon.star(3, 1.08, 1.08, 0.14);

        @Override
        double distance(double x, double y) {
            return outline.distance(x, y);
        }
    },
    STAR {
        private final Polygon outline = Polygon.star(5, 1.1, 0.46, 0.05);

        @Override
        double distance(double x, double y) {
            return outline.distance(x, y);
        }
    },
    CROSS {
        private final Polygon outline = new Polygon(
                new double[] {-0.29, 0.29, 0.29, 0.95, 0.95, 0.29, 0.29, -0.29, -0.29, -0.95, -0.95, -0.29},
                new double[] {-0.95, -0.95, -0.29, -0.29, 0.29, 0.29, 0.95, 0.95, 0.29, 0.29, -0.29, -0.29});

        @Override
        double distance(double x, double y) {
            return outline.distance(x, y);
        }
    },
    RING {
        @Override
        double distance(double x, double y) {
            return Math.abs(Math.sqrt(x * x + y * y) - 0.7) - 0.22;
        }
    },
    HEXAGON {
        private final Polygon outline = Polygon.star(6, 0.95, 0.95, 0);

        @Override
        double distance(double x, double y) {
            return outline.distance(x, y);
        }
    },
    HEART {
        private final Polygon outline = heart();

        @Override
        double distance(double x, double y) {
            return outline.distance(x, y);
        }
    };

    private static final int HEART_POINTS = 36;

    /** Its name in captions and the name of its class: {@code circle}. */
    public String word() {
        return name().toLowerCase(Locale.ROOT);
    }

    /**
     * How far a point is outside of the outline, negative inside of it; the shape's radius is about 1, y points
     * down.
     */
    abstract double distance(double x, double y);

    /** The well-known curve of sines. */
    private static Polygon heart() {
        double[] xs = new double[HEART_POINTS];
        double[] ys = new double[HEART_POINTS];
        for (int i = 0; i < HEART_POINTS; i++) {
            double angle = 2 * Math.PI * i / HEART_POINTS;
            double sine = StrictMath.sin(angle);
            xs[i] = sine * sine * sine;
            ys[i] = -(13 * StrictMath.cos(angle) - 5 * StrictMath.cos(2 * angle) - 2 * StrictMath.cos(3 * angle)
                    - StrictMath.cos(4 * angle)) / 16 - 0.1;
        }
        return new Polygon(xs, ys);
    }
}
