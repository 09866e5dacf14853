package dev.wick.study.world;

import dev.wick.error.BadArgumentException;
import java.util.List;

/**
 * One picture of the drawn world: what is in it, how it is made, and the number that decides the rest; immutable, for
 * any thread.
 *
 * <p>Pictures of one seed and object show the same scene in every style, and at every side.
 *
 * @param object what is in it
 * @param style  how it is made
 * @param seed   for place, background and strokes
 */
public record DrawnPicture(DrawnObject object, Style style, long seed) {
    private static final int SMALLEST = 8;
    private static final int LARGEST = 4096;

    /**
     * Draws it: bytes of [side, side, 3], red first, the same on every machine.
     *
     * @param side height and width in pixels, from 8 to 4096
     */
    public byte[] draw(int side) {
        if (side < SMALLEST || side > LARGEST) {
            throw new BadArgumentException("expected a side from " + SMALLEST + " to " + LARGEST + " pixels, got "
                    + side);
        }
        return Painter.of(style, new Scene(object, seed)).paint(side);
    }

    /** Its first caption, which names all that the style shows: {@code a photo of a large red striped circle}. */
    public String caption() {
        return Captions.full(this);
    }

    /**
     * So many captions, as different people would write them: the first names everything, others may leave out size,
     * colour or texture, never the shape. A sketch's name no colour.
     */
    public List<String> captions(int count) {
        return Captions.of(this, count);
    }
}
