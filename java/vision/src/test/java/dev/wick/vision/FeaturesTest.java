package dev.wick.vision;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.within;

import org.junit.jupiter.api.Test;

class FeaturesTest {
    @Test
    void isDividedByTheNorm() {
        assertThat(Features.normalized(new float[] {3, 4})).containsExactly(0.6f, 0.8f);
        assertThat(Features.normalized(new float[2])).containsExactly(0, 0);
        assertThat(Features.dot(new float[] {1, 2}, new float[] {3, -1})).isCloseTo(1, within(1e-12));
        assertThat(Features.mean(new float[][] {{1, 2}, {3, 6}})).containsExactly(2, 4);
        assertThatThrownBy(() -> Features.dot(new float[1], new float[2])).isInstanceOf(IllegalArgumentException.class);
    }
}
