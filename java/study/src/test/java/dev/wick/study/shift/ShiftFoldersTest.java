package dev.wick.study.shift;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatExceptionOfType;

import dev.wick.error.BadArgumentException;
import dev.wick.study.zeroshot.Labels;
import dev.wick.vision.image.PictureFailure;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** Folders, and which classes they are; nothing is decoded. */
class ShiftFoldersTest {
    @TempDir
    private Path root;

    private Path picture(String path) throws IOException {
        Path file = root.resolve(path);
        Files.createDirectories(file.getParent());
        return Files.writeString(file, "");
    }

    private static OutputClasses classes(String... names) {
        return OutputClasses.of(names.length, Optional.of(new Labels(List.of(names))), Optional.empty(), List.of());
    }

    @Test
    void shiftsAreTheFoldersInClasses() throws IOException {
        picture("dog/zigzag/1.png");
        picture("dog/art/1.png");
        picture("dog/original/1.png");
        picture("dog/original/notes.txt");
        picture("cat/original/deeper/1.jpg");
        picture("captions.json");

        ShiftFolders folders = ShiftFolders.nested(root);
        assertThat(folders.shifts()).containsExactly("original", "art", "zigzag");
        assertThat(folders.classFolders()).containsExactly("cat", "dog");
        assertThat(folders.count()).isEqualTo(4);
        assertThat(folders.ignored()).isEqualTo(2);

        ShiftPictures pictures = ShiftPictures.of(folders, classes("dog", "cat", "cow"), "original");
        assertThat(pictures.inEvery()).containsExactly(0);
        assertThat(pictures.candidates(ClassScope.PRESENT)).containsExactly(0, 1);
        assertThat(pictures.candidates(ClassScope.COMMON)).containsExactly(0);
        assertThat(pictures.candidates(ClassScope.ALL)).containsExactly(0, 1, 2);
    }

    @Test
    void oneTreeAShiftGoesByImageNetsIdsAndNames() throws IOException {
        picture("val/n01440764/1.JPEG");
        picture("val/n02123045/1.JPEG");
        picture("val/crane/1.JPEG");
        picture("val/unicorn/1.JPEG");
        picture("sk/Tinca_tinca/1.png");
        picture("sk/tench/2.png");
        Files.createDirectories(root.resolve("sk/n02123045"));
        Map<String, Path> trees = new LinkedHashMap<>();
        trees.put("original", root.resolve("val"));
        trees.put("sketch", root.resolve("sk"));

        ShiftFolders folders = ShiftFolders.trees(trees);
        ShiftPictures pictures = ShiftPictures.of(folders, OutputClasses.of(1000, Optional.empty(), Optional.empty(),
                folders.classFolders()), "original");

        assertThat(pictures.inEvery()).containsExactly(0);
        assertThat(pictures.inAny()).containsExactly(0, 281);
        assertThat(pictures.pictures().get(1).get(0)).hasSize(2);
        assertThat(pictures.unknown()).containsExactly("unicorn");
        assertThat(pictures.ambiguous()).singleElement().asString().startsWith("crane (").contains("wading bird");
        assertThat(pictures.merged()).containsExactly("Tinca_tinca + tench");
    }

    @Test
    void linksInACircleMakeNoPictures() throws IOException {
        picture("dog/original/1.png");
        picture("dog/sketch/1.png");
        Files.createSymbolicLink(root.resolve("dog/original/up"), Path.of(".."));
        Files.createSymbolicLink(root.resolve("dog/original/aside"), Path.of("../sketch"));
        Files.createSymbolicLink(root.resolve("dog/loop"), Path.of(".."));
        Files.createSymbolicLink(root.resolve("self"), Path.of("."));

        ShiftFolders folders = ShiftFolders.nested(root);

        assertThat(folders.shifts()).containsExactly("original", "sketch");
        assertThat(folders.classFolders()).containsExactly("dog");
        assertThat(folders.pictures("original", "dog")).containsExactly(root.resolve("dog/original/1.png"));
        assertThat(folders.again()).as("the sketch, to which a link leads").isEqualTo(1);
        assertThat(folders.unreadable()).extracting(PictureFailure::reason).hasSize(3)
                .containsOnly("it is a link in a circle");
    }

    @Test
    void whatCannotBeComparedIsSaid() throws IOException {
        assertThatExceptionOfType(BadArgumentException.class).isThrownBy(() -> ShiftFolders.nested(root))
                .withMessageContaining("holds no folders CLASS/SHIFT");
        Files.createDirectories(root.resolve("dog/original"));
        assertThatExceptionOfType(BadArgumentException.class).isThrownBy(() -> ShiftFolders.nested(root))
                .withMessageContaining("there are no pictures");
        assertThatExceptionOfType(BadArgumentException.class)
                .isThrownBy(() -> ShiftFolders.trees(Map.of("original", root.resolve("dog/original"))))
                .withMessageContaining("holds no class folders");
        picture("dog/original/1.png");
        picture("cat/sketch/1.png");
        ShiftFolders folders = ShiftFolders.nested(root);
        assertThat(folders.withoutPictures()).isEmpty();
        assertThatExceptionOfType(BadArgumentException.class).isThrownBy(() -> ShiftPictures.of(folders,
                classes("dog", "cat"), "original")).withMessageContaining("no class has pictures in every shift");
        assertThatExceptionOfType(BadArgumentException.class).isThrownBy(() -> ShiftPictures.of(folders,
                classes("dog", "cat"), "photo")).withMessageContaining("there is no shift 'photo'")
                .withMessageContaining("original, sketch");
        assertThatExceptionOfType(BadArgumentException.class).isThrownBy(() -> ShiftPictures.of(folders,
                classes("cow", "hen"), "original")).withMessageContaining("none of the class folders").withMessageContaining("dog");
    }

    @Test
    void outputsNeedTheirNames() {
        List<String> folders = List.of("b_c", "a");
        Optional<Labels> none = Optional.empty();

        assertThat(OutputClasses.of(2, none, none, folders).labels().names()).containsExactly("a", "b c");
        assertThat(OutputClasses.of(1000, none, none, folders).labels().size()).isEqualTo(1000);
        assertThat(OutputClasses.of(2, none, Optional.of(new Labels(List.of("x", "y"))), folders).folders().matching("B c"))
                .containsExactly(1);
        assertThatExceptionOfType(BadArgumentException.class).isThrownBy(() -> OutputClasses.of(7, none, none, folders))
                .withMessageContaining("gives 7 scores").withMessageContaining("nor the 2 class folders");
        assertThatExceptionOfType(BadArgumentException.class)
                .isThrownBy(() -> OutputClasses.of(7, Optional.of(new Labels(List.of("x", "y"))), none, folders))
                .withMessageContaining("gives 7 scores").withMessageContaining("are 2");
    }
}
