package dev.wick.study.synset;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.wick.error.BadArgumentException;
import dev.wick.error.WickException;
import java.io.ByteArrayOutputStream;
import java.io.PrintStream;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.Random;
import java.util.TreeMap;
import java.util.concurrent.Callable;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

/** WordNet 3.0 as the studies see it. */
class WordNetTest {
    private static final int FUZZED = 2_000;
    private static final long SEED = 20260101;

    private static List<String> names(List<Synset> synsets) {
        return synsets.stream().map(Synset::name).toList();
    }

    private static List<String> found(String query) {
        return WordNet.find(query).stream().map(sense -> sense.synset().name()).toList();
    }

    // Synsets

    @Test
    void aSynsetIsAsWordNetHasIt() {
        Synset dog = WordNet.synset("n02084071");

        assertThat(dog.id()).isEqualTo(new SynsetId(PartOfSpeech.NOUN, 2084071));
        assertThat(dog.id()).hasToString("02084071-n");
        assertThat(dog.id().wnid()).isEqualTo("n02084071");
        assertThat(dog.name()).isEqualTo("dog.n.01");
        assertThat(dog.partOfSpeech()).isEqualTo(PartOfSpeech.NOUN);
        assertThat(dog.words()).containsExactly("dog", "domestic dog", "Canis familiaris");
        assertThat(dog.label()).isEqualTo("dog, domestic dog, Canis familiaris");
        assertThat(dog.gloss())
                .isEqualTo("a member of the genus Canis (probably descended from the common wolf) that has "
                + "been domesticated by man since prehistoric times; occurs in many breeds; \"the dog barked all "
                + "night\"");
        assertThat(names(WordNet.hypernyms(dog))).containsExactly("canine.n.02", "domestic_animal.n.01");
        assertThat(names(WordNet.hyponyms(dog))).hasSize(18).contains("puppy.n.01", "corgi.n.01", "hunting_dog.n.01");
        assertThat(names(WordNet.siblings(dog))).contains("wolf.n.01", "fox.n.01", "domestic_cat.n.01")
                .doesNotContain("dog.n.01").doesNotHaveDuplicates();
    }

    @ParameterizedTest
    @ValueSource(strings = {"02084071-n", "02084071n", "n02084071", "2084071-n", "N02084071", " n02084071 ",
            "n-02084071", "dog%1:05:00::", "DOG%1:05:00::", "domestic_dog%1:05:00::", "dog.n.01", "dog.n.1", "Dog.N.01",
            "domestic_dog.n.01", "canis familiaris.n.01"})
    void oneSynsetHasManyIds(String id) {
        assertThat(WordNet.synset(id).name()).isEqualTo("dog.n.01");
    }

    @ParameterizedTest
    @CsvSource({"able%3:00:00::, able.a.01", "abounding%5:00:00:abundant:00, abounding.s.01", "run%2:38:00::, run.v.01",
            "quickly%4:02:00::, quickly.r.01", "a.m..r.01, ante_meridiem.r.01", "good.s.03, good.a.03",
            "00001740-a, able.a.01", "a00001740, able.a.01", "00001740s, able.a.01"})
    void otherPartsOfSpeechHaveThemToo(String id, String name) {
        assertThat(WordNet.synset(id).name()).isEqualTo(name);
    }

    @ParameterizedTest
    @CsvSource(delimiter = '|', value = {"n02084072 | no noun of WordNet 3.0 has the id 02084072-n",
            "n00000000 | has the id 00000000-n", "99999999-v | no verb of",
            "dog%1:05:99:: | no sense key 'dog%1:05:99::'", "dog%9:05:00:: | no sense key",
            "dog.n.08 | 'dog' as a noun has 7 senses, no sense 8", "dog.n.0 | no sense 0",
            "dgo.n.01 | no word or phrase 'dgo'", "dog | is no id of a synset", "'' | is no id of a synset"})
    void whatIsNotThereIsSaid(String id, String said) {
        assertThatThrownBy(() -> WordNet.synset(id)).isInstanceOf(SynsetNotFoundException.class)
                .hasMessageContaining(said);
    }

