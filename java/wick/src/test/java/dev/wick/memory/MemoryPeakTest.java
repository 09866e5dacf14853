package dev.wick.memory;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.wick.error.BadArgumentException;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

class MemoryPeakTest {
    private static final MemoryFrame LINE = new MemoryFrame("forward", "code/model.py", 7);
    private static final MemoryFrame ENGINE = new MemoryFrame("dev.wick.TorchScriptModel.call", "TorchScriptModel.java", 1);
    private static final MemoryFrame TOOL = new MemoryFrame("dev.wick.cli.Main.run", "Main.java", 2);

    @Test
    void theHighestMomentAndWhoseItWas() {
        MemoryTimeline.Builder builder = new MemoryTimeline.Builder("cpu").baselineBytes(1000);
        int convolution = builder.context(new MemoryContext("aten::conv2d", "layer1", "forward", List.of(LINE),
                List.of(ENGINE, TOOL)));
        int addition = builder.context(new MemoryContext("aten::add", "layer1", null, List.of(), List.of(ENGINE)));
        long first = builder.alloc(10, 0x100, 500, convolution);
        builder.alloc(20, 0x200, 300, addition);
        builder.freeUnrecorded(25, 0x900, 400);
        builder.alloc(30, 0x300, 450, 0);
        builder.free(40, first);
        builder.alloc(50, 0x400, 500, convolution);
        MemoryPeak peak = MemoryPeak.of(builder.build());

        assertThat(peak.allocatedBytes()).isEqualTo(1850);
        assertThat(peak.events()).isEqualTo(4);
        assertThat(peak.timeNanos()).isEqualTo(30);
        assertThat(peak.unrecordedBytes()).isEqualTo(600);
        assertThat(peak.allocationCount()).isEqualTo(3);
        assertThat(peak.shares(MemoryGrouping.OPERATOR)).containsExactly(
                new MemoryShare(MemoryGroup.BEFORE_RECORDING, 600, 0),
                new MemoryShare(MemoryGroup.named("aten::conv2d"), 500, 1),
                new MemoryShare(MemoryGroup.UNKNOWN, 450, 1),
                new MemoryShare(MemoryGroup.named("aten::add"), 300, 1));
        assertThat(peak.shares(MemoryGrouping.MODULE)).containsExactly(
                new MemoryShare(MemoryGroup.named("layer1"), 800, 2),
                new MemoryShare(MemoryGroup.BEFORE_RECORDING, 600, 0),
                new MemoryShare(MemoryGroup.UNKNOWN, 450, 1));
        assertThat(peak.shares(MemoryGrouping.TAG)).extracting(share -> share.group().name())
                .containsExactly("(unknown)", "(before recording)", "forward");
        assertThat(peak.shares(MemoryGrouping.CALLER)).extracting(share -> share.group().name())
                .contains("dev.wick.cli.Main.run (Main.java:2)", ENGINE.toString());
        assertThat(peak.shares(MemoryGrouping.SOURCE_LINE)).extracting(share -> share.group().name())
                .contains("forward (code/model.py:7)");
        assertThat(peak.shares(MemoryGrouping.OPERATOR, 1)).containsExactly(
                new MemoryShare(MemoryGroup.BEFORE_RECORDING, 600, 0), new MemoryShare(MemoryGroup.OTHERS, 1250, 3));
        assertThat(peak.allocations(2)).extracting(LiveAllocation::event).containsExactly(0L, 3L);
        assertThat(peak.allocations(0)).isEmpty();
    }

    /** A tag may have any name, also that of what is not known. */
    @Test
    void aNameIsNoKind() {
        MemoryTimeline.Builder builder = new MemoryTimeline.Builder("cpu").baselineBytes(1);
        builder.alloc(1, 1, 2, builder.context(new MemoryContext(null, null, "(before recording)", List.of(), List.of())));
        builder.alloc(2, 2, 4, 0);
        assertThat(MemoryPeak.of(builder.build()).shares(MemoryGrouping.TAG)).containsExactly(
                new MemoryShare(MemoryGroup.UNKNOWN, 4, 1),
                new MemoryShare(MemoryGroup.named("(before recording)"), 2, 1),
                new MemoryShare(MemoryGroup.BEFORE_RECORDING, 1, 0));
    }

