package dev.wick.cli;

import static org.assertj.core.api.Assertions.assertThat;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

class TokenizeCommandTest {
    static final Path VOCABULARY = Cli.ROOT.resolve("java/vision/src/test/resources/tokenizer/bpe_simple_vocab_16e6.txt.gz");

    @TempDir
    private Path directory;

    @Test
    void idsAndTokensAreShown() {
        Cli cli = Cli.run("tokenize", "--vocab", VOCABULARY, "A photo of a\tcat", "");

        assertThat(cli.code()).isZero();
        assertThat(cli.out().lines()).containsExactly("'A photo of a cat': 7 tokens",
                "  ids     49406 320 1125 539 320 2368 49407, then 70 of 0",
                "  tokens  <|startoftext|> a</w> photo</w> of</w> a</w> cat</w> <|endoftext|>", "'': 2 tokens",
                "  ids     49406 49407, then 75 of 0", "  tokens  <|startoftext|> <|endoftext|>");
    }

    @Test
    void jsonHasEveryIdOfEveryText() throws IOException {
        Path lines = Files.writeString(directory.resolve("lines.txt"), "l’humanitÃ©\nПривет\n");
        Cli cli = Cli.run("tokenize", "--vocab", VOCABULARY, "a cat", "--file", lines, "--json", "--padding", "end");
        JsonNode json = new ObjectMapper().readTree(cli.out());

        assertThat(cli.code()).isZero();
        assertThat(json.at("/contextLength").asInt()).isEqualTo(77);
        assertThat(json.at("/vocabularySize").asInt()).isEqualTo(49_408);
        assertThat(json.at("/texts")).hasSize(3).allSatisfy(text -> assertThat(text.at("/ids")).hasSize(77));
        assertThat(json.at("/texts/1/text").asText()).isEqualTo("l’humanitÃ©");
        assertThat(json.at("/texts/1/count").asInt()).isEqualTo(7);
        assertThat(json.at("/texts/0/tokens")).hasSize(4);
        assertThat(json.at("/texts/0/ids/76").asInt()).isEqualTo(49_407);
    }

    @Test
    void longTextsFailOrAreCut() {
        String text = "cat ".repeat(80);
        Cli refused = Cli.run("tokenize", "--vocab", VOCABULARY, "a", text);
        Cli cut = Cli.run("tokenize", "--vocab", VOCABULARY, "--truncate", text);
        Cli room = Cli.run("tokenize", "--vocab", VOCABULARY, "--context", "100", "--error", text);

        assertThat(refused.code()).isEqualTo(1);
        assertThat(refused.err()).startsWith("wick: text 2: the text has 82 tokens").contains("hint: --truncate");
        assertThat(refused.err().lines()).hasSize(2);
        assertThat(cut.out()).contains("82 tokens, cut to 77", "2368 49407");
        assertThat(room.out()).contains("82 tokens", "then 18 of 0");
    }

    @Test
    void idsBecomeTextAndSmallVocabulariesAreTaken() {
        assertThat(Cli.run("tokenize", "--vocab", VOCABULARY, "--decode", "[49406, 320,", "2368 49407", "0]").out())
                .isEqualTo("a cat" + System.lineSeparator());
        assertThat(Cli.run("tokenize", "--vocab", VOCABULARY, "--size", "2000", "a").out()).contains("1998 320 1999");
        assertThat(Cli.run("tokenize", "--vocab", VOCABULARY, "--", "--json").out()).contains("'--json'");
    }

    @ParameterizedTest
    @CsvSource(delimiter = '|', value = {"tokenize a | 2 | --vocab", "tokenize --vocab V | 2 | TEXT",
            "tokenize --vocab V --context 1 a | 2 | --context", "tokenize --vocab V --padding x a | 2 | --padding",
            "tokenize --vocab V --truncate --error a | 2 | --truncate",
            "tokenize --vocab V --decode x | 2 | 'x' is none", "tokenize --vocab V --decode 49408 | 1 | 0 to 49407",
            "tokenize --vocab V --size 5 a | 2 | 514", "tokenize --vocab none.txt a | 1 | there is no file none.txt",
            "tokenize --vocab V --file none a | 1 | there is no file", "tokenize --vocab pom.xml a | 1 | #version"})
    void whatCannotBeDoneIsSaid(String line, int code, String said) {
        Cli cli = Cli.run((Object[]) line.replace(" V", " " + VOCABULARY).split(" "));

        assertThat(cli.code()).isEqualTo(code);
        assertThat(cli.err()).startsWith("wick: ").contains(said).doesNotContain("Exception");
        assertThat(cli.out()).isEmpty();
    }
}
