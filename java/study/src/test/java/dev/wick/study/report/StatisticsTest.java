package dev.wick.study.report;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatIllegalArgumentException;
import static org.assertj.core.api.Assertions.within;

import java.util.stream.LongStream;
import org.junit.jupiter.api.Test;

class StatisticsTest {
    @Test
    void percentilesAreMeasuredSamplesByNearestRank() {
        long[] samples = LongStream.rangeClosed(1, 100).map(i -> (101 - i) * 1_000_000).toArray();

        Statistics statistics = Statistics.ofNanoseconds(samples);

        assertThat(statistics.runs()).isEqualTo(100);
        assertThat(statistics.minimum()).isEqualTo(1);
        assertThat(statistics.p50()).isEqualTo(50);
        assertThat(statistics.p90()).isEqualTo(90);
        assertThat(statistics.p95()).isEqualTo(95);
        assertThat(statistics.p99()).isEqualTo(99);
        assertThat(statistics.maximum()).isEqualTo(100);
        assertThat(statistics.mean()).isEqualTo(50.5);
        assertThat(statistics.deviation()).isCloseTo(29.0115, within(1e-4));
    }

    @Test
    void fewSamplesGiveTheLargestForHighPercentiles() {
        Statistics statistics = Statistics.ofNanoseconds(new long[] {3_000_000, 1_000_000, 2_000_000});

        assertThat(statistics.p50()).isEqualTo(2);
        assertThat(statistics.p90()).isEqualTo(3);
        assertThat(statistics.p99()).isEqualTo(3);
    }

    @Test
    void oneSampleHasNoDeviation() {
        Statistics statistics = Statistics.ofNanoseconds(new long[] {7_000_000});

        assertThat(statistics.deviation()).isZero();
        assertThat(statistics.p50()).isEqualTo(7).isEqualTo(statistics.p99()).isEqualTo(statistics.mean());
    }

    @Test
    void noSampleIsRefused() {
        assertThatIllegalArgumentException().isThrownBy(() -> Statistics.ofNanoseconds(new long[0]));
    }
}
