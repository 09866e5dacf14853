package dev.wick.study.metric;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.within;

import java.util.List;
import org.junit.jupiter.api.Test;

class AccuracyTest {
    private static final List<String> CLASSES = List.of("a", "b", "c", "d", "e", "f", "g");

    private static float[] best(int... places) {
        float[] scores = new float[CLASSES.size()];
        for (int i = 0; i < places.length; i++) {
            scores[places[i]] = 10 - i;
        }
        return scores;
    }

    @Test
    void countsByHand() {
        Accuracy accuracy = new Accuracy(CLASSES);
        assertThat(accuracy.add(0, best(0, 1))).isTrue();
        assertThat(accuracy.add(0, best(1, 0))).isFalse();
        assertThat(accuracy.add(0, best(1, 2, 3, 4, 5, 0))).isFalse();
        assertThat(accuracy.add(1, best(1))).isTrue();

        assertThat(accuracy.count()).isEqualTo(4);
        assertThat(accuracy.top1()).isEqualTo(0.5);
        assertThat(accuracy.top5()).isEqualTo(0.75);
        assertThat(accuracy.top1(0)).isCloseTo(1 / 3.0, within(1e-12));
        assertThat(accuracy.top5(0)).isCloseTo(2 / 3.0, within(1e-12));
        assertThat(accuracy.top1(2)).as("no pictures").isNaN();
        assertThat(accuracy.meanPerClass()).isCloseTo((1 / 3.0 + 1) / 2, within(1e-12));
        assertThat(accuracy.worst(5)).containsExactly(new Accuracy.Confusion("a", "b", 2));
        assertThat(accuracy.toMap()).containsEntry("pictures", 4L).containsEntry("top1", 0.5);
    }

    @Test
    void isNotANumberOfNothing() {
        Accuracy accuracy = new Accuracy(CLASSES);
        assertThat(accuracy.top1()).isNaN();
        assertThat(accuracy.meanPerClass()).isNaN();
        assertThatThrownBy(() -> accuracy.add(0, new float[3])).hasMessageContaining("expected 7 scores, got 3");
    }
}
