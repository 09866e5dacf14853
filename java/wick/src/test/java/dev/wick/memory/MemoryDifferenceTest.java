package dev.wick.memory;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

class MemoryDifferenceTest {
    private static MemoryTimeline timeline(long convolution, String other) {
        MemoryTimeline.Builder builder = new MemoryTimeline.Builder("cpu").baselineBytes(100);
        int context = builder.context(new MemoryContext("aten::conv2d", null, null, List.of(), List.of()));
        long first = builder.alloc(1, 1, convolution, context);
        builder.alloc(2, 2, 10, builder.context(new MemoryContext(other, null, null, List.of(), List.of())));
        builder.free(3, first);
        return builder.build();
    }

    @Test
    void groupsOfBothAndOfOne() {
        MemoryDifference difference = MemoryDifference.between(timeline(1000, "aten::add"), timeline(400, "aten::mul"));

        assertThat(difference.before()).isEqualTo(new MemoryDifference.Figures(1110, 2, 110, 1));
        assertThat(difference.after()).isEqualTo(new MemoryDifference.Figures(510, 2, 110, 1));
        List<MemoryDifference.Row> rows = difference.by(MemoryGrouping.OPERATOR);
        assertThat(rows).extracting(row -> row.group().name())
                .containsExactly("aten::conv2d", "aten::add", "aten::mul", "(before recording)");
        assertThat(rows).extracting(MemoryDifference.Row::peakBytesChange).containsExactly(-600L, -10L, 10L, 0L);
        assertThat(rows).extracting(MemoryDifference.Row::liveBytesChange).containsExactly(0L, -10L, 10L, 0L);
        assertThat(rows.getFirst().before()).isEqualTo(new MemoryDifference.Figures(1000, 1, 0, 0));
    }

    @ParameterizedTest
    @ValueSource(longs = {1, 2, 3, 4, 5, 6})
    void rowsAddUp(long seed) {
        RandomTimeline one = RandomTimeline.of(seed, 200);
        RandomTimeline other = RandomTimeline.of(seed + 100, 300);
        MemoryDifference difference = MemoryDifference.between(one.build(), other.build());
        assertThat(difference.before().peakBytes()).isEqualTo(one.peakBytes());
        assertThat(difference.after().liveBytes()).isEqualTo(other.bytesAfter(300));
        for (MemoryGrouping grouping : MemoryGrouping.values()) {
            List<MemoryDifference.Row> rows = difference.by(grouping);
            assertThat(sum(rows.stream().map(MemoryDifference.Row::before).toList())).isEqualTo(difference.before());
            assertThat(sum(rows.stream().map(MemoryDifference.Row::after).toList())).isEqualTo(difference.after());
            assertThat(rows).extracting(MemoryDifference.Row::group).doesNotHaveDuplicates();
        }
    }

    private static MemoryDifference.Figures sum(List<MemoryDifference.Figures> all) {
        return all.stream().reduce(MemoryDifference.Figures.NONE, (a, b) -> new MemoryDifference.Figures(
                a.peakBytes() + b.peakBytes(), a.peakCount() + b.peakCount(), a.liveBytes() + b.liveBytes(),
                a.liveCount() + b.liveCount()));
    }
}
