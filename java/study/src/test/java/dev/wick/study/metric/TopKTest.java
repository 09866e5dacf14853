package dev.wick.study.metric;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.within;

import java.util.Comparator;
import java.util.Random;
import java.util.stream.IntStream;
import org.junit.jupiter.api.Test;

class TopKTest {
    @Test
    void isWhatSortingGives() {
        Random random = new Random(20);
        for (int round = 0; round < 500; round++) {
            float[] scores = new float[random.nextInt(1, 40)];
            for (int i = 0; i < scores.length; i++) {
                scores[i] = random.nextInt(12);
            }
            int k = random.nextInt(1, 8);
            int[] sorted = IntStream.range(0, scores.length).boxed()
                    .sorted(Comparator.comparing((Integer i) -> -scores[i]).thenComparing(i -> i))
                    .limit(k).mapToInt(i -> i).toArray();
            assertThat(TopK.indices(scores, k)).containsExactly(sorted);
        }
    }

    @Test
    void isLastWhatIsNotANumber() {
        assertThat(TopK.indices(new float[] {Float.NaN, 1, Float.NaN, 2}, 4)).containsExactly(3, 1, 0, 2);
        assertThat(TopK.indices(new float[] {Float.NaN, Float.NEGATIVE_INFINITY}, 1)).containsExactly(1);
        assertThat(TopK.indices(new float[0], 5)).isEmpty();
        assertThat(TopK.contains(new float[] {1, 3, 2}, 2, 2)).isTrue();
        assertThat(TopK.contains(new float[] {1, 3, 2}, 2, 0)).isFalse();
    }

    @Test
    void softmaxSumsToOneWhateverTheSize() {
        float[] probabilities = TopK.softmax(new float[] {1000, 999, 0});
        assertThat(probabilities[0]).isCloseTo((float) (1 / (1 + Math.exp(-1))), within(1e-6f));
        assertThat(probabilities[0] + probabilities[1] + probabilities[2]).isCloseTo(1, within(1e-6f));
        assertThat(TopK.softmax(new float[0])).isEmpty();
    }
}
