package dev.wick.study.world;

/** What is in a picture of the drawn world; immutable, for any thread. */
public record DrawnObject(Shape shape, Colour colour, ObjectSize size, Texture texture) {
}
