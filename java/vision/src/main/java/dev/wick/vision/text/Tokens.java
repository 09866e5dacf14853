package dev.wick.vision.text;

/**
 * The token ids of one text; any thread, as long as nobody writes into the array.
 *
 * @param ids       as many as the context is long: the beginning's mark, the text's tokens, the end's mark, padding
 * @param count     how many tokens the whole text has, with both marks: more than the context's length when it was
 *                  truncated
 * @param truncated whether tokens were cut off
 */
public record Tokens(int[] ids, int count, boolean truncated) {
    /** How many of the ids are no padding. */
    public int used() {
        return Math.min(count, ids.length);
    }
}
