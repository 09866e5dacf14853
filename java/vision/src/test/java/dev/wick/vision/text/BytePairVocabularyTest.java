package dev.wick.vision.text;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.wick.error.BadArgumentException;
import java.io.IOException;
import java.io.OutputStream;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.List;
import java.util.Random;
import java.util.stream.Collectors;
import java.util.zip.GZIPInputStream;
import java.util.zip.GZIPOutputStream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

class BytePairVocabularyTest {
    private static final List<String> MERGES = List.of("r e", "re d</w>", "c i", "ci r");

    @TempDir
    private Path directory;

    private static String plainText() throws IOException {
        try (GZIPInputStream in = new GZIPInputStream(Files.newInputStream(TokenizerData.VOCABULARY))) {
            return new String(in.readAllBytes(), StandardCharsets.UTF_8);
        }
    }

    private Path file(String name, String text) throws IOException {
        return Files.writeString(directory.resolve(name), text);
    }

    private static String json(String suffix, BytePairVocabulary vocabulary, boolean pairs) {
        StringBuilder json = new StringBuilder("{\"version\": \"1.0\", \"added_tokens\": [{\"id\": ")
                .append(vocabulary.size() - 2)
                .append(", \"content\": \"<|startoftext|>\", \"special\": true}], \"normalizer\": {\"type\": \"NFC\"}, "
                + "")
                .append("\"model\": {\"type\": \"BPE\", \"end_of_word_suffix\": ").append(suffix)
                .append(", \"vocab\": {");
        for (int id = 0; id < vocabulary.size(); id++) {
            json.append(id == 0 ? "" : ", ").append(quoted(vocabulary.token(id))).append(": ").append(id);
        }
        json.append("}, \"merges\": [").append(vocabulary.merges().stream().map(merge -> pairs
                ? "[" + quoted(merge.split(" ")[0]) + ", " + quoted(merge.split(" ")[1]) + "]" : quoted(merge))
                .collect(Collectors.joining(", ")));
        return json.append("]}}").toString();
    }

    private static String quoted(String text) {
        return "\"" + text.replace("\\", "\\\\").replace("\"", "\\\"") + "\"";
    }

    @Test
    void thePublishedFileReadsTheSamePackedAndPlain() throws IOException {
        BytePairVocabulary packed = BytePairVocabulary.read(TokenizerData.VOCABULARY);
        BytePairVocabulary plain = BytePairVocabulary.read(file("bpe.txt", plainText()));

        assertThat(packed.size()).isEqualTo(49_408);
        assertThat(packed.token(0)).isEqualTo("!");
        assertThat(packed.token(320)).isEqualTo("a</w>");
        assertThat(packed.token(49_406)).isEqualTo("<|startoftext|>");
        assertThat(packed.endOfText()).isEqualTo(49_407);
        assertThat(plain.merges()).isEqualTo(packed.merges()).hasSize(48_894);
    }

    @Test
    void mergesInMemoryAreEnoughAndAreKeptInFiles() throws IOException {
        BytePairVocabulary small = BytePairVocabulary.ofMerges(MERGES);
        Path packed = directory.resolve("small.txt.gz");
        Path plain = directory.resolve("small.txt");
        small.write(packed);
        small.write(plain);

        assertThat(small.size()).isEqualTo(518);
        assertThat(ClipTokenizer.of(small).encode("Red circle").ids()).startsWith(516, 513, 515);
        assertThat(BytePairVocabulary.read(packed).merges()).isEqualTo(MERGES);
        assertThat(BytePairVocabulary.read(plain).merges()).isEqualTo(MERGES);
        assertThat(Files.readString(plain)).startsWith("#version: 0.2").endsWith("ci r\n");
        assertThat(directory.toFile().list()).hasSize(2);
        assertThat(BytePairVocabulary.ofMerges(List.of()).size()).isEqualTo(514);
        assertThat(ClipTokenizer.of(packed).withVocabulary(516).vocabulary().merges())
                .containsExactly("r e", "re d</w>");
    }

    @Test
    void tokenizerJsonGivesTheSameIds() throws IOException {
        BytePairVocabulary published = BytePairVocabulary.read(TokenizerData.VOCABULARY);
        for (boolean pairs : new boolean[] {false, true}) {
            Path file = file("tokenizer.json", json("\"</w>\"", published, pairs));
            BytePairVocabulary read = BytePairVocabulary.read(file);

            assertThat(read.merges()).isEqualTo(published.merges());
            assertThat(ClipTokenizer.of(read).encode("l’humanitÃ©, İstanbul").ids())
                    .containsExactly(TokenizerData.tokenizer().encode("l’humanitÃ©, İstanbul").ids());
        }
    }