    /** In the middle of an entry there are digits too, and some make an offset of another entry. */
    @Test
    void onlyWhereASynsetBeginsIsOne() {
        for (int offset = 2084060; offset < 2084700; offset++) {
            SynsetId id = new SynsetId(PartOfSpeech.NOUN, offset);
            WordNet.synset(id).ifPresent(synset -> assertThat(synset.id()).isEqualTo(id));
            assertThat(WordNet.synset(id).isPresent()).isEqualTo(offset == 2084071);
        }
        assertThat(WordNet.synset("n02084071").name()).isEqualTo("dog.n.01");
        assertThatThrownBy(() -> new SynsetId(PartOfSpeech.NOUN, -1)).isInstanceOf(BadArgumentException.class);
        assertThatThrownBy(() -> new SynsetId(PartOfSpeech.NOUN, 100_000_000)).isInstanceOf(BadArgumentException.class);
    }

    // The hierarchy

    @ParameterizedTest
    @CsvSource(delimiter = '|', value = {
            "tench.n.01 | entity physical_entity object whole living_thing organism animal chordate vertebrate "
                    + "aquatic_vertebrate fish bony_fish teleost_fish soft-finned_fish cypriniform_fish cyprinid tench",
            "entity.n.01 | entity", "jog.v.03 | travel travel_rapidly run jog",
            "einstein.n.01 | entity physical_entity object whole living_thing organism person scientist physicist "
                    + "einstein"})
    void aChainLeadsFromTheRoot(String name, String expected) {
        List<String> chains = WordNet.chains(WordNet.synset(name)).stream().map(chain -> names(chain).stream()
                .map(each -> each.substring(0, each.indexOf('.'))).reduce((a, b) -> a + " " + b).orElseThrow())
                .toList();

        assertThat(chains).contains(expected);
    }

    @Test
    void allWaysUpAreGiven() {
        Synset dog = WordNet.synset("dog.n.01");
        List<List<Synset>> chains = WordNet.chains(dog);

        assertThat(chains).hasSize(2).allSatisfy(chain -> {
            assertThat(chain.getFirst().name()).isEqualTo("entity.n.01");
            assertThat(chain.getLast()).isEqualTo(dog);
        });
        assertThat(chains.stream().map(chain -> chain.get(chain.size() - 2).name()))
                .containsExactlyInAnyOrder("canine.n.02", "domestic_animal.n.01");
        assertThat(WordNet.chains(WordNet.synset("able.a.01"))).hasSize(1);
        assertThat(WordNet.isUnder(dog, WordNet.synset("carnivore.n.01"))).isTrue();
        assertThat(WordNet.isUnder(dog, dog)).isTrue();
        assertThat(WordNet.isUnder(WordNet.synset("carnivore.n.01"), dog)).isFalse();
    }

    /** WordNet 3.0 has restrain under inhibit under restrain. */
    @Test
    void aCircleEnds() {
        Synset restrain = WordNet.synset("restrain.v.01");

        assertThat(names(WordNet.chains(restrain).getFirst())).doesNotHaveDuplicates().contains("restrain.v.01",
                "inhibit.v.04");
        assertThat(WordNet.isUnder(restrain, WordNet.synset("inhibit.v.04"))).isTrue();
        assertThat(WordNet.isUnder(WordNet.synset("inhibit.v.04"), restrain)).isTrue();
    }

    // Words

    @ParameterizedTest
    @CsvSource({"dogs, dog.n.01", "DOGS, dog.n.01", "golden retriever, golden_retriever.n.01",
            "golden_retriever, golden_retriever.n.01", "Golden  Retrievers, golden_retriever.n.01",
            "geese, goose.n.01", "mice, mouse.n.01", "oxen, ox.n.02", "churches, church.n.01", "women, woman.n.01",
            "ran, run.v.01", "looked up, consult.v.02", "better, better.n.01",
            "attorneys general, attorney_general.n.01", "german-shepherds, german_shepherd.n.01",
            "st. bernard, saint_bernard.n.01", "wolves, wolf.n.01", "quickly, quickly.r.01"})
    void wordsAreFoundInTheirInflections(String query, String name) {
        assertThat(found(query)).contains(name);
    }

