package dev.wick;

import com.fasterxml.jackson.core.JsonFactory;
import com.fasterxml.jackson.core.JsonGenerator;
import com.fasterxml.jackson.core.util.DefaultPrettyPrinter;
import dev.wick.binding.DeviceStats;
import dev.wick.binding.OutOfMemory;
import dev.wick.error.BadArgumentException;
import dev.wick.error.DeviceOutOfMemoryException;
import dev.wick.error.WickException;
import dev.wick.memory.HtmlWriter;
import dev.wick.memory.LiveAllocation;
import dev.wick.memory.MemoryGrouping;
import dev.wick.memory.MemoryPeak;
import dev.wick.memory.MemoryShare;
import dev.wick.memory.MemoryTimeline;
import java.io.IOException;
import java.io.OutputStream;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Instant;
import java.util.List;
import java.util.Locale;
import java.util.concurrent.atomic.AtomicInteger;

/**
 * What is told when an allocator refuses: on the exception, and, where it is asked for, in a file; any thread.
 *
 * <p>{@code -Dwick.memory.oomReport=DIR} leaves {@code wick-oom-PID-N.json} (schema {@value #SCHEMA}) with the figures, the
 * Java stack and the allocator's statistics, the first {@value #MOST} times. While a {@link MemoryProfile} records, what was
 * alive is in it by operator, caller, module and tag, and {@code wick-oom-PID-N.html} beside it is its timeline.
 */
final class OutOfMemoryReport {
    /** The system property with the directory of reports. */
    static final String PROPERTY = "wick.memory.oomReport";
    static final String SCHEMA = "wick-oom-report-1";

    /** A program that goes on after a refusal may meet thousands of them. */
    private static final int MOST = 20;
    private static final int LARGEST = 20;
    private static final int LARGEST_ON_EXCEPTION = 5;
    private static final System.Logger LOGGER = System.getLogger("dev.wick.memory");

    /** Null where no files are wanted. */
    private final Path directory;
    private final AtomicInteger written = new AtomicInteger();

    private OutOfMemoryReport(Path directory) {
        this.directory = directory;
    }

    /** Reads the setting; a directory that cannot be written is refused now, not when memory is short. */
    static OutOfMemoryReport fromSettings() {
        String asked = System.getProperty(PROPERTY);
        if (asked == null) {
            return new OutOfMemoryReport(null);
        }
        Path directory = Path.of(asked).toAbsolutePath();
        try {
            Files.createDirectories(directory);
        } catch (IOException e) {
            throw new BadArgumentException("-D" + PROPERTY + "=" + asked + ": cannot make that directory: "
                    + e.getMessage());
        }
        if (!Files.isWritable(directory)) {
            throw new BadArgumentException("-D" + PROPERTY + "=" + asked + ": cannot write into that directory");
        }
        return new OutOfMemoryReport(directory);
    }

    void install() {
        OutOfMemory.observe(this::refused);
    }

    private void refused(DeviceOutOfMemoryException error) {
        Device.Type type = error.reservedBytes() < 0 ? Device.Type.CPU : Device.Type.CUDA;
        MemoryTimeline timeline = MemoryProfile.recordedNow(type);
        MemoryPeak live = timeline == null ? null : MemoryPeak.at(timeline, timeline.size());
        if (live != null) {
            error.setLiveAllocations(live.allocations(LARGEST_ON_EXCEPTION).stream().map(OutOfMemoryReport::line).toList());
        }
        if (directory == null) {
            return;
        }
        int number = written.incrementAndGet();
        if (number > MOST) {
            return;
        }
        Path file = directory.resolve("wick-oom-" + ProcessHandle.current().pid() + "-" + number + ".json");
        try {
            write(file, error, type, timeline, live);
            LOGGER.log(System.Logger.Level.WARNING, "out of memory: " + file + " says what is known");
        } catch (IOException e) {
            LOGGER.log(System.Logger.Level.ERROR, "cannot write " + file, e);
        }
    }

