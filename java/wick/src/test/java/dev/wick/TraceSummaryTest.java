package dev.wick;

import static org.assertj.core.api.Assertions.assertThat;

import dev.wick.binding.TraceEvent;
import dev.wick.binding.TraceEvent.Kind;
import java.util.ArrayList;
import java.util.List;
import java.util.Random;
import org.junit.jupiter.api.Test;

/** The figures of events whose times are written down here. */
class TraceSummaryTest {
    private final List<TraceEvent> events = new ArrayList<>();

    private void host(Kind kind, String name, long thread, long start, long end, long correlation) {
        events.add(new TraceEvent(kind, name, -1, thread, thread, start, end - start, correlation, 0, 0));
    }

    private void device(Kind kind, String name, int device, long start, long end, long linked) {
        events.add(new TraceEvent(kind, name, device, 0, 0, start, end - start, 0, linked, 0));
    }

    private TraceSummary.Entry entry(String name) {
        return TraceSummary.of(events).entries().stream().filter(entry -> entry.name().equals(name)).findFirst()
                .orElseThrow();
    }

    @Test
    void selfTimeIsWithoutWhatWasCalledOnTheSameThread() {
        host(Kind.FUNCTION, "forward", 1, 0, 100, 1);
        host(Kind.OPERATOR, "linear", 1, 10, 60, 2);
        host(Kind.OPERATOR, "addmm", 1, 20, 50, 3);
        host(Kind.OPERATOR, "relu", 1, 60, 70, 4);
        // Meanwhile on another thread.
        host(Kind.OPERATOR, "relu", 2, 15, 45, 5);
        assertThat(entry("forward")).isEqualTo(new TraceSummary.Entry(Kind.FUNCTION, "forward", 1, 100, 40, 0));
        assertThat(entry("linear")).isEqualTo(new TraceSummary.Entry(Kind.OPERATOR, "linear", 1, 50, 20, 0));
        assertThat(entry("addmm")).isEqualTo(new TraceSummary.Entry(Kind.OPERATOR, "addmm", 1, 30, 30, 0));
        assertThat(entry("relu")).isEqualTo(new TraceSummary.Entry(Kind.OPERATOR, "relu", 2, 40, 40, 0));
        TraceSummary summary = TraceSummary.of(events);
        assertThat(summary.threads()).isEqualTo(2);
        assertThat(summary.wallNanos()).isEqualTo(100);
        assertThat(summary.operators()).extracting(TraceSummary.Entry::name).containsExactly("relu", "addmm", "linear");
        assertThat(summary.gpuBusyNanos()).isZero();
    }

    @Test
    void aCallInsideOfOneOfItsNameCountsItsTimeOnce() {
        host(Kind.OPERATOR, "to", 1, 0, 100, 1);
        host(Kind.OPERATOR, "to", 1, 10, 90, 2);
        device(Kind.COPY, "HtoD", 0, 20, 30, 2);
        assertThat(entry("to")).isEqualTo(new TraceSummary.Entry(Kind.OPERATOR, "to", 2, 100, 100, 10));
    }

    @Test
    void deviceTimeGoesToWhoLaunchedItAndToAllAround() {
        host(Kind.RANGE, "batch", 1, 0, 100, 1);
        host(Kind.OPERATOR, "linear", 1, 10, 30, 2);
        host(Kind.OPERATOR, "addmm", 1, 12, 28, 3);
        device(Kind.KERNEL, "gemm", 0, 200, 260, 3);
        device(Kind.FILL, "memset", 0, 190, 195, 2);
        device(Kind.KERNEL, "of nobody", 0, 300, 310, 0);
        assertThat(entry("addmm").deviceNanos()).isEqualTo(60);
        assertThat(entry("linear").deviceNanos()).isEqualTo(65);
        assertThat(entry("batch").deviceNanos()).isEqualTo(65);
        assertThat(TraceSummary.of(events).deviceEntries()).containsExactly(
                new TraceSummary.DeviceEntry(Kind.KERNEL, "gemm", 1, 60),
                new TraceSummary.DeviceEntry(Kind.KERNEL, "of nobody", 1, 10),
                new TraceSummary.DeviceEntry(Kind.FILL, "memset", 1, 5));
    }

    @Test
    void timeThatActivitiesShareOnADeviceCountsOnce() {
        device(Kind.KERNEL, "a", 0, 0, 100, 0);
        device(Kind.COPY, "inside", 0, 20, 40, 0);
        device(Kind.KERNEL, "overlapping", 0, 90, 130, 0);
        device(Kind.KERNEL, "later", 0, 200, 210, 0);
        device(Kind.KERNEL, "elsewhere", 1, 0, 50, 0);
        // A range's shadow is no work.
        device(Kind.DEVICE_RANGE, "batch", 0, 0, 1000, 0);
        TraceSummary summary = TraceSummary.of(events);
        assertThat(summary.gpuBusyNanos()).isEqualTo(130 + 10 + 50);
        assertThat(summary.devices()).containsExactlyInAnyOrder(0, 1);
    }

    @Test
    void busyTimeEqualsACountOfTicks() {
        Random random = new Random(7);
        for (int round = 0; round < 200; round++) {
            events.clear();
            boolean[] busy = new boolean[300];
            for (int i = 0; i < 20; i++) {
                int start = random.nextInt(250);
                int end = start + random.nextInt(50);
                device(Kind.KERNEL, "k", 0, start, end, 0);
                for (int tick = start; tick < end; tick++) {
                    busy[tick] = true;
                }
            }
            int expected = 0;
            for (boolean tick : busy) {
                expected += tick ? 1 : 0;
            }
            assertThat(TraceSummary.of(events).gpuBusyNanos()).isEqualTo(expected);
        }
    }

    @Test
    void whatEndsOnAnotherThreadIsCountedByItself() {
        events.add(new TraceEvent(Kind.RANGE, "carried over", -1, 1, 2, 0, 100, 1, 0, 0));
        host(Kind.OPERATOR, "mm", 1, 10, 20, 2);
        assertThat(entry("carried over")).isEqualTo(new TraceSummary.Entry(Kind.RANGE, "carried over", 1, 100, 100, 0));
        assertThat(entry("mm").cpuNanos()).isEqualTo(10);
    }
}
