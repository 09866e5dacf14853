package dev.wick.study.world;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import dev.wick.error.BadArgumentException;
import java.awt.image.BufferedImage;
import java.nio.file.Files;
import java.nio.file.Path;
import java.security.MessageDigest;
import java.util.EnumSet;
import java.util.HashSet;
import java.util.HexFormat;
import java.util.List;
import java.util.Set;
import java.util.stream.Stream;
import javax.imageio.ImageIO;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.EnumSource;
import org.junit.jupiter.params.provider.ValueSource;

/** The drawn world: what is in it, what is said of it, and that every machine draws the same. */
class DrawnWorldTest {
    private static final DrawnWorld WORLD = new DrawnWorld(0);

    private static String hash(Style style, int side) throws Exception {
        MessageDigest digest = MessageDigest.getInstance("SHA-256");
        for (Split split : Split.values()) {
            for (DrawnPicture picture : WORLD.pictures(split, style, 0, 16)) {
                digest.update(picture.draw(side));
            }
        }
        return HexFormat.of().formatHex(digest.digest(), 0, 8);
    }

    /** The shipped weights were trained on these pixels. */
    @ParameterizedTest
    @CsvSource({"PHOTO, 64, 49fc0d87d031403c", "SKETCH, 64, bf1d96914fd6db81", "ART, 64, eeb0a7e2329ddbad",
            "PHOTO, 33, f0d5df788bfbd095"})
    void everyMachineDrawsTheSamePixels(Style style, int side, String expected) throws Exception {
        assertThat(hash(style, side)).isEqualTo(expected);
    }

    @Test
    void anotherSeedIsAnotherWorld() {
        assertThat(new DrawnWorld(1).picture(Split.TRAINING, Style.PHOTO, Shape.STAR, 0).draw(16))
                .isNotEqualTo(WORLD.picture(Split.TRAINING, Style.PHOTO, Shape.STAR, 0).draw(16));
    }

    @Test
    void aSeedGivesTheSameSceneInEveryStyle() {
        DrawnPicture photo = WORLD.picture(Split.FAMILIAR, Style.PHOTO, Shape.RING, 7);
        for (Style style : Style.values()) {
            DrawnPicture other = WORLD.picture(Split.FAMILIAR, style, Shape.RING, 7);
            assertThat(other.object()).isEqualTo(photo.object());
            assertThat(other.seed()).isEqualTo(photo.seed());
            assertThat(other.style()).isEqualTo(style);
        }
    }

    @Test
    void sketchesAreGreyAndOthersAreNot() {
        for (Style style : Style.values()) {
            byte[] pixels = WORLD.picture(Split.TRAINING, style, Shape.HEART, 0).draw(64);
            boolean grey = true;
            for (int i = 0; i < pixels.length; i += 3) {
                grey &= pixels[i] == pixels[i + 1] && pixels[i] == pixels[i + 2];
            }
            assertThat(grey).as(style.name()).isEqualTo(style == Style.SKETCH);
        }
    }

    /** Two pictures that differ in their colour alone are one sketch. */
    @Test
    void noSketchTellsItsColour() {
        DrawnObject red = new DrawnObject(Shape.CROSS, Colour.RED, ObjectSize.LARGE, Texture.DOTTED);
        DrawnObject blue = new DrawnObject(Shape.CROSS, Colour.BLUE, ObjectSize.LARGE, Texture.DOTTED);
        assertThat(new DrawnPicture(red, Style.SKETCH, 5).draw(48))
                .isEqualTo(new DrawnPicture(blue, Style.SKETCH, 5).draw(48));
        assertThat(new DrawnPicture(red, Style.PHOTO, 5).draw(48))
                .isNotEqualTo(new DrawnPicture(blue, Style.PHOTO, 5).draw(48));
    }

    @Test
    void largeObjectsTakeMoreOfTheirPicture() {
        for (Shape shape : Shape.values()) {
            int[] areas = new int[2];
            for (ObjectSize size : ObjectSize.values()) {
                Scene scene = new Scene(new DrawnObject(shape, Colour.RED, size, Texture.PLAIN), 3);
                for (int i = 0; i < 10_000; i++) {
                    areas[size.ordinal()] += scene.distance((i % 100 + 0.5) / 100, (i / 100 + 0.5) / 100) < 0 ? 1 : 0;
                }
            }
            assertThat(areas[0]).as(shape.name()).isBetween(300, areas[1] / 2);
            assertThat(areas[1]).as(shape.name()).isLessThan(6000);
        }
    }

    @ParameterizedTest
    @ValueSource(ints = {7, 4097, -1})
    void sidesThatCannotBeDrawnAreRefused(int side) {
        assertThatThrownBy(() -> WORLD.picture(Split.TRAINING, Style.ART, Shape.STAR, 0).draw(side))
                .isInstanceOf(BadArgumentException.class).hasMessageContaining(Integer.toString(side));
    }

    // Splits

    @Test
    void ofEveryShapeAndOfEveryColourOnePairIsHeldBack() {
        for (Shape shape : Shape.values()) {
            assertThat(DrawnWorld.colours(Split.HELD_BACK, shape)).hasSize(1);
            Set<Colour> all = EnumSet.copyOf(DrawnWorld.colours(Split.HELD_BACK, shape));
            all.addAll(DrawnWorld.colours(Split.TRAINING, shape));
            assertThat(all).hasSize(8);
            assertThat(DrawnWorld.colours(Split.FAMILIAR, shape)).isEqualTo(DrawnWorld.colours(Split.TRAINING, shape));
        }
        for (Colour colour : Colour.values()) {
            assertThat(Stream.of(Shape.values()).filter(shape -> DrawnWorld.isHeldBack(shape, colour))).hasSize(1);
        }
    }

