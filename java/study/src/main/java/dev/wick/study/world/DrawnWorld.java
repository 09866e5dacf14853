package dev.wick.study.world;

import dev.wick.error.BadArgumentException;
import java.util.ArrayList;
import java.util.List;

/**
 * All pictures of the drawn world of a seed; immutable, for any thread.
 *
 * <pre>{@code
 * var world = new DrawnWorld(0);
 * DrawnPicture picture = world.picture(Split.HELD_BACK, Style.PHOTO, Shape.RING, 3);
 * picture.caption();                      // "a photo of a small blue striped ring"
 * byte[] pixels = picture.draw(64);
 * }</pre>
 *
 * <p>Of every shape one of the eight colours is held back from training, and of every colour one of the shapes, so
 * that a model has seen each shape and each colour but not the pair.
 *
 * @param seed any number
 */
public record DrawnWorld(long seed) {
    private static final int HELD_BACK_OF_EACH = 1;
    /** Odd, so that the colours of neighbouring shapes differ and each is held back equally often. */
    private static final int STEP = 3;

    /** Whether no training picture shows this pair. */
    public static boolean isHeldBack(Shape shape, Colour colour) {
        int colours = Colour.values().length;
        return Math.floorMod(colour.ordinal() - STEP * shape.ordinal(), colours) % (colours / HELD_BACK_OF_EACH) == 0;
    }

    /** The colours that a shape has in a split. */
    public static List<Colour> colours(Split split, Shape shape) {
        return List.of(Colour.values()).stream()
                .filter(colour -> isHeldBack(shape, colour) == (split == Split.HELD_BACK)).toList();
    }

    /**
     * A picture: one index gives the same scene in every style. Colours take turns with the index, sizes and textures
     * are drawn.
     *
     * @param index from 0; there is no last
     */
    public DrawnPicture picture(Split split, Style style, Shape shape, int index) {
        if (index < 0) {
            throw new BadArgumentException("expected an index of 0 or more, got " + index);
        }
        long own = Draws.mixed(seed, split.ordinal(), shape.ordinal(), index);
        Draws draws = new Draws(own);
        List<Colour> colours = colours(split, shape);
        DrawnObject object = new DrawnObject(shape, colours.get(index % colours.size()),
                draws.oneOf(ObjectSize.values()), draws.oneOf(Texture.values()));
        return new DrawnPicture(object, style, draws.next());
    }

    /** Pictures of all shapes in turn, {@code count} in all, the indices of each shape from {@code firstIndex}. */
    public List<DrawnPicture> pictures(Split split, Style style, int firstIndex, int count) {
        Shape[] shapes = Shape.values();
        List<DrawnPicture> pictures = new ArrayList<>(count);
        for (int i = 0; i < count; i++) {
            pictures.add(picture(split, style, shapes[i % shapes.length], firstIndex + i / shapes.length));
        }
        return pictures;
    }
}
