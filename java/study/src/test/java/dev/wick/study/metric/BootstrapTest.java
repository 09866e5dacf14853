package dev.wick.study.metric;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatIllegalArgumentException;
import static org.assertj.core.api.Assertions.within;

import java.util.Arrays;
import java.util.SplittableRandom;
import org.junit.jupiter.api.Test;

class BootstrapTest {
    @Test
    void resamplesVaryAsABinomialDoes() {
        double[] shares = Bootstrap.shares(300, 400, new SplittableRandom(1));
        double mean = Arrays.stream(shares).average().orElseThrow();
        double variance = Arrays.stream(shares).map(share -> (share - mean) * (share - mean)).average().orElseThrow();
        Bootstrap.Interval interval = Bootstrap.interval(shares);

        // Standard error sqrt(0.75 * 0.25 / 400) = 0.02165.
        assertThat(shares).hasSize(Bootstrap.RESAMPLES);
        assertThat(mean).isCloseTo(0.75, within(0.003));
        assertThat(Math.sqrt(variance)).isCloseTo(0.02165, within(0.002));
        assertThat(interval.low()).isCloseTo(0.75 - 1.96 * 0.02165, within(0.006));
        assertThat(interval.high()).isCloseTo(0.75 + 1.96 * 0.02165, within(0.006));
    }

    @Test
    void oneSeedGivesOneResult() {
        assertThat(Bootstrap.shares(3, 9, new SplittableRandom(7))).isEqualTo(Bootstrap.shares(3, 9, new SplittableRandom(7)))
                .isNotEqualTo(Bootstrap.shares(3, 9, new SplittableRandom(8)));
    }

    @Test
    void percentilesAreByNearestRank() {
        double[] figures = new double[1000];
        Arrays.setAll(figures, i -> 1000 - i);

        assertThat(Bootstrap.interval(figures)).isEqualTo(new Bootstrap.Interval(25, 975));
    }

    @Test
    void edgesAreThemselves() {
        assertThat(Bootstrap.interval(Bootstrap.shares(5, 5, new SplittableRandom(0)))).isEqualTo(new Bootstrap.Interval(1, 1));
        assertThat(Bootstrap.shares(0, 0, new SplittableRandom(0))).containsOnly(Double.NaN);
        assertThatIllegalArgumentException().isThrownBy(() -> Bootstrap.shares(6, 5, new SplittableRandom(0)));
    }
}
