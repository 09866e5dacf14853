package dev.wick.memory;

import com.fasterxml.jackson.core.JsonFactory;
import com.fasterxml.jackson.core.JsonGenerator;
import dev.wick.binding.AllocatorSegment;
import dev.wick.file.WholeFile;
import java.io.IOException;
import java.io.OutputStream;
import java.nio.file.Path;
import java.util.List;
import java.util.Locale;

/**
 * Writes a timeline as JSON of the schema {@code wick-memory-profile-1}; any thread.
 *
 * <p>One object; addresses and sizes are numbers, in bytes, which may need 64 bits. Its fields, in this order:
 * <dl>
 * <dt>{@code schema}</dt><dd>{@value #SCHEMA}</dd>
 * <dt>{@code device}</dt><dd>{@code cpu}, or such as {@code cuda:0}</dd>
 * <dt>{@code startEpochMicros}, {@code durationNanos}</dt><dd>when recording began, and for how long it went on; all other
 * times are nanoseconds since it began</dd>
 * <dt>{@code eventCount}, {@code droppedEvents}</dt><dd>events in here, and older ones that are missing</dd>
 * <dt>{@code baselineBytes}, {@code unrecordedBytes}</dt><dd>given out when recording began, and just before the first
 * event</dd>
 * <dt>{@code peak}, {@code end}</dt><dd>two moments, each with {@code events} (how many came earlier), {@code timeNanos},
 * {@code bytes}, {@code count}, {@code unrecordedBytes}, and {@code by}: for {@code operator}, {@code module}, {@code caller},
 * {@code tag} and {@code sourceLine} the groups with {@code kind} ({@code named}, {@code unknown},
 * {@code beforeRecording}), {@code name}, {@code bytes} and {@code count}, whose bytes add up to the moment's; the peak has
 * {@code allocations}, the {@value #LARGEST} largest, by their {@code event}</dd>
 * <dt>{@code marks}</dt><dd>{@code name}, {@code events} that came earlier, {@code timeNanos}</dd>
 * <dt>{@code contexts}</dt><dd>{@code operator}, {@code module} and {@code tag}, each may be null; {@code torchScript} and
 * {@code java}, innermost first, of {@code function}, {@code file} (may be empty) and {@code line} (0 where not known)</dd>
 * <dt>{@code segments}</dt><dd>what a caching allocator held at the end, under PyTorch's names</dd>
 * <dt>{@code columns}, {@code events}</dt><dd>the names {@code action} (PyTorch's), {@code timeNanos}, {@code address},
 * {@code bytes}, {@code allocation} (the index of the event that gave the memory out, or -1), {@code context} (an index),
 * {@code stream}, {@code thread}; and an array of so many values for each event</dd>
 * </dl>
 * A field may be added without another schema; what is here does not change its meaning in this one. The file is written as
 * it goes along, in memory that does not grow with the events but by a bit for each.
 */
public final class JsonWriter {
    /** The schema's name. */
    public static final String SCHEMA = "wick-memory-profile-1";

    /** Allocations at the peak. */
    static final int LARGEST = 100;

    private static final JsonFactory FACTORY = JsonFactory.builder().build();

    private JsonWriter() {
    }

    /**
     * Writes a file, whole or not at all.
     *
     * @throws IOException where it cannot be written
     */
    public static void write(MemoryTimeline timeline, Path file) throws IOException {
        WholeFile.write(file, out -> write(timeline, out));
    }

    /** Writes to a stream, which is left open. */
    public static void write(MemoryTimeline timeline, OutputStream out) throws IOException {
        try (JsonGenerator json = FACTORY.createGenerator(out).disable(JsonGenerator.Feature.AUTO_CLOSE_TARGET)) {
            json.writeStartObject();
            json.writeStringField("schema", SCHEMA);
            header(json, timeline);
            MemoryPeak peak = MemoryPeak.of(timeline);
            json.writeObjectFieldStart("peak");
            moment(json, peak);
            allocations(json, peak);
            json.writeEndObject();
            json.writeObjectFieldStart("end");
            moment(json, MemoryPeak.at(timeline, timeline.size()));
            json.writeEndObject();
            marks(json, timeline.marks());
            contexts(json, timeline.contexts());
            segments(json, timeline.segments());
            events(json, timeline);
            json.writeEndObject();
        }
    }

    static void header(JsonGenerator json, MemoryTimeline timeline) throws IOException {
        json.writeStringField("device", timeline.device());
        json.writeNumberField("startEpochMicros", timeline.startEpochMicros());
        json.writeNumberField("durationNanos", timeline.durationNanos());
        json.writeNumberField("eventCount", timeline.size());
        json.writeNumberField("droppedEvents", timeline.dropped());
        json.writeNumberField("baselineBytes", timeline.baselineBytes());
        json.writeNumberField("unrecordedBytes", timeline.unrecordedBytes());
    }

