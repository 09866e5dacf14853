package dev.wick.study.world;

/** A closed polygon; immutable. */
final class Polygon {
    private final double[] xs;
    private final double[] ys;

    Polygon(double[] xs, double[] ys) {
        this.xs = xs;
        this.ys = ys;
    }

    /** Points alternately at two radii, the first on top; a regular polygon where the inner radius is the outer one. */
    static Polygon star(int points, double outer, double inner, double down) {
        boolean regular = inner == outer;
        int count = regular ? points : 2 * points;
        double[] xs = new double[count];
        double[] ys = new double[count];
        for (int i = 0; i < count; i++) {
            double angle = 2 * Math.PI * i / count;
            double radius = regular || i % 2 == 0 ? outer : inner;
            xs[i] = radius * StrictMath.sin(angle);
            ys[i] = down - radius * StrictMath.cos(angle);
        }
        return new Polygon(xs, ys);
    }

    /** The distance to the nearest edge, negative inside. */
    double distance(double x, double y) {
        double nearest = Double.POSITIVE_INFINITY;
        boolean inside = false;
        for (int i = 0, before = xs.length - 1; i < xs.length; before = i++) {
            double edgeX = xs[before] - xs[i];
            double edgeY = ys[before] - ys[i];
            double fromX = x - xs[i];
            double fromY = y - ys[i];
            double along = Math.clamp((fromX * edgeX + fromY * edgeY) / (edgeX * edgeX + edgeY * edgeY), 0.0, 1.0);
            double offX = fromX - edgeX * along;
            double offY = fromY - edgeY * along;
            nearest = Math.min(nearest, offX * offX + offY * offY);
            if (ys[i] > y != ys[before] > y && fromX < fromY * edgeX / edgeY) {
                inside = !inside;
            }
        }
        return inside ? -Math.sqrt(nearest) : Math.sqrt(nearest);
    }
}