    @Test
    void sensesStandInWordNetsOrder() {
        List<Sense> senses = WordNet.find("dogs");

        assertThat(senses).extracting(sense -> sense.partOfSpeech() + " " + sense.number() + " " + sense.lemma() + " "
                + sense.synset().name()).containsExactly("noun 1 dog dog.n.01", "noun 2 dog frump.n.01",
                        "noun 3 dog dog.n.03", "noun 4 dog cad.n.01", "noun 5 dog frank.n.02", "noun 6 dog pawl.n.01",
                        "noun 7 dog andiron.n.01", "verb 1 dog chase.v.01");
        assertThat(WordNet.find("dog", PartOfSpeech.VERB)).hasSize(1);
        assertThat(found("leaves")).contains("leaf.n.01", "leave.n.01", "leave.v.01");
        assertThat(WordNet.find("02084071")).extracting(sense -> sense.synset().name()).containsExactly("dog.n.01");
        assertThat(WordNet.find("domestic_dog%1:05:00::").getFirst().lemma()).isEqualTo("domestic dog");
    }

    @ParameterizedTest
    @CsvSource({"elefant, elephant", "keyborad, keyboard", "goldn retreiver, golden retriever", "tenche, tench",
            "dogg, dog"})
    void theNearestSpellingsAreSuggested(String query, String suggestion) {
        assertThatThrownBy(() -> WordNet.find(query)).isInstanceOfSatisfying(SynsetNotFoundException.class, failure -> {
            assertThat(failure).hasMessage("WordNet 3.0 has no word or phrase '" + query + "'");
            assertThat(failure.suggestions()).contains(suggestion).hasSizeLessThanOrEqualTo(5);
        });
    }

    @Test
    void aPartOfSpeechThatAWordHasNotIsSaid() {
        assertThatThrownBy(() -> WordNet.find("tench", PartOfSpeech.VERB)).hasMessage(
                "WordNet 3.0 has 'tench', but not as a verb");
        assertThatThrownBy(() -> WordNet.find("n02084071", PartOfSpeech.ADJECTIVE)).hasMessage(
                "'n02084071' is a noun, not an adjective");
        assertThatThrownBy(() -> WordNet.find(" ")).isInstanceOf(SynsetNotFoundException.class);
    }

    @ParameterizedTest
    @CsvSource({"abc, abc, 0", "abc, acb, 1", "abc, abd, 1", "abc, ab, 1", "ab, abc, 1", "kitten, sitting, 3",
            "ca, abc, 3", "elefant, elephant, 2"})
    void mistakesAreCounted(String a, String b, int distance) {
        assertThat(Spelling.distance(a, b, 9)).isEqualTo(distance).isEqualTo(Spelling.distance(b, a, 9));
        if (distance > 0) {
            assertThat(Spelling.distance(a, b, distance - 1)).isEqualTo(distance);
        }
    }

    // All of it

    /** Its own counts of synsets and of lemmas are known; each is found by what names it. */
    @Test
    void everyLemmaLeadsToSynsets() {
        TreeMap<String, Integer> lemmas = new TreeMap<>();
        Lexicon.get().forEachLemma((lemma, senses) -> lemmas.merge(lemma, senses, Integer::sum));
        assertThat(lemmas).hasSize(147_306);
        assertThat(lemmas.values().stream().mapToInt(Integer::intValue).sum()).isEqualTo(206_941);
        int index = 0;
        for (String lemma : lemmas.keySet()) {
            if (index++ % 97 == 0 || index < 20) {
                assertThat(WordNet.find(lemma)).as(lemma).isNotEmpty();
            }
        }
        assertThat(lemmas.keySet().stream().mapToInt(String::length).max().orElseThrow()).isLessThan(100);
    }

