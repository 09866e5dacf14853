package dev.wick.cli;

import static org.assertj.core.api.Assertions.assertThat;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/** {@code wick synsets}, in this JVM; it needs no LibTorch. */
class SynsetsCommandTest {
    private static final ObjectMapper MAPPER = new ObjectMapper();

    @TempDir
    private Path directory;

    /** Words in single quotes are one argument. */
    private static Cli synsets(String line) {
        List<Object> arguments = new ArrayList<>(List.of("synsets"));
        for (String word : line.split(" (?=(?:[^']*'[^']*')*[^']*$)")) {
            arguments.add(word.replace("'", ""));
        }
        return Cli.run(arguments.toArray());
    }

    @Test
    void aClassIsShown() {
        Cli cli = synsets("n01440764 --limit 2");

        assertThat(cli.code()).isZero();
        assertThat(cli.err()).isEmpty();
        assertThat(cli.out()).isEqualToNormalizingNewlines("""
                n01440764: 1 sense

                noun 1 of tench  tench.n.01  01440764-n  n01440764
                  words     tench, Tinca tinca
                  gloss     freshwater dace-like game fish of Europe and western Asia noted for ability to survive outside water
                  chain     entity > physical entity > object > whole > living thing > organism > animal > chordate > vertebrate >
                            aquatic vertebrate > fish > bony fish > teleost fish > soft-finned fish > cypriniform fish > cyprinid >
                            tench
                  hyponyms  none
                  siblings  10: carp, dace, ...
                  ImageNet  class 0 of the 1000
                            0  n01440764  tench, Tinca tinca
                """);
    }

    @Test
    void sensesAreNumberedAndClassesListed() {
        Cli cli = synsets("Dogs --limit 2");

        assertThat(cli.code()).isZero();
        assertThat(cli.out()).startsWith("Dogs: 8 senses, 7 as a noun, 1 as a verb").contains(
                "noun 1 of dog  dog.n.01  02084071-n  n02084071", "noun 7 of dog  andiron.n.01",
                "verb 1 of dog  chase.v.01", "  ImageNet  no class of the 1000 itself; 118 classes under it",
                "            151  n02085620  Chihuahua", "            and 116 more (--limit 0 shows all)",
                "no class of the 1000, and none under it");
        assertThat(synsets("dog --sense 1 --limit 0").out()).contains("268  n02113978  Mexican hairless")
                .doesNotContain("more (", "noun 2");
        assertThat(synsets("dog --pos v").out()).contains("verb 1").doesNotContain("noun");
        assertThat(synsets("'golden retrievers' --limit 1").out())
                .contains("class 207 of the 1000", "golden_retriever.n.01");
        assertThat(synsets("n02123045").out()).contains("class 281 of the 1000");
    }

    @Test
    void aPhraseThatFellApartIsNoticed() {
        Cli cli = synsets("golden retriever --limit 1");

        assertThat(cli.code()).isZero();
        assertThat(cli.out()).contains("golden: ", "retriever: ");
        assertThat(cli.err()).contains("hint: 'golden retriever' is one entry of WordNet's: put it in quotes to see "
                + "it");
    }

    @ParameterizedTest
    @CsvSource(delimiter = '|', value = {
            "elefant | no word or phrase 'elefant' | nearest spellings are",
            "n02084072 | no noun of WordNet 3.0 has the id | hint: ", "dog.n.09 | 'dog' as a noun has 7 senses, no "
                    + "sense 9 | hint: ", "tench --pos v | 'tench', but not as a verb | hint: ",
            "dog --sense 9 | 'dog' has no sense 9 | it has 7 as a noun, 1 as a verb",
            "dog%1:05:77:: | no sense key | hint: ", "dog xqzzqx | no word or phrase 'xqzzqx' | hint: ",
            "german sheppherd | no word or phrase 'sheppherd' | nearest spellings are"})
    void whatIsNotThereIsSaid(String line, String said, String hint) {
        Cli cli = synsets(line);

        assertThat(cli.code()).isEqualTo(1);
        assertThat(cli.out()).isEmpty();
        assertThat(cli.err()).startsWith("wick: ").contains(said).contains(hint).doesNotContain("Exception");
    }

