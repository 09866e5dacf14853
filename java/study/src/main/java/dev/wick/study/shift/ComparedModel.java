package dev.wick.study.shift;

/** The two sides of the comparison. */
public enum ComparedModel {
    /** A classifier with outputs trained for its classes. */
    RESNET("ResNet"),
    /** CLIP, which takes the classes' names. */
    CLIP("CLIP");

    private final String text;

    ComparedModel(String text) {
        this.text = text;
    }

    /** Its name in reports. */
    @Override
    public String toString() {
        return text;
    }
}