    @Test
    void anyTextEndsInSensesOrInTheDeclaredError() {
        Random random = new Random(SEED);
        List<String> seeds = List.of("n02084071", "02084071-n", "dog%1:05:00::", "dog.n.01", "golden retriever",
                "looked up", "'hood", "a.m.", "German_shepherd dogs", "\u00e9t\u00e9", "\ud83d\udc15 dog",
                "99999999999999999999", "%:::", "dog.n.99999999", "\u0130stanbul", "\u0000\n\t",
                "s s s s s s s s s s s s s s s s s s s s s s s s s s s s");
        String letters = "abcdens .-_%:019'\u00e9\u0130\ud83d\udc15\u0000\n\\$(";
        int misspelt = 0;
        for (int i = 0; i < FUZZED; i++) {
            StringBuilder text = new StringBuilder(seeds.get(random.nextInt(seeds.size())));
            for (int changes = random.nextInt(5); changes > 0; changes--) {
                int at = random.nextInt(text.length() + 1);
                char letter = letters.charAt(random.nextInt(letters.length()));
                switch (random.nextInt(4)) {
                    case 0 -> text.insert(at, letter);
                    case 1 -> text.delete(at, Math.min(text.length(), at + 1 + random.nextInt(3)));
                    case 2 -> text.append(seeds.get(random.nextInt(seeds.size())));
                    default -> text.replace(Math.max(0, at - 1), at, String.valueOf(letter));
                }
            }
            PartOfSpeech only = random.nextBoolean() ? null : PartOfSpeech.values()[random.nextInt(4)];
            try {
                assertThat(WordNet.find(text.toString(), only)).isNotEmpty();
            } catch (SynsetNotFoundException e) {
                assertThat(e.getMessage()).isNotBlank();
                misspelt++;
            }
        }
        assertThat(misspelt).isBetween(FUZZED / 10, FUZZED - FUZZED / 20);
    }

    @Test
    void longTextsAreAnsweredAtOnce() {
        for (String text : List.of("a ".repeat(100_000), "x".repeat(1_000_000), "dogs ".repeat(19))) {
            assertThatThrownBy(() -> WordNet.find(text)).isInstanceOf(SynsetNotFoundException.class)
                    .satisfies(failure -> assertThat(failure.getMessage()).hasSizeLessThan(120));
        }
    }

    @Test
    void manyThreadsReadTheSame() throws Exception {
        List<Callable<List<String>>> tasks = new ArrayList<>();
        for (int i = 0; i < 64; i++) {
            tasks.add(() -> names(WordNet.chains(WordNet.synset("n02099601")).getFirst()));
        }
        try (var threads = Executors.newFixedThreadPool(8)) {
            List<String> first = tasks.getFirst().call();
            for (Future<List<String>> each : threads.invokeAll(tasks)) {
                assertThat(each.get()).isEqualTo(first);
            }
        }
    }

    /** Where capital I has no dot, too. */
    @Test
    void theLocaleDoesNotMatter() {
        Locale before = Locale.getDefault();
        try {
            Locale.setDefault(Locale.of("tr", "TR"));
            assertThat(found("IRISH SETTERS")).containsExactly("irish_setter.n.01");
            assertThat(WordNet.synset("n02100877").name()).isEqualTo("irish_setter.n.01");
        } finally {
            Locale.setDefault(before);
        }
    }

    @Test
    void nothingIsPrinted() {
        PrintStream out = System.out;
        PrintStream err = System.err;
        ByteArrayOutputStream printed = new ByteArrayOutputStream();
        try (PrintStream stream = new PrintStream(printed)) {
            System.setOut(stream);
            System.setErr(stream);
            WordNet.find("dogs");
            WordNet.synset(new SynsetId(PartOfSpeech.NOUN, 2084075));
        } finally {
            System.setOut(out);
            System.setErr(err);
        }
        assertThat(printed.size()).isZero();
        assertThat(new SynsetNotFoundException("a")).isInstanceOf(WickException.class);
    }
}
