package dev.wick.study.world;

import dev.wick.error.BadArgumentException;
import dev.wick.file.WholeFile;
import dev.wick.study.report.Json;
import java.awt.image.BufferedImage;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.function.IntConsumer;
import javax.imageio.ImageIO;

/**
 * Writes pictures of the drawn world as the folders that studies read: {@code CLASS/{original,sketch,art}/NNN.png}, one
 * class for each shape or each pair of colour and shape, and {@code captions.json} beside the classes; any thread.
 */
public final class WorldFolder {
    /** The file with all captions, in the layout of COCO's annotations. */
    public static final String CAPTIONS = "captions.json";
    private static final int CAPTIONS_OF_EACH = 5;
    private static final int LARGEST_COUNT = 1000;

    private WorldFolder() {
    }

    /** What makes a class. */
    public enum Classes {
        /** The eight shapes: {@code circle}. */
        SHAPES,
        /** The pairs that the split has: {@code red circle}. */
        COLOURS_AND_SHAPES
    }

    /**
     * Draws and writes pictures; the numbers of a class are the same scenes in each style's folder.
     *
     * @param root     made where it is missing
     * @param count    pictures of each class in each style, from 1 to 1000
     * @param side     height and width in pixels
     * @param progress told how many pictures were written so far
     * @return pictures written
     * @throws IOException if something cannot be written; what was written before stays
     */
    public static int write(Path root, DrawnWorld world, Split split, Classes classes, int count, int side,
            IntConsumer progress) throws IOException {
        if (count < 1 || count > LARGEST_COUNT) {
            throw new BadArgumentException("expected from 1 to " + LARGEST_COUNT + " pictures of each class, got "
                    + count);
        }
        List<Map<String, Object>> images = new ArrayList<>();
        List<Map<String, Object>> annotations = new ArrayList<>();
        for (Shape shape : Shape.values()) {
            List<Colour> colours = DrawnWorld.colours(split, shape);
            for (int of = 0; of < (classes == Classes.SHAPES ? 1 : colours.size()); of++) {
                String name = classes == Classes.SHAPES ? shape.word() : colours.get(of).word() + " " + shape.word();
                for (int i = 0; i < count; i++) {
                    // Colours take turns with the index.
                    int index = classes == Classes.SHAPES ? i : i * colours.size() + of;
                    for (Style style : Style.values()) {
                        DrawnPicture picture = world.picture(split, style, shape, index);
                        String file = String.format(Locale.ROOT, "%s/%s/%03d.png", name, style.folder(), i);
                        write(root.resolve(file), picture.draw(side), side);
                        images.add(image(images.size() + 1, file, side, picture));
                        note(annotations, images.size(), picture);
                        progress.accept(images.size());
                    }
                }
            }
        }
        Map<String, Object> all = new LinkedHashMap<>();
        all.put("info", Map.of("description", "drawn world", "seed", world.seed(), "split",
                split.name().toLowerCase(Locale.ROOT)));
        all.put("images", images);
        all.put("annotations", annotations);
        WholeFile.writeText(root.resolve(CAPTIONS), Json.text(all));
        return images.size();
    }

    private static Map<String, Object> image(int id, String file, int side, DrawnPicture picture) {
        DrawnObject object = picture.object();
        Map<String, Object> image = new LinkedHashMap<>();
        image.put("id", id);
        image.put("file_name", file);
        image.put("height", side);
        image.put("width", side);
        image.put("style", picture.style().folder());
        image.put("shape", object.shape().word());
        image.put("colour", object.colour().word());
        image.put("size", object.size().word());
        image.put("texture", object.texture().word());
        return image;
    }

    private static void note(List<Map<String, Object>> annotations, int image, DrawnPicture picture) {
        for (String caption : picture.captions(CAPTIONS_OF_EACH)) {
            Map<String, Object> annotation = new LinkedHashMap<>();
            annotation.put("id", annotations.size() + 1);
            annotation.put("image_id", image);
            annotation.put("caption", caption);
            annotations.add(annotation);
        }
    }

    private static void write(Path file, byte[] pixels, int side) throws IOException {
        Files.createDirectories(file.getParent());
        BufferedImage image = new BufferedImage(side, side, BufferedImage.TYPE_INT_RGB);
        int[] packed = new int[side * side];
        for (int i = 0; i < packed.length; i++) {
            packed[i] = (pixels[3 * i] & 0xff) << 16 | (pixels[3 * i + 1] & 0xff) << 8 | pixels[3 * i + 2] & 0xff;
        }
        image.setRGB(0, 0, side, side, packed, 0, side);
        WholeFile.write(file, out -> ImageIO.write(image, "png", out));
    }
}