    private static String line(LiveAllocation allocation) {
        StringBuilder line = new StringBuilder(String.format(Locale.ROOT, "%,d bytes", allocation.bytes()));
        if (allocation.context().operator() != null) {
            line.append(" by ").append(allocation.context().operator());
        }
        if (allocation.context().module() != null) {
            line.append(" in ").append(allocation.context().module());
        }
        if (allocation.context().tag() != null) {
            line.append(" (").append(allocation.context().tag()).append(')');
        }
        if (!allocation.context().java().isEmpty()) {
            line.append(" from ").append(allocation.context().java().getFirst());
        }
        return line.toString();
    }

    private static void write(Path file, DeviceOutOfMemoryException error, Device.Type type, MemoryTimeline timeline,
            MemoryPeak live) throws IOException {
        try (OutputStream out = Files.newOutputStream(file);
                JsonGenerator json = new JsonFactory().createGenerator(out).setPrettyPrinter(new DefaultPrettyPrinter())) {
            json.writeStartObject();
            json.writeStringField("schema", SCHEMA);
            json.writeStringField("time", Instant.now().toString());
            json.writeStringField("device", timeline != null ? timeline.device()
                    : type == Device.Type.CPU ? "cpu" : "cuda");
            json.writeStringField("message", error.getMessage());
            json.writeObjectFieldStart("figures");
            figure(json, "requestedBytes", error.requestedBytes());
            figure(json, "allocatedBytes", error.allocatedBytes());
            figure(json, "limitBytes", error.limitBytes());
            figure(json, "reservedBytes", error.reservedBytes());
            figure(json, "freeBytes", error.freeBytes());
            figure(json, "largestFreeBlockBytes", error.largestFreeBlockBytes());
            json.writeEndObject();
            json.writeArrayFieldStart("java");
            for (StackTraceElement frame : error.getStackTrace()) {
                json.writeString(frame.toString());
            }
            json.writeEndArray();
            if (type == Device.Type.CPU) {
                statistics(json);
            }
            if (live == null) {
                json.writeStringField("hint", "a MemoryProfile that records would tell here what was alive");
            } else {
                String page = file.getFileName().toString().replace(".json", ".html");
                HtmlWriter.write(timeline, file.resolveSibling(page));
                json.writeStringField("timeline", page);
                live(json, live);
            }
            json.writeEndObject();
        }
    }

    private static void figure(JsonGenerator json, String name, long bytes) throws IOException {
        if (bytes < 0) {
            json.writeNullField(name);
        } else {
            json.writeNumberField(name, bytes);
        }
    }

    private static void statistics(JsonGenerator json) throws IOException {
        DeviceStats stats;
        try {
            stats = DeviceMemory.of(Device.CPU).stats();
        } catch (WickException e) {
            // This way of calling has no figures.
            return;
        }
        json.writeObjectFieldStart("statistics");
        json.writeNumberField("allocatedBytes", stats.allocatedBytes().all().current());
        json.writeNumberField("allocatedBytesPeak", stats.allocatedBytes().all().peak());
        json.writeNumberField("allocations", stats.allocation().all().current());
        json.writeNumberField("refused", stats.numOoms());
        json.writeEndObject();
    }

    private static void live(JsonGenerator json, MemoryPeak live) throws IOException {
        json.writeObjectFieldStart("alive");
        json.writeNumberField("bytes", live.allocatedBytes());
        json.writeNumberField("beforeRecordingBytes", live.unrecordedBytes());
        for (MemoryGrouping grouping : MemoryGrouping.values()) {
            json.writeArrayFieldStart(grouping.key());
            for (MemoryShare share : live.shares(grouping, LARGEST)) {
                json.writeStartObject();
                json.writeStringField("name", share.group().name());
                json.writeNumberField("bytes", share.bytes());
                json.writeNumberField("count", share.count());
                json.writeEndObject();
            }
            json.writeEndArray();
        }
        json.writeArrayFieldStart("allocations");
        List<LiveAllocation> largest = live.allocations(LARGEST);
        for (LiveAllocation allocation : largest) {
            json.writeString(line(allocation));
        }
        json.writeEndArray();
        json.writeEndObject();
    }
}
