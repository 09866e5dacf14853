package dev.wick.memory;

import com.fasterxml.jackson.core.JsonFactory;
import com.fasterxml.jackson.core.JsonGenerator;
import com.fasterxml.jackson.core.SerializableString;
import com.fasterxml.jackson.core.io.CharacterEscapes;
import dev.wick.file.WholeFile;
import java.io.IOException;
import java.io.InputStream;
import java.io.OutputStream;
import java.io.UncheckedIOException;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.security.MessageDigest;
import java.security.NoSuchAlgorithmException;
import java.util.ArrayList;
import java.util.Base64;
import java.util.List;
import java.util.Locale;

/**
 * Writes a timeline as one HTML page that loads nothing: what was given out over time, stacked by operator, module, Java
 * caller, tag or TorchScript line, zoomed and moved by mouse and keyboard; what is under the pointer with its frames; the
 * peak, and the largest allocations at it; any thread.
 *
 * <p>A page takes about 35 bytes an event: 3.5 MB for 100,000. Of more than {@value #MOST_EVENTS} allocations and frees only
 * those of the largest allocations are drawn each for itself, and all others as one band; the peak stays exact.
 */
public final class HtmlWriter {
    /** Events that a page draws each for itself. */
    public static final int MOST_EVENTS = 250_000;

    private static final int LARGEST = 100;
    private static final int LARGEST_GROUPS = 50;
    private static final int BUFFER = 6144;
    private static final JsonFactory FACTORY = JsonFactory.builder().build();

    private final MemoryTimeline timeline;
    private final ThinnedEvents events;
    private final OutputStream out;

    private HtmlWriter(MemoryTimeline timeline, int most, OutputStream out) {
        this.timeline = timeline;
        this.events = ThinnedEvents.of(timeline, most);
        this.out = out;
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
        write(timeline, MOST_EVENTS, out);
    }

    static void write(MemoryTimeline timeline, int mostEvents, OutputStream out) throws IOException {
        new HtmlWriter(timeline, mostEvents, out).write();
    }

    private void write() throws IOException {
        String style = resource("/META-INF/wick/page.css") + resource("timeline.css");
        String script = resource("timeline.js");
        String[] page = resource("timeline.html").split("\\$\\{[a-z]+}", -1);
        List<Part> parts = List.of(() -> text(hash(style)), () -> text(hash(script)), () -> text(style), this::data,
                this::columns, () -> text(script));
        for (int i = 0; i < page.length; i++) {
            text(page[i]);
            if (i < parts.size()) {
                parts.get(i).write();
            }
        }
    }

    /** What stands in a place of the page. */
    private interface Part {
        void write() throws IOException;
    }

    private void text(String text) throws IOException {
        out.write(text.getBytes(StandardCharsets.UTF_8));
    }

    // What the script reads

    private void data() throws IOException {
        try (JsonGenerator json = FACTORY.createGenerator(out).disable(JsonGenerator.Feature.AUTO_CLOSE_TARGET)
                .disable(JsonGenerator.Feature.FLUSH_PASSED_TO_STREAM).setCharacterEscapes(new InScript())) {
            json.writeStartObject();
            JsonWriter.header(json, timeline);
            MemoryPeak peak = MemoryPeak.of(timeline);
            json.writeNumberField("endBytes", MemoryPeak.at(timeline, timeline.size()).allocatedBytes());
            peak(json, peak);
            json.writeArrayFieldStart("marks");
            for (MemoryMark mark : timeline.marks()) {
                json.writeStartObject();
                json.writeStringField("name", mark.name());
                json.writeNumberField("moment", events.keptBefore(mark.eventIndex()));
                json.writeNumberField("timeNanos", mark.timeNanos());
                json.writeEndObject();
            }
            json.writeEndArray();
            JsonWriter.contexts(json, timeline.contexts());
            groupings(json, peak);
            json.writeObjectFieldStart("leftOut");
            json.writeStringField("text", String.format(Locale.ROOT, "%,d smaller allocations and frees", events.leftOut()));
            json.writeEndObject();
            json.writeArrayFieldStart("warnings");
            for (String warning : warnings()) {
                json.writeString(warning);
            }
            json.writeEndArray();
            json.writeEndObject();
        }
    }

    private List<String> warnings() {
        List<String> warnings = new ArrayList<>();
        if (timeline.dropped() > 0) {
            warnings.add(String.format(Locale.ROOT, "%,d older events are missing: there were more than the recording had "
                    + "room for. What they left is among what was given out before recording.", timeline.dropped()));
        }
        if (events.leftOut() > 0) {
            warnings.add(String.format(Locale.ROOT, "The largest allocations are drawn each for itself: %,d events. The "
                    + "other %,d are one band. The peak and the tables are exact.", events.kept(), events.leftOut()));
        }
        return warnings;
    }

