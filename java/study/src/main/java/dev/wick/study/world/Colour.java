package dev.wick.study.world;

import java.util.Locale;

/** A named colour of the drawn world; any thread. */
public enum Colour {
    RED(205, 40, 42), ORANGE(240, 138, 28), YELLOW(243, 216, 52), GREEN(46, 156, 70), BLUE(42, 88, 204),
    PURPLE(128, 56, 170), PINK(246, 150, 190), BROWN(122, 78, 44);

    private final Paint paint;

    Colour(int red, int green, int blue) {
        paint = new Paint(red / 255.0, green / 255.0, blue / 255.0);
    }

    /** Its name in captions: {@code red}. */
    public String word() {
        return name().toLowerCase(Locale.ROOT);
    }

    Paint paint() {
        return paint;
    }
}
