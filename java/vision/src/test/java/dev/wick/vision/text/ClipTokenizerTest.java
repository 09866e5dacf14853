package dev.wick.vision.text;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.wick.error.BadArgumentException;
import dev.wick.vision.text.TokenizerData.Case;
import java.io.IOException;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Random;
import java.util.concurrent.Callable;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;

/**
 * Ids against those of OpenAI's tokenizer. In the corpus those of good text are without ftfy's guess at encodings, which
 * changes two of its strings.
 */
class ClipTokenizerTest {
    private static final int END = 49_407;
    /**
     * Of how many strings the repair may decide otherwise than ftfy, by kind: as many as were counted. Of the kinds that are not
     * named none.
     */
    private static final Map<String, Integer> DECIDED_OTHERWISE = Map.ofEntries(
            Map.entry("byte lost", 4),
            Map.entry("mixed", 25),
            Map.entry("no-break space lost", 20),
            Map.entry("odd", 1),
            Map.entry("random Latin", 14),
            Map.entry("twice", 5),
            Map.entry("utf-8 as cp437", 13),
            Map.entry("utf-8 as iso-8859-2", 15),
            Map.entry("utf-8 as macroman", 27),
            Map.entry("utf-8 as sloppy-windows-1250", 8),
            Map.entry("utf-8 as sloppy-windows-1251", 57),
            Map.entry("utf-8 as sloppy-windows-1252", 4),
            Map.entry("utf-8 as sloppy-windows-1253", 28),
            Map.entry("utf-8 as sloppy-windows-1254", 4),
            Map.entry("utf-8 as sloppy-windows-1257", 10));

    private final ClipTokenizer tokenizer = TokenizerData.tokenizer();
    private final ClipTokenizer truncating = tokenizer.withOverflow(Overflow.TRUNCATE);

    static List<Case> published() throws IOException {
        return TokenizerData.published();
    }

    private static int[] padded(int[] ids) {
        return Arrays.copyOf(ids, 77);
    }

    @ParameterizedTest
    @MethodSource
    void published(Case expected) {
        Tokens tokens = truncating.encode(expected.text());

        assertThat(tokens.ids()).containsExactly(padded(expected.ids()));
        assertThat(tokens.count()).isEqualTo(expected.count());
        assertThat(tokens.truncated()).isEqualTo(expected.count() > 77);
        assertThat(truncating.withTextFixing(false).encode(expected.text()).ids())
                .containsExactly(padded(expected.idsWithoutFixing()));
    }

    @Test
    void theCorpusHasTheIdsOfTheOriginalAlgorithm() throws IOException {
        Map<String, Integer> strings = new HashMap<>();
        Map<String, List<String>> differing = new HashMap<>();
        ClipTokenizer wide = tokenizer.withContextLength(2_000);
        for (Case expected : TokenizerData.corpus()) {
            strings.merge(expected.kind(), 1, Integer::sum);
            Tokens tokens = wide.encode(expected.text());
            if (!Arrays.equals(Arrays.copyOf(tokens.ids(), tokens.used()), expected.ids())) {
                differing.computeIfAbsent(expected.kind(), _ -> new ArrayList<>()).add(expected.text());
            }
        }
        assertThat(strings).hasSizeGreaterThan(15);
        assertThat(strings.values().stream().mapToInt(Integer::intValue).sum()).isGreaterThan(2_000);
        assertThat(differing).doesNotContainKeys("good", "upper", "title");
        differing.forEach((kind, texts) -> assertThat(texts).as(kind)
                .hasSizeLessThanOrEqualTo(DECIDED_OTHERWISE.getOrDefault(kind, 0)));
    }

    @Test
    void anyTextGivesIdsBetweenMarks() {
        Random random = new Random(20_250_607);
        for (int i = 0; i < 10_000; i++) {
            int length = random.nextInt(40);
            StringBuilder text = new StringBuilder();
            for (int j = 0; j < length; j++) {
                switch (random.nextInt(6)) {
                    case 0 -> text.append((char) random.nextInt(0x80));
                    case 1 -> text.append((char) random.nextInt(0x250));
                    case 2 -> text.append((char) random.nextInt(0x10000));
                    case 3 -> text.append((char) (Character.MIN_SURROGATE + random.nextInt(0x800)));
                    case 4 -> text.appendCodePoint(random.nextInt(Character.MAX_CODE_POINT + 1));
                    default -> text.append(List.of("&amp;", "&#", "Ã", "â€", "<|", "\u001b[", "\uFFFD", "'s", " ")
                            .get(random.nextInt(9)));
                }
            }
            Tokens tokens = truncating.encode(text.toString());

            assertThat(tokens.ids()).hasSize(77);
            assertThat(tokens.ids()[0]).isEqualTo(END - 1);
            assertThat(tokens.ids()[tokens.used() - 1]).isEqualTo(END);
            for (int id : tokens.ids()) {
                assertThat(id).isBetween(0, END);
            }
            assertThat(truncating.decode(tokens.ids())).isNotNull();
        }
    }

