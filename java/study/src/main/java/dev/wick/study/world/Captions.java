package dev.wick.study.world;

import java.util.ArrayList;
import java.util.List;
import java.util.StringJoiner;

/** What people say of a drawn picture; any thread. */
final class Captions {
    /** {@code %s} stands where an article may come first. */
    private static final String[] PHOTO = {"a photo of %s", "a picture of %s", "a good photo of %s", "%s"};
    private static final String[] SKETCH = {"a sketch of %s", "a drawing of %s", "a pencil drawing of %s"};
    private static final String[] ART = {"a painting of %s", "art of %s", "a picture painted of %s"};
    /** Most people name the thing and leave it at that, which is also what teaches a model shapes, not colours alone. */
    private static final double SHAPE_ALONE = 0.35;
    private static final double SIZE_NAMED = 0.25;
    private static final double COLOUR_NAMED = 0.5;
    private static final double TEXTURE_NAMED = 0.25;
    private static final double DEFINITE = 0.2;
    private static final String VOWELS = "aeiou";

    private Captions() {
    }

    static String full(DrawnPicture picture) {
        return String.format(templates(picture.style())[0], withArticle(words(picture, true, true, true), false));
    }

    static List<String> of(DrawnPicture picture, int count) {
        List<String> captions = new ArrayList<>(count);
        Draws draws = new Draws(Draws.mixed(picture.seed(), 2, picture.style().ordinal()));
        for (int i = 0; i < count; i++) {
            captions.add(i == 0 ? full(picture) : String.format(draws.oneOf(templates(picture.style())),
                    withArticle(words(picture, draws), draws.chance(DEFINITE))));
        }
        return captions;
    }

    private static String words(DrawnPicture picture, Draws draws) {
        return draws.chance(SHAPE_ALONE) ? picture.object().shape().word() : words(picture, draws.chance(SIZE_NAMED),
                draws.chance(COLOUR_NAMED), draws.chance(TEXTURE_NAMED));
    }

    /** Every template, filled with nothing: what a vocabulary must have words for beside the objects' own. */
    static List<String> templates() {
        List<String> all = new ArrayList<>();
        for (Style style : Style.values()) {
            for (String template : templates(style)) {
                all.add(template.replace("%s", "").strip());
            }
        }
        return all;
    }

    private static String[] templates(Style style) {
        return switch (style) {
            case PHOTO -> PHOTO;
            case SKETCH -> SKETCH;
            case ART -> ART;
        };
    }

    private static String words(DrawnPicture picture, boolean size, boolean colour, boolean texture) {
        DrawnObject object = picture.object();
        StringJoiner words = new StringJoiner(" ");
        if (size) {
            words.add(object.size().word());
        }
        if (colour && picture.style() != Style.SKETCH) {
            words.add(object.colour().word());
        }
        if (texture && object.texture() != Texture.PLAIN) {
            words.add(object.texture().word());
        }
        return words.add(object.shape().word()).toString();
    }

    private static String withArticle(String words, boolean definite) {
        String article = definite ? "the " : VOWELS.indexOf(words.charAt(0)) >= 0 ? "an " : "a ";
        return article + words;
    }
}
