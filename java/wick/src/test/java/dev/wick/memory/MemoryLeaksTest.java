package dev.wick.memory;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.wick.error.BadArgumentException;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.Deque;
import java.util.List;
import java.util.Random;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

class MemoryLeaksTest {
    private static final int ITERATIONS = 40;

    /** Writes the timeline of a body. */
    private static final class Recording {
        private final MemoryTimeline.Builder builder = new MemoryTimeline.Builder("cpu").baselineBytes(123);
        private final int work = operator("aten::work");
        private final int suspect = operator("aten::suspect");
        private long time;

        private int operator(String name) {
            return builder.context(new MemoryContext(name, null, "body", List.of(), List.of()));
        }

        private long alloc(long bytes, int context) {
            return builder.alloc(++time, time, bytes, context);
        }

        private void free(long allocation) {
            builder.free(++time, allocation);
        }

        /** What every body does: buffers that it gives back. */
        private void work() {
            long first = alloc(1 << 20, work);
            long second = alloc(1 << 10, work);
            free(first);
            free(second);
        }

        private void endIteration() {
            builder.mark("iteration", ++time);
        }

        private List<MemoryLeaks.Leak> leaks() {
            return MemoryLeaks.of(builder.build()).by(MemoryGrouping.OPERATOR);
        }
    }

    private interface Body {
        void run(Recording recording, int iteration);
    }

    private static Recording record(int iterations, Body body) {
        Recording recording = new Recording();
        for (int i = 0; i < iterations; i++) {
            recording.work();
            body.run(recording, i);
            recording.endIteration();
        }
        return recording;
    }

    @Test
    void aLeakIsFoundWithItsSizeAndItsPlace() {
        Recording recording = record(ITERATIONS, (each, _) -> {
            each.alloc(700, each.suspect);
            each.alloc(300, each.suspect);
        });
        MemoryLeaks leaks = MemoryLeaks.of(recording.builder.build(), "iteration");

        assertThat(leaks.iterations()).isEqualTo(ITERATIONS);
        assertThat(leaks.consideredIterations()).isEqualTo(36);
        assertThat(leaks.by(MemoryGrouping.OPERATOR))
                .containsExactly(new MemoryLeaks.Leak(MemoryGroup.named("aten::suspect"), 24_000, 48, 24, 1000));
        assertThat(leaks.by(MemoryGrouping.TAG)).extracting(MemoryLeaks.Leak::group)
                .containsExactly(MemoryGroup.named("body"));
        assertThat(leaks.by(MemoryGrouping.CALLER)).extracting(MemoryLeaks.Leak::group)
                .containsExactly(MemoryGroup.UNKNOWN);
    }

    @Test
    void aLeakInSomeIterationsIsFound() {
        Recording recording = record(ITERATIONS, (each, i) -> {
            if (i % 5 == 3) {
                each.alloc(50, each.suspect);
            }
        });
        assertThat(recording.leaks()).singleElement().satisfies(leak -> {
            assertThat(leak.iterations()).isEqualTo(5);
            assertThat(leak.bytesPerIteration()).isEqualTo(250 / 24.0);
        });
    }

    /** In four iterations there is just one for each third. */
    @Test
    void aLeakInFourIterationsIsFound() {
        assertThat(record(4, (each, _) -> each.alloc(8, each.suspect)).leaks()).hasSize(1);
    }

    @Test
    void aLeakBesideACacheInOneGroupIsFound() {
        Recording recording = record(ITERATIONS, (each, i) -> {
            if (i < 5) {
                each.alloc(1 << 24, each.suspect);
            }
            each.alloc(16, each.suspect);
        });
        assertThat(recording.leaks()).singleElement()
                .satisfies(leak -> assertThat(leak.bytesPerIteration()).isEqualTo(16));
    }

    @ParameterizedTest
    @ValueSource(ints = {0, 1, 5, 11, 18, 30, 39})
    void aCacheThatFillsOnceIsNone(int when) {
        assertThat(record(ITERATIONS, (each, i) -> {
            if (i == when || i == when + 1) {
                each.alloc(1 << 24, each.suspect);
            }
        }).leaks()).isEmpty();
    }

    @Test
    void aListThatGrowsAndIsFreedAtTheEndIsNone() {
        List<Long> list = new ArrayList<>();
        Recording recording = record(ITERATIONS, (each, _) -> list.add(each.alloc(4096, each.suspect)));
        list.forEach(recording::free);
        assertThat(recording.leaks()).isEmpty();
    }

    /** What the last iterations made may wait for its turn. */
    @Test
    void whatIsFreedLaterIsNone() {
        Deque<Long> queue = new ArrayDeque<>();
        assertThat(record(ITERATIONS, (each, _) -> {
            queue.add(each.alloc(4096, each.suspect));
            if (queue.size() > 10) {
                each.free(queue.remove());
            }
        }).leaks()).isEmpty();
    }

    /** Entries of a full cache live as long as chance has it. */
    @ParameterizedTest
    @ValueSource(longs = {1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15, 16, 17, 18, 19, 20})
    void noiseIsNone(long seed) {
        Random random = new Random(seed);
        long[] cache = new long[24];
        Recording recording = new Recording();
        for (int i = 0; i < cache.length; i++) {
            cache[i] = recording.alloc(1000 + random.nextInt(200), recording.suspect);
        }
        List<Long> passing = new ArrayList<>();
        for (int i = 0; i < 100; i++) {
            recording.work();
            int slot = random.nextInt(cache.length);
            recording.free(cache[slot]);
            cache[slot] = recording.alloc(1000 + random.nextInt(200), recording.suspect);
            while (passing.size() > random.nextInt(6)) {
                recording.free(passing.remove(random.nextInt(passing.size())));
            }
            passing.add(recording.alloc(1 << random.nextInt(20), recording.work));
            recording.endIteration();
        }
        assertThat(recording.leaks()).isEmpty();
    }

    @Test
    void aBodyThatFreesAllIsNone() {
        assertThat(record(ITERATIONS, (_, _) -> { }).leaks()).isEmpty();
    }

    @Test
    void tooFewIterations() {
        assertThatThrownBy(() -> record(3, (_, _) -> { }).leaks()).isInstanceOf(BadArgumentException.class)
                .hasMessage("expected marks at the ends of at least 4 iterations, 3 of them before the last tenth of the "
                        + "time; got 3 and 0");
        MemoryTimeline timeline = record(10, (_, _) -> { }).builder.build();
        assertThatThrownBy(() -> MemoryLeaks.of(timeline, "other")).isInstanceOf(BadArgumentException.class);
    }
}
