package dev.wick.study.world;

/** How a picture of the drawn world is made; any thread. */
public enum Style {
    /** Shaded, on a textured background, with a soft shadow and noise: {@code original} on disk. */
    PHOTO("original"),
    /** Grey strokes on paper, hatched where a photo has texture; colour is lost. */
    SKETCH("sketch"),
    /** Brush strokes of few levels, whose hues drift. */
    ART("art");

    private final String folder;

    Style(String folder) {
        this.folder = folder;
    }

    /** The folder that studies of distribution shift read such pictures from. */
    public String folder() {
        return folder;
    }
}