    @Test
    void noPictureIsInTwoSplits() {
        Set<Long> seeds = new HashSet<>();
        for (Split split : Split.values()) {
            List<DrawnPicture> pictures = WORLD.pictures(split, Style.PHOTO, 0, 4000);
            pictures.forEach(picture -> seeds.add(picture.seed()));
            assertThat(pictures).allMatch(picture -> DrawnWorld.isHeldBack(picture.object().shape(),
                    picture.object().colour()) == (split == Split.HELD_BACK));
        }
        assertThat(seeds).hasSize(12_000);
    }

    @Test
    void everyKindOfObjectIsThere() {
        Set<DrawnObject> objects = new HashSet<>();
        WORLD.pictures(Split.TRAINING, Style.PHOTO, 0, 8000).forEach(picture -> objects.add(picture.object()));
        assertThat(objects).hasSize(56 * 2 * 3);
    }

    @Test
    void indicesBelowZeroAreRefused() {
        assertThatThrownBy(() -> WORLD.picture(Split.TRAINING, Style.ART, Shape.STAR, -1))
                .isInstanceOf(BadArgumentException.class);
    }

    // Captions

    @Test
    void theFirstCaptionNamesEverything() {
        DrawnObject object = new DrawnObject(Shape.CIRCLE, Colour.ORANGE, ObjectSize.LARGE, Texture.STRIPED);
        assertThat(new DrawnPicture(object, Style.PHOTO, 1).caption())
                .isEqualTo("a photo of a large orange striped circle");
        assertThat(new DrawnPicture(object, Style.ART, 1).caption())
                .isEqualTo("a painting of a large orange striped circle");
        assertThat(new DrawnPicture(object, Style.SKETCH, 1).caption()).isEqualTo("a sketch of a large striped circle");
        DrawnObject plain = new DrawnObject(Shape.STAR, Colour.RED, ObjectSize.SMALL, Texture.PLAIN);
        assertThat(new DrawnPicture(plain, Style.PHOTO, 1).captions(1)).containsExactly("a photo of a small red star");
    }

    @ParameterizedTest
    @EnumSource
    void everyCaptionNamesTheShapeAndNothingThatIsNotThere(Style style) {
        Set<String> distinct = new HashSet<>();
        for (DrawnPicture picture : WORLD.pictures(Split.TRAINING, style, 0, 64)) {
            for (String caption : picture.captions(5)) {
                distinct.add(caption);
                assertThat(caption).endsWith(" " + picture.object().shape().word());
                assertThat(caption).doesNotContainPattern("\\ba [aeiou]").doesNotContainPattern("\\ban [^aeiou]");
                for (Colour colour : Colour.values()) {
                    if (colour != picture.object().colour() || style == Style.SKETCH) {
                        assertThat(caption).doesNotContain(colour.word());
                    }
                }
            }
            assertThat(picture.captions(5)).isEqualTo(picture.captions(5));
        }
        assertThat(distinct).hasSizeGreaterThan(40);
    }

    // Folders

    @Test
    void foldersAreWhatStudiesRead(@TempDir Path root) throws Exception {
        assertThat(WorldFolder.write(root, WORLD, Split.HELD_BACK, WorldFolder.Classes.SHAPES, 2, 24, _ -> {
        })).isEqualTo(8 * 3 * 2);
        for (Shape shape : Shape.values()) {
            for (Style style : Style.values()) {
                Path folder = root.resolve(shape.word()).resolve(style.folder());
                try (Stream<Path> files = Files.list(folder)) {
                    assertThat(files.map(file -> file.getFileName().toString()).sorted())
                            .containsExactly("000.png", "001.png");
                }
                BufferedImage image = ImageIO.read(folder.resolve("001.png").toFile());
                byte[] expected = WORLD.picture(Split.HELD_BACK, style, shape, 1).draw(24);
                byte[] read = new byte[expected.length];
                for (int i = 0; i < 24 * 24; i++) {
                    int rgb = image.getRGB(i % 24, i / 24);
                    read[3 * i] = (byte) (rgb >> 16);
                    read[3 * i + 1] = (byte) (rgb >> 8);
                    read[3 * i + 2] = (byte) rgb;
                }
                assertThat(read).isEqualTo(expected);
            }
        }
        JsonNode captions = new ObjectMapper().readTree(root.resolve(WorldFolder.CAPTIONS).toFile());
        assertThat(captions.get("images")).hasSize(48);
        assertThat(captions.get("annotations")).hasSize(240);
        Set<Integer> ids = new HashSet<>();
        captions.get("images").forEach(image -> {
            ids.add(image.get("id").asInt());
            assertThat(root.resolve(image.get("file_name").asText())).exists();
        });
        captions.get("annotations").forEach(each -> assertThat(ids).contains(each.get("image_id").asInt()));
    }

    @Test
    void pairsAreClassesToo(@TempDir Path root) throws Exception {
        WorldFolder.write(root, WORLD, Split.HELD_BACK, WorldFolder.Classes.COLOURS_AND_SHAPES, 1, 8, _ -> {
        });
        try (Stream<Path> classes = Files.list(root).filter(Files::isDirectory)) {
            assertThat(classes.map(each -> each.getFileName().toString())).hasSize(8)
                    .contains("red circle", "orange star");
        }
        JsonNode captions = new ObjectMapper().readTree(root.resolve(WorldFolder.CAPTIONS).toFile());
        captions.get("images").forEach(image -> assertThat(image.get("file_name").asText())
                .startsWith(image.get("colour").asText() + " " + image.get("shape").asText() + "/"));
    }
}
