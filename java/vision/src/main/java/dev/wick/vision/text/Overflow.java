package dev.wick.vision.text;

/** What happens to a text that has more tokens than the context. */
public enum Overflow {
    /** It is refused, with its number of tokens. */
    ERROR,
    /** It is cut; the last id is the end's mark. */
    TRUNCATE
}