    private static void moment(JsonGenerator json, MemoryPeak moment) throws IOException {
        json.writeNumberField("events", moment.events());
        json.writeNumberField("timeNanos", moment.timeNanos());
        json.writeNumberField("bytes", moment.allocatedBytes());
        json.writeNumberField("count", moment.allocationCount());
        json.writeNumberField("unrecordedBytes", moment.unrecordedBytes());
        json.writeObjectFieldStart("by");
        for (MemoryGrouping grouping : MemoryGrouping.values()) {
            json.writeArrayFieldStart(grouping.key());
            for (MemoryShare share : moment.shares(grouping)) {
                json.writeStartObject();
                json.writeStringField("kind", camelCase(share.group().kind()));
                json.writeStringField("name", share.group().name());
                json.writeNumberField("bytes", share.bytes());
                json.writeNumberField("count", share.count());
                json.writeEndObject();
            }
            json.writeEndArray();
        }
        json.writeEndObject();
    }

    private static void allocations(JsonGenerator json, MemoryPeak peak) throws IOException {
        json.writeArrayFieldStart("allocations");
        for (LiveAllocation allocation : peak.allocations(LARGEST)) {
            json.writeNumber(allocation.event());
        }
        json.writeEndArray();
    }

    static void marks(JsonGenerator json, List<MemoryMark> marks) throws IOException {
        json.writeArrayFieldStart("marks");
        for (MemoryMark mark : marks) {
            json.writeStartObject();
            json.writeStringField("name", mark.name());
            json.writeNumberField("events", mark.eventIndex());
            json.writeNumberField("timeNanos", mark.timeNanos());
            json.writeEndObject();
        }
        json.writeEndArray();
    }

    static void contexts(JsonGenerator json, List<MemoryContext> contexts) throws IOException {
        json.writeArrayFieldStart("contexts");
        for (MemoryContext context : contexts) {
            json.writeStartObject();
            json.writeStringField("operator", context.operator());
            json.writeStringField("module", context.module());
            json.writeStringField("tag", context.tag());
            frames(json, "torchScript", context.torchScript());
            frames(json, "java", context.java());
            json.writeEndObject();
        }
        json.writeEndArray();
    }

    private static void frames(JsonGenerator json, String name, List<MemoryFrame> frames) throws IOException {
        json.writeArrayFieldStart(name);
        for (MemoryFrame frame : frames) {
            json.writeStartObject();
            json.writeStringField("function", frame.function());
            json.writeStringField("file", frame.file());
            json.writeNumberField("line", frame.line());
            json.writeEndObject();
        }
        json.writeEndArray();
    }

    private static void segments(JsonGenerator json, List<AllocatorSegment> segments) throws IOException {
        json.writeArrayFieldStart("segments");
        for (AllocatorSegment segment : segments) {
            json.writeStartObject();
            json.writeNumberField("address", segment.address());
            json.writeNumberField("total_size", segment.totalBytes());
            json.writeNumberField("allocated_size", segment.allocatedBytes());
            json.writeNumberField("active_size", segment.activeBytes());
            json.writeNumberField("requested_size", segment.requestedBytes());
            json.writeNumberField("stream", segment.stream());
            json.writeStringField("segment_type", segment.large() ? "large" : "small");
            json.writeArrayFieldStart("segment_pool_id");
            for (long part : segment.poolId()) {
                json.writeNumber(part);
            }
            json.writeEndArray();
            json.writeBooleanField("is_expandable", segment.expandable());
            json.writeArrayFieldStart("blocks");
            for (AllocatorSegment.Block block : segment.blocks()) {
                json.writeStartObject();
                json.writeNumberField("address", block.address());
                json.writeNumberField("size", block.bytes());
                json.writeNumberField("requested_size", block.requestedBytes());
                json.writeStringField("state", block.state().torchName());
                json.writeEndObject();
            }
            json.writeEndArray();
            json.writeEndObject();
        }
        json.writeEndArray();
    }

    private static void events(JsonGenerator json, MemoryTimeline timeline) throws IOException {
        json.writeArrayFieldStart("columns");
        for (String column : List.of("action", "timeNanos", "address", "bytes", "allocation", "context", "stream",
                "thread")) {
            json.writeString(column);
        }
        json.writeEndArray();
        json.writeArrayFieldStart("events");
        for (long event = 0; event < timeline.size(); event++) {
            json.writeStartArray();
            json.writeString(timeline.action(event).torchName());
            json.writeNumber(timeline.timeNanos(event));
            json.writeNumber(timeline.address(event));
            json.writeNumber(timeline.bytes(event));
            json.writeNumber(timeline.allocation(event));
            json.writeNumber(timeline.contextIndex(event));
            json.writeNumber(timeline.stream(event));
            json.writeNumber(timeline.thread(event));
            json.writeEndArray();
        }
        json.writeEndArray();
    }

    /** As {@code BEFORE_RECORDING} is {@code beforeRecording}. */
    static String camelCase(Enum<?> constant) {
        StringBuilder name = new StringBuilder();
        for (String word : constant.name().split("_")) {
            name.append(word.charAt(0)).append(word.substring(1).toLowerCase(Locale.ROOT));
        }
        return Character.toLowerCase(name.charAt(0)) + name.substring(1);
    }
}
