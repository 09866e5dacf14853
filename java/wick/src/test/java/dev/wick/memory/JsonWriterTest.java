package dev.wick.memory;

import static org.assertj.core.api.Assertions.assertThat;

import com.fasterxml.jackson.core.JsonFactory;
import dev.wick.binding.AllocatorSegment;
import java.io.IOException;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

class JsonWriterTest {
    @TempDir
    private Path directory;

    private Map<String, Object> written(MemoryTimeline timeline) throws IOException {
        Path file = directory.resolve("profile.json");
        JsonWriter.write(timeline, file);
        return JsonTree.read(new JsonFactory().createParser(file.toFile()));
    }

    @SuppressWarnings("unchecked")
    private static Map<String, Object> object(Object value) {
        return (Map<String, Object>) value;
    }

    private static List<?> list(Object value) {
        return (List<?>) value;
    }

    @ParameterizedTest
    @ValueSource(longs = {1, 2, 3, 4, 5, 6})
    void totalsAreTheTimelines(long seed) throws IOException {
        int size = (int) (seed * 100);
        RandomTimeline made = RandomTimeline.of(seed, size);
        MemoryTimeline timeline = made.build();
        Map<String, Object> json = written(timeline);

        assertThat(json).containsEntry("schema", "wick-memory-profile-1").containsEntry("eventCount", (long) size)
                .containsEntry("unrecordedBytes", timeline.unrecordedBytes());
        assertMoment(object(json.get("peak")), made.peakBytes(), made.countAfter(made.peakEvents()));
        assertMoment(object(json.get("end")), made.bytesAfter(size), made.countAfter(size));
        assertThat(list(json.get("marks"))).hasSize(timeline.marks().size());

        List<?> columns = list(json.get("columns"));
        long bytes = timeline.unrecordedBytes();
        long peak = bytes;
        int index = 0;
        for (Object row : list(json.get("events"))) {
            List<?> event = list(row);
            assertThat(event).hasSameSizeAs(columns);
            String action = (String) event.get(columns.indexOf("action"));
            long size0 = (Long) event.get(columns.indexOf("bytes"));
            bytes += action.equals("alloc") ? size0 : action.equals("free_completed") ? -size0 : 0;
            peak = Math.max(peak, bytes);
            assertThat(event.get(columns.indexOf("allocation"))).isEqualTo(timeline.allocation(index));
            assertThat(event.get(columns.indexOf("address"))).isEqualTo(timeline.address(index));
            assertThat(event.get(columns.indexOf("timeNanos"))).isEqualTo(timeline.timeNanos(index));
            Map<String, Object> context = object(list(json.get("contexts"))
                    .get(Math.toIntExact((Long) event.get(columns.indexOf("context")))));
            assertThat(context.get("operator")).isEqualTo(timeline.context(index).operator());
            index++;
        }
        assertThat(index).isEqualTo(size);
        assertThat(bytes).isEqualTo(made.bytesAfter(size));
        assertThat(peak).isEqualTo(made.peakBytes());
    }

    private static void assertMoment(Map<String, Object> moment, long bytes, long count) {
        assertThat(moment).containsEntry("bytes", bytes).containsEntry("count", count);
        assertThat(object(moment.get("by"))).containsOnlyKeys("operator", "module", "caller", "tag", "sourceLine");
        object(moment.get("by")).values().forEach(groups -> {
            assertThat(list(groups).stream().mapToLong(group -> (Long) object(group).get("bytes")).sum()).isEqualTo(bytes);
            assertThat(list(groups).stream().mapToLong(group -> (Long) object(group).get("count")).sum()).isEqualTo(count);
        });
    }

    @Test
    void segmentsHaveTorchsNames() throws IOException {
        MemoryTimeline.Builder builder = new MemoryTimeline.Builder("cuda:0");
        builder.segments(List.of(new AllocatorSegment(64, 100, 30, 30, 20, 9, true, List.of(1L, 2L), false,
                List.of(new AllocatorSegment.Block(64, 30, 20, AllocatorSegment.State.ACTIVE_ALLOCATED),
                        new AllocatorSegment.Block(94, 70, 0, AllocatorSegment.State.INACTIVE)))));
        Map<String, Object> segment = object(list(written(builder.build()).get("segments")).getFirst());
        assertThat(segment).containsEntry("segment_type", "large").containsEntry("requested_size", 20L)
                .containsEntry("segment_pool_id", List.of(1L, 2L)).containsEntry("is_expandable", false);
        assertThat(object(list(segment.get("blocks")).getLast())).containsEntry("state", "inactive")
                .containsEntry("address", 94L);
    }
}