    private void peak(JsonGenerator json, MemoryPeak peak) throws IOException {
        json.writeObjectFieldStart("peak");
        json.writeNumberField("moment", events.keptBefore(peak.events()));
        json.writeNumberField("timeNanos", peak.timeNanos());
        json.writeNumberField("bytes", peak.allocatedBytes());
        json.writeArrayFieldStart("allocations");
        for (LiveAllocation allocation : peak.allocations(LARGEST)) {
            json.writeStartObject();
            json.writeNumberField("event", events.isKept(allocation.event()) ? events.keptBefore(allocation.event()) : -1);
            json.writeNumberField("bytes", allocation.bytes());
            json.writeNumberField("timeNanos", allocation.timeNanos());
            json.writeNumberField("context", timeline.contextIndex(allocation.event()));
            MemoryGroup caller = MemoryGrouping.CALLER.of(allocation.context());
            json.writeStringField("caller", caller.kind() == MemoryGroup.Kind.NAMED ? caller.name() : "");
            json.writeEndObject();
        }
        json.writeEndArray();
        json.writeEndObject();
    }

    private void groupings(JsonGenerator json, MemoryPeak peak) throws IOException {
        json.writeArrayFieldStart("groupings");
        for (MemoryGrouping grouping : MemoryGrouping.values()) {
            ContextGroups groups = new ContextGroups(timeline, grouping);
            json.writeStartObject();
            json.writeStringField("id", JsonWriter.camelCase(grouping));
            json.writeStringField("text", grouping.text());
            json.writeArrayFieldStart("groups");
            for (int i = 0; i < groups.size(); i++) {
                json.writeStartObject();
                group(json, groups.group(i));
                json.writeEndObject();
            }
            json.writeEndArray();
            json.writeArrayFieldStart("contexts");
            for (int i = 0; i < timeline.contexts().size(); i++) {
                json.writeNumber(groups.ofContext(i));
            }
            json.writeEndArray();
            json.writeArrayFieldStart("peak");
            for (MemoryShare share : peak.shares(grouping, LARGEST_GROUPS)) {
                json.writeStartObject();
                group(json, share.group());
                json.writeNumberField("bytes", share.bytes());
                json.writeNumberField("count", share.count());
                json.writeEndObject();
            }
            json.writeEndArray();
            json.writeEndObject();
        }
        json.writeEndArray();
    }

    private static void group(JsonGenerator json, MemoryGroup group) throws IOException {
        json.writeStringField("kind", JsonWriter.camelCase(group.kind()));
        json.writeStringField("name", group.name());
    }

    /** Nothing in a text ends the element that the data stands in. */
    private static final class InScript extends CharacterEscapes {
        private static final long serialVersionUID = 1L;

        @Override
        public int[] getEscapeCodesForAscii() {
            int[] escapes = CharacterEscapes.standardAsciiEscapesForJSON();
            escapes['<'] = CharacterEscapes.ESCAPE_STANDARD;
            return escapes;
        }

        @Override
        public SerializableString getEscapeSequence(int character) {
            return null;
        }
    }

    // Columns

    private void columns() throws IOException {
        column("time", (event, buffer) -> buffer.putDouble(timeline.timeNanos(event)));
        column("bytes", (event, buffer) -> buffer.putDouble(timeline.bytes(event)));
        column("allocation", (event, buffer) -> {
            long allocation = timeline.allocation(event);
            buffer.putInt(allocation < 0 ? -1 : Math.toIntExact(events.keptBefore(allocation)));
        });
        column("context", (event, buffer) -> buffer.putInt(timeline.contextIndex(event)));
        long[] at = {0};
        long[] bytes = {0};
        column("left-out", events.leftOut() == 0 ? (_, _) -> { } : (event, buffer) -> {
            for (; at[0] < event; at[0]++) {
                if (!events.isKept(at[0])) {
                    bytes[0] += LiveMemory.change(timeline, at[0]);
                }
            }
            buffer.putDouble(bytes[0]);
        });
    }

    private interface Cell {
        void put(long event, ByteBuffer buffer);
    }

    /** Little-endian numbers in base 64, one for each event that is drawn. */
    private void column(String name, Cell cell) throws IOException {
        text("<script type=\"text/plain\" id=\"column-" + name + "\">");
        // Its length is a multiple of 3, so that no padding stands between two pieces.
        ByteBuffer buffer = ByteBuffer.allocate(BUFFER).order(ByteOrder.LITTLE_ENDIAN);
        for (long event = 0; event < timeline.size(); event++) {
            if (events.isKept(event)) {
                cell.put(event, buffer);
                if (!buffer.hasRemaining()) {
                    flush(buffer);
                }
            }
        }
        flush(buffer);
        text("</script>\n");
    }

    private void flush(ByteBuffer buffer) throws IOException {
        buffer.flip();
        out.write(Base64.getEncoder().encode(buffer).array());
        buffer.clear();
    }

    // Resources

    private static String resource(String name) {
        try (InputStream in = HtmlWriter.class.getResourceAsStream(name)) {
            if (in == null) {
                throw new IllegalStateException(name + " is not beside its class");
            }
            // A browser reads line ends so, and what it runs must have the hash that the policy names.
            return new String(in.readAllBytes(), StandardCharsets.UTF_8).replace("\r\n", "\n");
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    private static String hash(String text) {
        try {
            return "'sha256-" + Base64.getEncoder().encodeToString(
                    MessageDigest.getInstance("SHA-256").digest(text.getBytes(StandardCharsets.UTF_8))) + "'";
        } catch (NoSuchAlgorithmException e) {
            throw new IllegalStateException("every Java has SHA-256", e);
        }
    }
}