    @ParameterizedTest
    @CsvSource(delimiter = '|', value = {"--pos n | QUERY",
            "dog --pos x | no part of speech", "dog --pos noun | no part of speech", "dog --sense 0 | --sense",
            "dog --sense one | --sense", "dog --limit -1 | --limit", "dog --json a --html ./a | files of their own"})
    void whatIsNotUnderstoodExitsWithTwo(String line, String said) {
        Cli cli = synsets(line);

        assertThat(cli.code()).isEqualTo(2);
        assertThat(cli.out()).isEmpty();
        assertThat(cli.err()).startsWith("wick: ").contains(said).contains("hint: ").doesNotContain("Exception");
    }

    @Test
    void anEmptyQueryIsNotUnderstood() {
        for (String query : List.of("", "  ")) {
            Cli cli = Cli.run("synsets", "dog", query);

            assertThat(cli.code()).isEqualTo(2);
            assertThat(cli.err()).startsWith("wick: a QUERY is empty").contains("hint: ");
        }
    }

    @Test
    void jsonHasEverything() throws IOException {
        Path file = directory.resolve("dog.json");
        Cli text = Cli.run("synsets", "dog", "--json", file);
        JsonNode json = MAPPER.readTree(Files.readString(file));

        assertThat(text.out()).startsWith("dog: 8 senses");
        assertThat(text.err()).contains("written to " + file);
        assertThat(json.at("/wordnet").asText()).isEqualTo("3.0");
        JsonNode dog = json.at("/queries/0/senses/0");
        assertThat(dog.at("/name").asText()).isEqualTo("dog.n.01");
        assertThat(dog.at("/sense").asInt()).isEqualTo(1);
        assertThat(dog.at("/words/1").asText()).isEqualTo("domestic dog");
        assertThat(dog.at("/chains")).hasSize(2).allMatch(chain -> chain.at("/0/name").asText().equals("entity.n.01"));
        assertThat(dog.at("/chains/0/0/imageNetClasses").asInt()).isEqualTo(1000);
        assertThat(dog.at("/hyponyms")).hasSize(18);
        assertThat(dog.at("/imageNet/index").isNull()).isTrue();
        assertThat(dog.at("/imageNet/count").asInt()).isEqualTo(118);
        assertThat(dog.at("/imageNet/classes")).hasSize(118);
        assertThat(dog.at("/imageNet/classes/0/wnid").asText()).isEqualTo("n02085620");
        assertThat(MAPPER.readTree(Cli.run("synsets", "dog", "--json", "-").out())).isEqualTo(json);
        assertThat(Cli.run("synsets", "dog", "--json", directory.resolve("a/b.json")).code()).isEqualTo(1);
    }

    @Test
    void thePageHoldsSensesTreeAndClasses() throws IOException {
        Path file = directory.resolve("dog.html");
        assertThat(Cli.run("synsets", "dog", "--html", file).code()).isZero();
        String page = Files.readString(file);

        assertThat(page).contains("<title>dog in WordNet 3.0</title>",
                "<h2>dog: 8 senses, 7 as a noun, 1 as a verb</h2>",
                "<td class=\"word\">\u2514\u00a0physical\u00a0entity</td>", ">What it is a kind of, 2 ways<",
                "id=\"classes-0-0\"", "<td class=\"word\">n02085620</td>", "Copyright 2006 by Princeton University")
                .doesNotContain("id=\"classes-0-1\"", "src=", "<link");
        // Both ways up go through animal, which has one row.
        assertThat(page.substring(page.indexOf("What it is a kind of"), page.indexOf("ImageNet classes under it"))
                .split("01317541-n|00015388-n", -1)).hasSize(3);
    }
}
