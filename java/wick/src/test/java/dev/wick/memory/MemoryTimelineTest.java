package dev.wick.memory;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.util.List;
import org.junit.jupiter.api.Test;

class MemoryTimelineTest {

    @Test
    void eventsAreWhatWasPutIn() {
        MemoryTimeline.Builder builder = new MemoryTimeline.Builder("cpu").baselineBytes(1000).start(500, 7);
        int context = builder.context(new MemoryContext("aten::add", null, "tag", List.of(), List.of()));
        long first = builder.alloc(10, 0x100, 64, context);
        long second = builder.alloc(20, 0x200, 128, 0);
        builder.free(30, first);
        builder.freeUnrecorded(40, 0x900, 5);
        builder.mark("end", 45);
        MemoryTimeline timeline = builder.build();

        assertThat(timeline.size()).isEqualTo(4);
        assertThat(timeline.action(2)).isEqualTo(MemoryAction.FREE_COMPLETED);
        assertThat(timeline.bytes(2)).isEqualTo(64);
        assertThat(timeline.address(2)).isEqualTo(0x100);
        assertThat(timeline.allocation(2)).isEqualTo(first);
        assertThat(timeline.allocation(1)).isEqualTo(second);
        assertThat(timeline.allocation(3)).isEqualTo(-1);
        assertThat(timeline.timeNanos(1)).isEqualTo(20);
        assertThat(timeline.context(0).operator()).isEqualTo("aten::add");
        assertThat(timeline.context(2)).isSameAs(timeline.context(0));
        assertThat(timeline.context(3)).isSameAs(MemoryContext.UNKNOWN);
        assertThat(timeline.marks()).containsExactly(new MemoryMark("end", 4, 45));
        assertThat(timeline.unrecordedBytes()).isEqualTo(1000);
        assertThat(timeline.durationNanos()).isEqualTo(40);
        assertThatThrownBy(() -> timeline.bytes(4)).isInstanceOf(IndexOutOfBoundsException.class);
        assertThatThrownBy(() -> timeline.bytes(-1)).isInstanceOf(IndexOutOfBoundsException.class);
    }

    @Test
    void anAllocationIsFoundAcrossGapsAndNotWhereItWasDropped() {
        long[] sequences = {11, 14, 15, 20, 40, 41};
        long[] allocations = {11, 5, 15, 11, 15, 0};
        MemorySegment events = Arena.ofAuto().allocate(sequences.length * MemoryTimeline.EVENT.byteSize(), 8);
        for (int i = 0; i < sequences.length; i++) {
            long at = i * MemoryTimeline.EVENT.byteSize();
            events.set(ValueLayout.JAVA_LONG, at, sequences[i]);
            events.set(ValueLayout.JAVA_LONG, at + MemoryTimeline.EVENT.byteOffset(
                    java.lang.foreign.MemoryLayout.PathElement.groupElement("allocation")), allocations[i]);
        }
        MemoryTimeline timeline = new MemoryTimeline.Builder("cuda:0").events(events).dropped(10, 77).build();
        assertThat(new long[] {timeline.allocation(0), timeline.allocation(1), timeline.allocation(2),
            timeline.allocation(3), timeline.allocation(4), timeline.allocation(5)}).containsExactly(0, -1, 2, 0, 2, -1);
        assertThat(timeline.dropped()).isEqualTo(10);
        assertThat(timeline.unrecordedBytes()).isEqualTo(77);
    }

    @Test
    void manyEvents() {
        MemoryTimeline.Builder builder = new MemoryTimeline.Builder("cpu");
        for (int i = 0; i < 5000; i++) {
            long at = builder.alloc(i, i, i, 0);
            if (i % 2 == 0) {
                builder.free(i, at);
            }
        }
        MemoryTimeline timeline = builder.build();
        assertThat(timeline.size()).isEqualTo(7500);
        for (long i = 0; i < timeline.size(); i++) {
            assertThat(timeline.bytes(timeline.allocation(i))).isEqualTo(timeline.bytes(i));
        }
    }
}
