package dev.wick.memory;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import com.fasterxml.jackson.core.JsonFactory;
import dev.wick.binding.AllocatorSegment;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.InputStream;
import java.io.OutputStream;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** What Python makes of snapshots; where there is no Python the test is skipped. */
class SnapshotWriterTest {
    private static final int MANY = 3_000_000;

    @TempDir
    private Path directory;

    /** Loads it with Python's own pickle, which also checks all keys and types. */
    private Map<String, Object> load(MemoryTimeline timeline) throws IOException {
        Path file = directory.resolve("snapshot.pickle");
        SnapshotWriter.write(timeline, file);
        Path errors = directory.resolve("errors");
        Process python;
        try {
            Path script = directory.resolve("check_snapshot.py");
            // Out of a jar, where these tests may lie.
            try (InputStream resource = getClass().getResourceAsStream("check_snapshot.py")) {
                Files.copy(resource, script, StandardCopyOption.REPLACE_EXISTING);
            }
            python = new ProcessBuilder("python3", script.toString(), file.toString()).redirectError(errors.toFile())
                    .start();
        } catch (IOException e) {
            assumeTrue(false, "there is no python3 to load a snapshot with: " + e.getMessage());
            throw new IllegalStateException(e);
        }
        String printed = new String(python.getInputStream().readAllBytes(), StandardCharsets.UTF_8);
        assertThat(Files.readString(errors)).isEmpty();
        return JsonTree.read(new JsonFactory().createParser(printed));
    }

    @SuppressWarnings("unchecked")
    private static Map<String, Object> object(Object value) {
        return (Map<String, Object>) value;
    }

    @ParameterizedTest
    @ValueSource(longs = {1, 2, 3, 4, 5, 6, 7, 8})
    void totalsAreTheTimelines(long seed) throws IOException {
        int size = (int) (seed * 211);
        RandomTimeline made = RandomTimeline.of(seed, size);
        MemoryTimeline timeline = made.build();
        Map<String, Object> loaded = load(timeline);

        assertThat(loaded.get("live")).isEqualTo(made.bytesAfter(size));
        assertThat(loaded.get("start")).isEqualTo(timeline.baselineBytes());
        assertThat(loaded.get("peak")).isEqualTo(made.peakBytes());
        Map<String, Long> counts = new TreeMap<>();
        Map<String, Long> frames = new TreeMap<>();
        for (long event = 0; event < size; event++) {
            List<String> names = switch (timeline.action(event)) {
                case ALLOC -> List.of("segment_alloc", "alloc");
                case FREE_COMPLETED -> List.of("free_requested", "free_completed", "segment_free");
                default -> List.of(timeline.action(event).torchName());
            };
            if (timeline.bytes(event) > 0) {
                names.forEach(name -> counts.merge(name, 1L, Long::sum));
            }
            if (timeline.bytes(event) > 0 && timeline.action(event) == MemoryAction.ALLOC) {
                frames.merge(frames(timeline.context(event)), timeline.bytes(event), Long::sum);
            }
        }
        counts.put("snapshot", 1L);
        assertThat(new TreeMap<>(object(loaded.get("counts")))).isEqualTo(counts);
        assertThat(new TreeMap<>(object(loaded.get("frames")))).isEqualTo(frames);
    }

    private static String frames(MemoryContext context) {
        StringBuilder text = new StringBuilder();
        if (context.operator() != null) {
            text.append('|').append(context.operator()).append("@operator:0");
        }
        if (context.module() != null) {
            text.append('|').append(context.module()).append("@module:0");
        }
        for (List<MemoryFrame> stack : List.of(context.torchScript(), context.java())) {
            stack.forEach(frame -> text.append('|').append(frame.function()).append('@').append(frame.file()).append(':')
                    .append(frame.line()));
        }
        return text.isEmpty() ? "(unknown)@:0" : text.substring(1);
    }

    /** The viewer reads a missing one as an error. */
    @Test
    void tagsAreCategoriesAndOneIsUnknown() throws IOException {
        MemoryTimeline.Builder builder = new MemoryTimeline.Builder("cpu");
        builder.alloc(1, 0x1000, 10, builder.context(new MemoryContext(null, null, "all", List.of(), List.of())));
        assertThat(load(builder.build()).get("categories")).isEqualTo(Map.of("all", 10L));
        assertThat(Files.readString(directory.resolve("snapshot.pickle"), StandardCharsets.ISO_8859_1))
                .contains("category", "unknown");

        MemoryTimeline.Builder without = new MemoryTimeline.Builder("cpu");
        without.alloc(1, 0x1000, 10, 0);
        assertThat(load(without.build()).get("categories")).isEqualTo(Map.of());
    }