    @Test
    void nothingRecordedStandsAtTheBaseline() {
        MemoryPeak peak = MemoryPeak.of(new MemoryTimeline.Builder("cpu").baselineBytes(77).build());
        assertThat(peak.allocatedBytes()).isEqualTo(77);
        assertThat(peak.events()).isZero();
        assertThat(peak.timeNanos()).isZero();
        assertThat(peak.shares(MemoryGrouping.TAG))
                .containsExactly(new MemoryShare(MemoryGroup.BEFORE_RECORDING, 77, 0));
    }

    /** What was dropped left more than the baseline. */
    @Test
    void droppedEventsLeaveTheirBytes() {
        MemoryTimeline.Builder builder = new MemoryTimeline.Builder("cpu").baselineBytes(10).dropped(5, 110);
        builder.alloc(1, 1, 5, 0);
        MemoryPeak peak = MemoryPeak.of(builder.build());
        assertThat(peak.allocatedBytes()).isEqualTo(115);
        assertThat(peak.unrecordedBytes()).isEqualTo(110);
    }

    /** On a device memory is alive until no stream may use it, as LibTorch's requested_bytes count. */
    @Test
    void aRequestToFreeDoesNotFree() {
        MemoryTimeline.Builder builder = new MemoryTimeline.Builder("cuda:0");
        builder.add(MemoryAction.SEGMENT_ALLOC, 0, 0x1000, 2 << 20, -1, 0);
        long first = builder.alloc(1, 0x1000, 100, 0);
        builder.add(MemoryAction.FREE_REQUESTED, 2, 0x1000, 100, first, 0);
        builder.alloc(3, 0x2000, 50, 0);
        builder.add(MemoryAction.FREE_COMPLETED, 4, 0x1000, 100, first, 0);
        builder.alloc(5, 0x3000, 60, 0);
        assertThat(MemoryPeak.of(builder.build()).allocatedBytes()).isEqualTo(150);
    }

    @Test
    void momentsThatAreNotThere() {
        MemoryTimeline timeline = RandomTimeline.of(1, 10).build();
        for (long events : new long[] {-1, 11}) {
            assertThatThrownBy(() -> MemoryPeak.at(timeline, events)).isInstanceOf(BadArgumentException.class)
                    .hasMessage("expected a moment from 0 to 10 events, got " + events);
        }
        assertThatThrownBy(() -> MemoryPeak.of(timeline, 5, 4)).isInstanceOf(BadArgumentException.class);
        assertThat(MemoryPeak.atTime(timeline, -1).events()).isZero();
        assertThat(MemoryPeak.atTime(timeline, Long.MAX_VALUE).events()).isEqualTo(10);
    }

    @ParameterizedTest
    @ValueSource(longs = {1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12})
    void sharesAddUpToWhatWasGivenOut(long seed) {
        int size = (int) (seed * 97);
        RandomTimeline made = RandomTimeline.of(seed, size);
        MemoryTimeline timeline = made.build();

        assertThat(MemoryPeak.of(timeline).allocatedBytes()).isEqualTo(made.peakBytes());
        assertThat(MemoryPeak.of(timeline).events()).isEqualTo(made.peakEvents());
        for (int moment = 0; moment <= size; moment += 1 + size / 40) {
            MemoryPeak at = MemoryPeak.at(timeline, moment);
            assertThat(at.allocatedBytes()).isEqualTo(made.bytesAfter(moment));
            assertThat(at.allocationCount()).isEqualTo(made.countAfter(moment));
            for (MemoryGrouping grouping : MemoryGrouping.values()) {
                for (int most : new int[] {0, 1, 3, Integer.MAX_VALUE}) {
                    List<MemoryShare> shares = at.shares(grouping, most);
                    assertThat(shares.stream().mapToLong(MemoryShare::bytes).sum()).isEqualTo(made.bytesAfter(moment));
                    assertThat(shares.stream().mapToLong(MemoryShare::count).sum()).isEqualTo(made.countAfter(moment));
                    assertThat(shares.size()).isLessThanOrEqualTo(most == Integer.MAX_VALUE ? most : most + 1);
                }
            }
            List<LiveAllocation> all = at.allocations(Integer.MAX_VALUE);
            assertThat(all).hasSize(made.countAfter(moment));
            assertThat(all.stream().mapToLong(LiveAllocation::bytes).sum() + at.unrecordedBytes())
                    .isEqualTo(made.bytesAfter(moment));
            assertThat(at.allocations(3)).isEqualTo(all.subList(0, Math.min(3, all.size())));
        }
    }
}
