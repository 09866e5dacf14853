package dev.wick.study.zeroshot;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatExceptionOfType;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.wick.error.BadArgumentException;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Random;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class LabelsTest {
    @TempDir
    Path directory;

    @Test
    void readsLines() throws IOException {
        Path file = Files.writeString(directory.resolve("labels.txt"), "\ufefftench\r\n  goldfish, Carassius auratus \n\nhen\n");
        assertThat(Labels.read(file).names()).containsExactly("tench", "goldfish, Carassius auratus", "hen");
        assertThat(Labels.firstName("goldfish, Carassius auratus")).isEqualTo("goldfish");
    }

    @Test
    void readsThePublishedDictionary() {
        assertThat(Labels.parse("{0: 'tench, Tinca tinca',\n 1: 'goldfish',\n 2: \"jack-o'-lantern\", # a comment\n}").names())
                .containsExactly("tench, Tinca tinca", "goldfish", "jack-o'-lantern");
        assertThat(Labels.parse("{\"1\": \"b\", \"0\": \"a\\u00e9\\\"\"}").names()).containsExactly("a\u00e9\"", "b");
        assertThat(Labels.parse("['cat', u\"dog\"]").names()).containsExactly("cat", "dog");
    }

    @Test
    void tellsClassesOfOneNameApart() {
        assertThat(Labels.parse("{0: 'crane', 1: 'hen', 2: 'crane'}").names()).containsExactly("crane", "hen", "crane (2)");
    }

    @Test
    void saysWhatIsWrong() throws IOException {
        assertThatThrownBy(() -> Labels.parse("{0: 'a', 2: 'c', 5: 'f'}")).isInstanceOf(BadArgumentException.class)
                .hasMessageContaining("it lacks 1, 3, 4");
        assertThatThrownBy(() -> Labels.parse("{0: 'a', 0: 'b'}")).hasMessageContaining("the number 0 is there twice");
        assertThatThrownBy(() -> Labels.parse("{0: 'a',\n1: b}")).hasMessageContaining("line 2: expected a text in quotes");
        assertThatThrownBy(() -> Labels.parse("{0: 'a'} import os")).hasMessageContaining("something follows the end");
        assertThatThrownBy(() -> Labels.parse(" \n")).hasMessageContaining("at least one label");
        assertThatThrownBy(() -> new Labels(List.of("a", "a"))).hasMessageContaining("'a' is there twice");
        assertThatThrownBy(() -> Labels.read(directory.resolve("none"))).isInstanceOf(BadArgumentException.class);
        Path binary = Files.write(directory.resolve("binary"), new byte[] {(byte) 0xff, 0, 1});
        assertThatThrownBy(() -> Labels.read(binary)).hasMessageContaining("no text in UTF-8");
    }

    @Test
    void survivesDamagedDictionaries() {
        String good = "{0: 'tench, Tinca tinca', 1: \"gold\\'fish\", 2: 'he\\x41n'}";
        Random random = new Random(6);
        for (int round = 0; round < 10_000; round++) {
            StringBuilder text = new StringBuilder(good);
            for (int change = random.nextInt(1, 4); change > 0 && !text.isEmpty(); change--) {
                int at = random.nextInt(text.length());
                switch (random.nextInt(3)) {
                    case 0 -> text.setCharAt(at, (char) random.nextInt(32, 127));
                    case 1 -> text.deleteCharAt(at);
                    default -> text.setLength(at + 1);
                }
            }
            try {
                Labels.parse(text.toString());
            } catch (RuntimeException e) {
                assertThatExceptionOfType(BadArgumentException.class).as(text.toString()).isThrownBy(() -> {
                    throw e;
                });
            }
        }
    }

    @Test
    void readsTemplates() throws IOException {
        Path lines = Files.writeString(directory.resolve("lines"), "a photo of a {}.\n{} art\n");
        Path list = Files.writeString(directory.resolve("list"), "[\n 'a photo of a {}.',\n '{} art',\n]\n");
        assertThat(PromptTemplates.read(lines)).isEqualTo(PromptTemplates.read(list));
        assertThat(PromptTemplates.read(lines).of("cat")).containsExactly("a photo of a cat.", "cat art");
        assertThat(PromptTemplates.named("seven").sentences()).hasSize(7);
        assertThat(PromptTemplates.named("the {}").of("dog")).containsExactly("the dog");
        assertThatThrownBy(() -> new PromptTemplates(List.of("no place"))).hasMessageContaining("exactly one {}");
        assertThatThrownBy(() -> PromptTemplates.named("nothing.txt")).isInstanceOf(BadArgumentException.class);
    }
}