    @Test
    void aCachingAllocatorsSegmentsAreItsOwn() throws IOException {
        MemoryTimeline.Builder builder = new MemoryTimeline.Builder("cuda:2").start(5, 1_000_000);
        builder.add(MemoryAction.SEGMENT_ALLOC, 0, 0x7f0000000000L, 2 << 20, -1, 0);
        int context = builder.context(new MemoryContext("aten::empty", null, null, List.of(), List.of()));
        builder.alloc(3000, 0x7f0000000000L, 1000, context);
        long pending = builder.alloc(4000, 0x7f0000000400L, 500, context);
        builder.add(MemoryAction.FREE_REQUESTED, 5000, 0x7f0000000400L, 500, pending, context);
        builder.add(MemoryAction.OOM, 6000, 12345, 1L << 40, -1, context);
        builder.segments(List.of(new AllocatorSegment(0x7f0000000000L, 2 << 20, 1024, 1536, 1500, 0xabcdef0123456L, false,
                List.of(0L, 7L), true, List.of(
                        new AllocatorSegment.Block(0x7f0000000000L, 1024, 1000, AllocatorSegment.State.ACTIVE_ALLOCATED),
                        new AllocatorSegment.Block(0x7f0000000400L, 512, 500, AllocatorSegment.State.ACTIVE_PENDING_FREE),
                        new AllocatorSegment.Block(0x7f0000000600L, (2 << 20) - 1536, 0,
                                AllocatorSegment.State.INACTIVE)))));
        Map<String, Object> loaded = load(builder.build());

        assertThat(loaded.get("segments")).isEqualTo(1L);
        assertThat(loaded.get("live")).isEqualTo(1500L);
        assertThat(loaded.get("traces")).isEqualTo(List.of(0L, 0L, 6L));
        assertThat(loaded.get("first")).isEqualTo(1_000_000L);
        assertThat(object(loaded.get("counts"))).containsKeys("oom", "free_requested", "segment_alloc");
    }

    /** Texts that are no ASCII, numbers of each width, and nothing at all. */
    @Test
    void whateverIsInAContext() throws IOException {
        MemoryTimeline.Builder builder = new MemoryTimeline.Builder("cpu").baselineBytes(1L << 45);
        for (int i = 0; i < 1500; i++) {
            builder.alloc(i, (1L << 40) + (long) i * i * i * i, 1L + (long) i * i * i, builder.context(new MemoryContext(
                    "caf\u00e9 \ud83d\ude00 '\"\n" + i, "", "t", List.of(), List.of(new MemoryFrame("f", "", -1)))));
        }
        Map<String, Object> loaded = load(builder.build());
        assertThat(object(loaded.get("frames"))).hasSize(1500)
                .containsEntry("caf\u00e9 \ud83d\ude00 '\"\n3@operator:0|@module:0|f@:-1", 28L);
        assertThat(load(new MemoryTimeline.Builder("cpu").build()).get("traces")).isEqualTo(List.of(1L));
    }

    @Test
    void aPlaceThatCannotBeWritten() throws IOException {
        MemoryTimeline timeline = RandomTimeline.of(1, 10).build();
        assertThatThrownBy(() -> SnapshotWriter.write(timeline, directory.resolve("none/s.pickle")))
                .isInstanceOf(IOException.class).hasMessageContaining("none");
        assertThatThrownBy(() -> SnapshotWriter.write(timeline, directory)).isInstanceOf(IOException.class)
                .hasMessageContaining("is a directory");
        try (var files = Files.list(directory)) {
            assertThat(files).isEmpty();
        }
    }

    /** Written as it goes along: as many events as would be gigabytes of objects. */
    @Test
    void manyEventsTakeLittleHeap() throws IOException {
        MemoryTimeline.Builder builder = new MemoryTimeline.Builder("cpu");
        for (int i = 0; i < MANY / 2; i++) {
            builder.free(2L * i, builder.alloc(2L * i, 4096L * (1 + i % 7), 100, 0));
        }
        MemoryTimeline timeline = builder.build();
        long before = allocatedByThisThread();
        SnapshotWriter.write(timeline, OutputStream.nullOutputStream());
        JsonWriter.write(timeline, OutputStream.nullOutputStream());
        assertThat(allocatedByThisThread() - before).isLessThan(40_000_000);
    }

    private static long allocatedByThisThread() {
        return ((com.sun.management.ThreadMXBean) java.lang.management.ManagementFactory.getThreadMXBean())
                .getCurrentThreadAllocatedBytes();
    }

    @Test
    void aStreamIsLeftOpen() throws IOException {
        boolean[] closed = {false};
        OutputStream out = new ByteArrayOutputStream() {
            @Override
            public void close() {
                closed[0] = true;
            }
        };
        SnapshotWriter.write(RandomTimeline.of(1, 10).build(), out);
        JsonWriter.write(RandomTimeline.of(1, 10).build(), out);
        assertThat(closed[0]).isFalse();
    }
}
