package dev.wick.vision.image;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatExceptionOfType;
import static org.assertj.core.api.Assertions.tuple;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class PictureFilesTest {
    @TempDir
    private Path folder;

    private Path file(String name) throws IOException {
        Path file = folder.resolve(name);
        Files.createDirectories(file.getParent());
        return Files.writeString(file, "x");
    }

    private List<String> names(PictureFiles found) {
        return found.files().stream().map(each -> folder.relativize(each).toString()).toList();
    }

    @Test
    void foldersAreReadThroughInOrderAndOthersCounted() throws IOException {
        for (String name : List.of("b/2.JPG", "b/1.png", "a.webp", "Z.gif", "b/c/x.tiff", "notes.txt", "b/.hidden.png",
                "b/none")) {
            file(name);
        }

        PictureFiles found = PictureFiles.of(folder);

        assertThat(names(found)).containsExactly("Z.gif", "a.webp", "b/1.png", "b/2.JPG", "b/c/x.tiff");
        assertThat(found.ignored()).isEqualTo(3);
        assertThat(found.unreadable()).isEmpty();
    }

    @Test
    void linksInACircleEnd() throws IOException {
        file("a/1.png");
        Files.createSymbolicLink(folder.resolve("a/up"), folder);
        Files.createSymbolicLink(folder.resolve("a/self"), folder.resolve("a/self"));
        Files.createSymbolicLink(folder.resolve("b.png"), folder.resolve("a/1.png"));

        PictureFiles found = PictureFiles.of(folder);

        assertThat(names(found)).containsExactly("a/1.png", "b.png");
        assertThat(found.ignored()).isEqualTo(1);
        assertThat(found.unreadable()).extracting(PictureFailure::file, PictureFailure::reason)
                .containsExactly(tuple(folder.resolve("a/up"), "it is a link in a circle"));
    }

    @Test
    void aLinkBackDoesNotMakeOtherClassesPicturesItsOwn() throws IOException {
        file("a/1.png");
        file("b/2.png");
        Files.createSymbolicLink(folder.resolve("a/up"), folder);

        PictureFiles.Labelled found = PictureFiles.byClass(folder);

        assertThat(found.count()).isEqualTo(2);
        assertThat(names(found.pictures().getFirst())).containsExactly("a/1.png");
    }

    @Test
    void aFileThatIsNamedIsTakenWhateverItIsCalled() throws IOException {
        Path file = file("picture");

        PictureFiles found = PictureFiles.of(List.of(file, folder.resolve("gone.png"), folder));

        assertThat(found.files()).containsExactly(file);
        assertThat(found.ignored()).isEqualTo(1);
        assertThat(found.unreadable()).singleElement()
                .hasToString(folder.resolve("gone.png") + ": there is no such file");
    }

    @Test
    void classFoldersGiveLabels() throws IOException {
        file("dog/2.png");
        file("cat/1.png");
        file("cat/deep/0.jpg");
        file("readme.txt");
        Files.createDirectories(folder.resolve("empty"));

        PictureFiles.Labelled labelled = PictureFiles.byClass(folder);

        assertThat(labelled.classes()).containsExactly("cat", "dog", "empty");
        assertThat(labelled.pictures().stream().map(each -> each.files().size())).containsExactly(2, 1, 0);
        assertThat(labelled.count()).isEqualTo(3);
        assertThat(labelled.ignored()).isEqualTo(1);
        assertThatExceptionOfType(PictureException.class).isThrownBy(() -> PictureFiles.byClass(folder.resolve("no")))
                .withMessageContaining("no such folder");
    }
}
