package dev.wick.binding.panama;

import static dev.wick.binding.panama.PanamaHandle.Kind.RANGE;
import static dev.wick.binding.panama.PanamaHandle.Kind.TRACE;

import dev.wick.binding.Handle;
import dev.wick.binding.ProfilerBinding;
import dev.wick.binding.TraceDetail;
import dev.wick.binding.TraceEvent;
import dev.wick.binding.panama.generated.WickTorch;
import dev.wick.binding.panama.generated.wick_trace_event;
import dev.wick.error.UnsupportedFeatureException;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;

/** Traces through the shim's Kineto; any thread. */
final class PanamaProfiler implements ProfilerBinding {
    private static final TraceEvent.Kind[] KINDS = TraceEvent.Kind.values();
    /** Events are copied in pieces of so many: a long trace has millions. */
    private static final int PIECE = 16384;

    /** Why this LibTorch records no traces; empty when it does. */
    static Optional<String> obstacle() {
        try (Frame frame = Frame.take()) {
            frame.check(WickTorch.wick_trace_supported(frame.error));
            return Optional.empty();
        } catch (UnsupportedFeatureException e) {
            return Optional.of(e.getMessage());
        }
    }

    @Override
    public void startTrace(Set<TraceDetail> details, boolean cuda) {
        int flags = cuda ? WickTorch.WICK_TRACE_CUDA() : 0;
        for (TraceDetail detail : details) {
            flags |= detail.code();
        }
        try (Frame frame = Frame.take()) {
            frame.check(WickTorch.wick_trace_start(flags, frame.error));
        }
    }

    @Override
    public Handle stopTrace() {
        try (Frame frame = Frame.take()) {
            frame.check(WickTorch.wick_trace_stop(frame.out, frame.error));
            return new PanamaHandle(TRACE, frame.outValue());
        }
    }

    @Override
    public List<TraceEvent> traceEvents(Handle trace) {
        PanamaHandle own = PanamaHandle.of(trace, TRACE);
        try (Frame frame = Frame.take(); Arena arena = Arena.ofConfined()) {
            long address = frame.arguments.acquire(own);
            frame.check(WickTorch.wick_trace_count(address, frame.out, frame.error));
            int count = Math.toIntExact(frame.outValue());
            List<TraceEvent> events = new ArrayList<>(count);
            MemorySegment piece = wick_trace_event.allocateArray(PIECE, arena);
            Map<Long, String> names = new HashMap<>();
            for (int first = 0; first < count; first += PIECE) {
                frame.check(WickTorch.wick_trace_events(address, first, piece, PIECE, frame.error));
                for (int i = 0; i < Math.min(PIECE, count - first); i++) {
                    events.add(event(wick_trace_event.asSlice(piece, i), names));
                }
            }
            return events;
        }
    }

    private static TraceEvent event(MemorySegment event, Map<Long, String> names) {
        MemorySegment text = wick_trace_event.name(event);
        // One address for each text.
        String name = names.computeIfAbsent(text.address(), _ -> new String(
                text.reinterpret(wick_trace_event.name_length(event)).toArray(ValueLayout.JAVA_BYTE),
                StandardCharsets.UTF_8));
        return new TraceEvent(KINDS[wick_trace_event.kind(event)], name, wick_trace_event.device_index(event),
                wick_trace_event.thread(event), wick_trace_event.end_thread(event), wick_trace_event.start_ns(event),
                wick_trace_event.duration_ns(event), wick_trace_event.correlation(event),
                wick_trace_event.linked_correlation(event), wick_trace_event.bytes(event));
    }

    @Override
    public void saveTrace(Handle trace, Path file) {
        try (Frame frame = Frame.take(); Arena arena = Arena.ofConfined()) {
            Text path = Text.of(arena, file.toAbsolutePath().normalize().toString());
            frame.check(WickTorch.wick_trace_save(frame.arguments.acquire(PanamaHandle.of(trace, TRACE)), path.bytes(),
                    path.length(), frame.error));
        }
    }

    @Override
    public Handle beginRange(String name) {
        try (Frame frame = Frame.take(); Arena arena = Arena.ofConfined()) {
            Text text = Text.of(arena, name);
            frame.check(WickTorch.wick_range_begin(text.bytes(), text.length(), frame.out, frame.error));
            return new PanamaHandle(RANGE, frame.outValue());
        }
    }
}
