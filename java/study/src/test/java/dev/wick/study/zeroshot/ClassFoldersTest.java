package dev.wick.study.zeroshot;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.wick.error.BadArgumentException;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class ClassFoldersTest {
    @TempDir
    private Path root;

    private void pictures(String... files) throws IOException {
        for (String file : files) {
            Path path = root.resolve(file);
            Files.createDirectories(path.getParent());
            Files.createFile(path);
        }
    }

    @Test
    void foldersAreTheLabels() throws IOException {
        pictures("red_circle/a.png", "red_circle/b.jpg", "blue star/deep/c.png", "blue star/notes.txt");
        Files.createDirectories(root.resolve("empty"));
        ClassFolders folders = ClassFolders.of(root);
        assertThat(folders.labels().names()).containsExactly("blue star", "empty", "red circle");
        assertThat(folders.count()).isEqualTo(3);
        assertThat(folders.empty()).containsExactly("empty");
        assertThat(folders.ignored()).isEqualTo(1);
        assertThat(folders.truths()).containsEntry(root.resolve("red_circle/b.jpg"), 2);
        assertThat(ClassFolders.isOne(root)).isTrue();
        assertThat(ClassFolders.isOne(root.resolve("red_circle"))).isFalse();
    }

    @Test
    void foldersFitLabelsByAnyOfTheirNames() throws IOException {
        pictures("Tinca_tinca/a.png", "n01443537/b.png", "hen/c.png");
        Labels labels = new Labels(List.of("tench, Tinca tinca", "goldfish, Carassius auratus", "cock", "hen"));
        ClassFolders folders = ClassFolders.of(root, labels, Map.of("n01443537", 1));
        assertThat(folders.pictures().stream().map(List::size)).containsExactly(1, 1, 0, 1);
        assertThat(folders.empty()).containsExactly("cock");
    }

    @Test
    void saysWhatFitsNothing() throws IOException {
        pictures("cat/a.png", "unicorn/b.png", "Cat_/c.png");
        assertThatThrownBy(() -> ClassFolders.of(root, new Labels(List.of("cat", "dog")), Map.of()))
                .isInstanceOf(BadArgumentException.class).hasMessageContaining("both the label 'cat'");
        Files.delete(root.resolve("Cat_/c.png"));
        Files.delete(root.resolve("Cat_"));
        assertThatThrownBy(() -> ClassFolders.of(root, new Labels(List.of("cat", "dog")), Map.of()))
                .hasMessageContaining("1 of the 2 folders").hasMessageContaining("unicorn");
        assertThatThrownBy(() -> ClassFolders.of(root.resolve("cat"))).hasMessageContaining("holds no class folders");
        Path none = Files.createDirectories(root.resolve("none/class")).getParent();
        assertThatThrownBy(() -> ClassFolders.of(none)).hasMessageContaining("hold no pictures");
    }
}