    @Test
    void longTextsAreRefusedWithTheirNumberOfTokensOrCut() {
        String text = "cat ".repeat(100);

        assertThatThrownBy(() -> tokenizer.encode(text)).isInstanceOf(BadArgumentException.class)
                .hasMessageContaining("102 tokens").hasMessageContaining("77");
        Tokens cut = truncating.encode(text);
        assertThat(cut.ids()).hasSize(77).endsWith(2368, END);
        assertThat(cut.count()).isEqualTo(102);
        assertThat(cut.used()).isEqualTo(77);
        assertThat(tokenizer.encode("cat ".repeat(75)).truncated()).isFalse();
        assertThat(tokenizer.withContextLength(8).withOverflow(Overflow.TRUNCATE).encode(text).ids())
                .containsExactly(END - 1, 2368, 2368, 2368, 2368, 2368, 2368, END);
        assertThat(tokenizer.withContextLength(2).encode("").ids()).containsExactly(END - 1, END);
        assertThatThrownBy(() -> tokenizer.withContextLength(1)).isInstanceOf(BadArgumentException.class);
    }

    @Test
    void aWordOfAMillionLettersIsNoTrouble() {
        assertThat(truncating.encode("ab".repeat(500_000)).count()).isGreaterThan(1_000);
        assertThat(truncating.encode("&amp;" + "amp;".repeat(250_000)).truncated()).isFalse();
        assertThat(truncating.encode("Ã©".repeat(200_000)).truncated()).isTrue();
    }

    @Test
    void paddingIsZeroOrTheEndsMark() {
        assertThat(tokenizer.encode("a cat").ids()).endsWith(0, 0).startsWith(END - 1, 320, 2368, END, 0);
        assertThat(tokenizer.withPadding(Padding.END_OF_TEXT).encode("a cat").ids())
                .startsWith(END - 1, 320, 2368, END, END)
                .endsWith(END, END);
    }

    @Test
    void idsBecomeTextAgain() {
        Tokens tokens = tokenizer.encode("A photo of 2 cafés, naïve 🐱!");

        assertThat(tokenizer.decode(tokens.ids())).isEqualTo("a photo of 2 cafés , naïve 🐱!");
        assertThat(tokenizer.decode(320, 2368)).isEqualTo("a cat");
        assertThat(tokenizer.decode()).isEmpty();
        assertThatThrownBy(() -> tokenizer.decode(49_408)).isInstanceOf(BadArgumentException.class)
                .hasMessageContaining("49407");
        assertThatThrownBy(() -> tokenizer.decode(-1)).isInstanceOf(BadArgumentException.class);
    }

    @Test
    void rowsAreWrittenWhereTheyAreWanted() {
        try (Arena arena = Arena.ofConfined()) {
            MemorySegment row = arena.allocate(77 * Integer.BYTES);
            tokenizer.encodeInto("a cat", row);

            assertThat(row.toArray(ValueLayout.JAVA_INT)).containsExactly(tokenizer.encode("a cat").ids());
            assertThatThrownBy(() -> tokenizer.encodeInto("a cat", row.asSlice(4)))
                    .isInstanceOf(BadArgumentException.class)
                    .hasMessageContaining("308");
        }
    }

    @Test
    void manyThreadsGetTheSameIds() throws Exception {
        List<String> texts = new ArrayList<>();
        for (Case each : TokenizerData.corpus()) {
            texts.add(each.text());
        }
        List<int[]> expected = texts.stream().map(text -> truncating.encode(text).ids()).toList();
        try (ExecutorService threads = Executors.newFixedThreadPool(4)) {
            List<Callable<Boolean>> tasks = new ArrayList<>();
            ClipTokenizer shared = TokenizerData.tokenizer().withOverflow(Overflow.TRUNCATE);
            for (int t = 0; t < 4; t++) {
                tasks.add(() -> {
                    for (int i = 0; i < texts.size(); i++) {
                        if (!Arrays.equals(shared.encode(texts.get(i)).ids(), expected.get(i))) {
                            return false;
                        }
                    }
                    return true;
                });
            }
            for (Future<Boolean> same : threads.invokeAll(tasks)) {
                assertThat(same.get()).isTrue();
            }
        }
    }

    @Test
    void aSmallerVocabularyHasTheFirstMerges() {
        ClipTokenizer small = tokenizer.withVocabulary(2_000);
        Tokens tokens = small.encode("a photo of a cat");

        assertThat(small.vocabularySize()).isEqualTo(2_000);
        assertThat(tokens.ids()[0]).isEqualTo(1_998);
        assertThat(tokens.ids()[tokens.used() - 1]).isEqualTo(1_999);
        assertThat(small.decode(tokens.ids())).isEqualTo("a photo of a cat");
        assertThat(tokenizer.withVocabulary(49_408).encode("a cat")).usingRecursiveComparison()
                .isEqualTo(tokenizer.encode("a cat"));
        assertThatThrownBy(() -> tokenizer.withVocabulary(513)).isInstanceOf(BadArgumentException.class);
        assertThatThrownBy(() -> tokenizer.withVocabulary(49_409)).isInstanceOf(BadArgumentException.class)
                .hasMessageContaining("49408");
    }
}