    @Test
    void tokenizersOfOtherModelsAreRefused() throws IOException {
        BytePairVocabulary small = BytePairVocabulary.ofMerges(MERGES);
        String clip = json("\"</w>\"", small, false);

        refused(file("a.json", json("null", small, false)), "end_of_word_suffix is not set");
        refused(file("b.json", clip.replace("BPE", "WordPiece")), "its model is WordPiece");
        refused(file("c.json", clip.replace("startoftext", "bos")), "no token <|startoftext|>");
        refused(file("d.json", clip.replace("\"red</w>\": 513", "\"red</w>\": 9999")), "9999");
        refused(file("e.json", clip.replace("\"red</w>\": 513", "\"red</w>\": \"x\"")), "no number");
        refused(file("f.json", clip.substring(0, clip.length() / 2)), "no JSON");
        refused(file("g.json", "{\"architectures\": [\"CLIPModel\"]}"), "no tokenizer.json");
        refused(file("h.json", clip.replace("\"r e\"", "\"re\"")), "merge 1 is 're'");
        refused(file("i.json", clip.replace("\"r e\"", "7")), "no pair of texts");
        refused(file("j.json", "{".repeat(100_000)), "no JSON");
        refused(file("k.json", clip.replace("<|endoftext|>\": 517", "<|endoftext|>\": 517, \"<|pad|>\": 518")),
                "not the highest");
    }

    @Test
    void listsOfOtherModelsAreRefused() throws IOException {
        refused(file("merges.txt", "#version: 0.2\nĠ t\nĠ a\nh e\n"), "GPT-2's kind");
        refused(file("words.txt", "the\nof\n"), "'#version'");
        refused(file("three.txt", "#version: 0.2\na b c\n"), "merge 1 is 'a b c'");
        refused(file("one.txt", "#version: 0.2\na b\nab\n"), "merge 2 is 'ab'");
        refused(file("unknown.txt", "#version: 0.2\nab c\n"), "merge 1 joins 'ab'");
        refused(file("twice.txt", "#version: 0.2\na b\na b\n"), "'ab' is there twice");
        refused(file("blank.txt", "#version: 0.2\na b\n\nc d\n"), "merge 2 is ''");
        assertThatThrownBy(() -> BytePairVocabulary.ofMerges(List.of("a b c")))
                .isInstanceOf(VocabularyUnreadableException.class)
                .hasMessageContaining("given merges");
    }

    @Test
    void damagedFilesAreRefused() throws IOException {
        byte[] packed = Files.readAllBytes(TokenizerData.VOCABULARY);
        Path cut = Files.write(directory.resolve("cut.txt.gz"), Arrays.copyOf(packed, packed.length / 2));
        Path flipped = directory.resolve("flipped.txt.gz");
        byte[] bytes = packed.clone();
        bytes[packed.length - 6] ^= 1;
        Files.write(flipped, bytes);

        refused(cut, "cut off");
        refused(flipped, "damaged");
        refused(file("short.txt", plainText().substring(0, 100_000)), "promises 48894");
        refused(file("named.txt.gz", "#version: 0.2\n"), "not gzip");
        refused(file("empty.txt", ""), "empty");
        refused(Files.write(directory.resolve("binary"), new byte[] {(byte) 0xFF, 0, 1}), "neither gzip nor text");
        refused(directory, "directory");
        assertThatThrownBy(() -> BytePairVocabulary.read(directory.resolve("none")))
                .isInstanceOf(NoSuchFileException.class);
    }

    @Test
    void whatUnpacksWithoutEndIsNotUnpacked() throws IOException {
        Path bomb = directory.resolve("bomb.gz");
        try (OutputStream out = new GZIPOutputStream(Files.newOutputStream(bomb))) {
            byte[] zeros = new byte[1 << 20];
            for (int i = 0; i < 200; i++) {
                out.write(zeros);
            }
        }
        refused(bomb, "larger than 32 MiB");
    }

    @Test
    void flippedBytesGiveAVocabularyOrAClearRefusal() throws IOException {
        Random random = new Random(7);
        byte[] small = ("#version: 0.2 merges: 4\n" + String.join("\n", MERGES) + "\n")
                .getBytes(StandardCharsets.UTF_8);
        byte[] json = json("\"</w>\"", BytePairVocabulary.ofMerges(MERGES), true).getBytes(StandardCharsets.UTF_8);
        Path file = directory.resolve("flipped");
        int refused = 0;
        for (int i = 0; i < 2_000; i++) {
            byte[] bytes = (i % 2 == 0 ? small : json).clone();
            for (int flips = 1 + random.nextInt(3); flips > 0; flips--) {
                bytes[random.nextInt(bytes.length)] = (byte) random.nextInt(256);
            }
            Files.write(file, bytes);
            try {
                assertThat(BytePairVocabulary.read(file).size()).isGreaterThanOrEqualTo(514);
            } catch (VocabularyUnreadableException e) {
                refused++;
                assertThat(e.reason()).isNotEmpty();
            }
        }
        assertThat(refused).isGreaterThan(500);
    }

    @ParameterizedTest
    @CsvSource({"513", "519", "-1"})
    void sizesAreThoseThatItCanHave(int size) {
        assertThatThrownBy(() -> BytePairVocabulary.ofMerges(MERGES).withSize(size))
                .isInstanceOf(BadArgumentException.class)
                .hasMessageContaining("514 to 518");
    }

    private static void refused(Path file, String reason) {
        assertThatThrownBy(() -> BytePairVocabulary.read(file)).isInstanceOf(VocabularyUnreadableException.class)
                .hasMessageContaining(reason).hasMessageContaining(file.getFileName().toString());
    }
}
