package dev.wick;

import dev.wick.binding.BoxedValue;
import dev.wick.binding.CallSites;
import dev.wick.binding.Handle;
import dev.wick.binding.MemoryBinding;
import dev.wick.binding.MemoryRecordingInfo;
import dev.wick.binding.RecordedMemory;
import dev.wick.error.BadArgumentException;
import dev.wick.error.UnsupportedFeatureException;
import dev.wick.memory.HtmlWriter;
import dev.wick.memory.JsonWriter;
import dev.wick.memory.MemoryContext;
import dev.wick.memory.MemoryFrame;
import dev.wick.memory.MemoryLeaks;
import dev.wick.memory.MemoryMark;
import dev.wick.memory.MemoryPeak;
import dev.wick.memory.MemoryTimeline;
import dev.wick.memory.SnapshotWriter;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.lang.ref.WeakReference;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.concurrent.CopyOnWriteArrayList;

/**
 * A recording of what a device's allocator does, on every thread; any thread may use it, and {@link #tag} concerns the
 * thread that calls it.
 *
 * <pre>{@code
 * try (var profile = MemoryProfile.record(Device.CPU)) {
 *     try (var _ = profile.tag("preprocess")) {
 *         prepare(image);
 *     }
 *     model.forward(x);
 *     MemoryTimeline timeline = profile.stop();
 * }
 * }</pre>
 *
 * <p>Several profiles may be open at once, one inside the other or overlapping, on any threads: each records everything
 * that happens on its device between its start and its stop, whoever does it, and none takes events from another. Tags
 * and stacks are the process's: while one profile records stacks, all of them do.
 *
 * <p>Events are kept in native memory, 64 bytes each, the newest {@linkplain Builder#capacity as many as there is room
 * for}; older ones are overwritten and {@linkplain #droppedEvents() counted}. {@link #baselineBytes()},
 * {@link #currentBytes()} and {@link #peakBytes()} stay exact. On the CPU bytes are what LibTorch allocates; on a CUDA
 * device they are LibTorch's {@code requested_bytes}, from the allocation until the memory can be given out again. oneDNN's
 * own buffers, and what a driver keeps for itself, are in neither.
 *
 * <p>An event says which operator asked and what the calling thread's tag is; with {@linkplain Builder#stacks stacks} also
 * which submodule, which line of TorchScript, and which Java frames called into Wick. Work that LibTorch hands to threads
 * of its own (backward passes on a device, forks between operators) has neither tag nor Java frames.
 */
public final class MemoryProfile implements AutoCloseable {
    /** Events that a profile keeps unless it is told otherwise: 64 MiB when they are all used. */
    public static final long DEFAULT_CAPACITY = 1 << 20;

    private static final long CONTEXT_OFFSET = MemoryTimeline.EVENT.byteOffset(
            java.lang.foreign.MemoryLayout.PathElement.groupElement("context"));

    private static final String ITERATION = "iteration";
    /** Profiles that are open, in the order in which they began; a forgotten one is the cleaner's all the same. */
    private static final List<WeakReference<MemoryProfile>> RUNNING = new CopyOnWriteArrayList<>();

    private final Device device;
    private final boolean stacks;
    private final MemoryBinding binding;
    private final Resource recording;
    private final List<MemoryMark> marks = new ArrayList<>();
    private MemoryTimeline stopped;

    /** What the cleaner frees when a profile is forgotten. */
    private static final class Resource extends NativeResource {
        private Resource(Handle handle) {
            super(handle);
        }
    }

    private MemoryProfile(Builder from) {
        this.device = from.device;
        this.stacks = from.stacks;
        this.binding = Engine.get().memory();
        CallSites.begin(stacks);
        try {
            Handle handle = binding.startRecording(index(device), from.capacity, stacks);
            recording = new Resource(handle);
            boolean withStacks = stacks;
            recording.ownership().also(() -> CallSites.end(withStacks));
            RUNNING.removeIf(other -> other.refersTo(null));
            RUNNING.add(new WeakReference<>(this));
        } catch (RuntimeException | Error e) {
            CallSites.end(stacks);
            throw e;
        }
    }

    /** Begins to record a device, without stacks. */
    public static MemoryProfile record(Device device) {
        return builder(device).start();
    }

    /** Prepares to record a device. */
    public static Builder builder(Device device) {
        return new Builder(device);
    }

    /** How to record; one thread. */
    public static final class Builder {
        private final Device device;
        private boolean stacks;
        private long capacity = DEFAULT_CAPACITY;

        private Builder(Device device) {
            this.device = device;
        }

        /**
         * Records call stacks, of TorchScript and of Java: some microseconds for each allocation and for each call into
         * Wick.
         */
        public Builder stacks(boolean wanted) {
            this.stacks = wanted;
            return this;
        }

        /** Keeps so many events: the newest. */
        public Builder capacity(long events) {
            if (events < 1) {
                throw new BadArgumentException("expected room for at least 1 event, got " + events);
            }
            this.capacity = events;
            return this;
        }

        /**
         * Begins to record.
         *
         * @throws UnsupportedFeatureException where {@link Engine#missingFeatures()} has a reason under {@code memory}, or
         *                                     under {@code cuda} for a CUDA device
         */
        public MemoryProfile start() {
            Engine.get().require(device);
            return new MemoryProfile(this);
        }
    }

    private static int index(Device device) {
        return switch (device.type()) {
            case CPU -> -1;
            case CUDA -> Math.max(0, device.index());
            default -> throw new UnsupportedFeatureException("memory of " + device + " cannot be recorded");
        };
    }

    /** Whose memory is recorded. */
    public Device device() {
        return device;
    }

    /** Whether call stacks are recorded. */
    public boolean hasStacks() {
        return stacks;
    }

    /** Bytes that were given out when the recording began; exact on the CPU. */
    public long baselineBytes() {
        return describe().baselineBytes();
    }

    /** Bytes that are given out now, or were when it ended. */
    public long currentBytes() {
        return describe().currentBytes();
    }

    /** The most bytes that were given out at once since it began, the baseline included. */
    public long peakBytes() {
        return describe().peakBytes();
    }

    /** Events that had to make room for newer ones. */
    public long droppedEvents() {
        return describe().dropped();
    }

    private MemoryRecordingInfo describe() {
        return recording.using(binding::describeRecording);
    }

    /**
     * Names what this thread does until the tag is closed, which it must be here and in turn; tags are nested, and the
     * innermost is what allocations carry. Every open profile sees it.
     */
    public Tag tag(String name) {
        recording.checkOpen();
        return new Tag(name);
    }

    /** A name for what a thread does; that thread alone, with {@code try}. */
    public static final class Tag implements AutoCloseable {
        private static final ThreadLocal<Tag> INNERMOST = new ThreadLocal<>();

        private final Tag outer;
        private final String before;
        private final Thread thread;
        private boolean closed;

        private Tag(String name) {
            if (name.isBlank()) {
                throw new BadArgumentException("expected a tag of at least one letter");
            }
            this.thread = Thread.currentThread();
            this.outer = INNERMOST.get();
            this.before = CallSites.tag(name);
            INNERMOST.set(this);
        }

        /**
         * Ends what it names; closing again does nothing.
         *
         * @throws IllegalStateException on another thread, or while an inner tag is open
         */
        @Override
        public void close() {
            if (closed) {
                return;
            }
            if (thread != Thread.currentThread() || INNERMOST.get() != this) {
                throw new IllegalStateException("a tag is closed by the thread that made it, innermost first");
            }
            closed = true;
            CallSites.tag(before);
            if (outer == null) {
                INNERMOST.remove();
            } else {
                INNERMOST.set(outer);
            }
        }
    }

    /** Names this moment in the timeline: the border of an iteration, say. */
    public synchronized void mark(String name) {
        requireRunning();
        MemoryRecordingInfo now = describe();
        marks.add(new MemoryMark(name, now.eventCount() + now.dropped(), System.nanoTime() - now.startTime()));
    }

    /**
     * Ends the recording.
     *
     * @return what was recorded; {@link #timeline()} gives it again
     * @throws IllegalStateException if it has been stopped, or the profile is closed
     */
    public synchronized MemoryTimeline stop() {
        requireRunning();
        recording.use(binding::stopRecording);
        stopped = read();
        return stopped;
    }

    private void requireRunning() {
        recording.checkOpen();
        if (stopped != null) {
            throw new IllegalStateException("the memory profile has been stopped");
        }
    }

    /** What was recorded, or has been so far. */
    public synchronized MemoryTimeline timeline() {
        if (stopped != null) {
            return stopped;
        }
        recording.checkOpen();
        return read();
    }

    /** The moment at which most was given out, and to whom; see {@link MemoryPeak}. */
    public MemoryPeak peak() {
        return MemoryPeak.of(timeline());
    }

    /** Writes what was recorded, or has been so far, as a snapshot for PyTorch's memory_viz, Java frames included. */
    public void writeSnapshot(Path file) {
        writing(file, () -> SnapshotWriter.write(timeline(), file));
    }

    /** Writes what was recorded, or has been so far, as a page that needs nothing beside it. */
    public void writeHtml(Path file) {
        writing(file, () -> HtmlWriter.write(timeline(), file));
    }

    /** Writes what was recorded, or has been so far, as JSON; the schema stands at {@link JsonWriter}. */
    public void writeJson(Path file) {
        writing(file, () -> JsonWriter.write(timeline(), file));
    }

    private interface Writing {
        void run() throws IOException;
    }

    private static void writing(Path file, Writing writing) {
        try {
            writing.run();
        } catch (IOException e) {
            throw new UncheckedIOException("cannot write " + file.toAbsolutePath() + ": " + e.getMessage(), e);
        }
    }

    /**
     * Runs a body some times while it records with stacks, and tells what grows from one time to the next; the beginning, in
     * which caches fill, and the end are left out of it, as {@link MemoryLeaks} says.
     *
     * @param iterations at least {@value MemoryLeaks#LEAST_ITERATIONS}; some tens tell a leak from a cache
     */
    public static MemoryLeaks leaks(Device device, int iterations, Runnable body) {
        if (iterations < MemoryLeaks.LEAST_ITERATIONS) {
            throw new BadArgumentException("expected at least " + MemoryLeaks.LEAST_ITERATIONS + " iterations, got "
                    + iterations);
        }
        try (MemoryProfile profile = builder(device).stacks(true).start()) {
            for (int i = 0; i < iterations; i++) {
                body.run();
                profile.mark(ITERATION);
            }
            return MemoryLeaks.of(profile.stop(), ITERATION);
        }
    }

    /** The timeline of the newest profile that records a kind of device at this moment; null where none does. */
    static MemoryTimeline recordedNow(Device.Type type) {
        List<WeakReference<MemoryProfile>> open = List.copyOf(RUNNING);
        for (int i = open.size() - 1; i >= 0; i--) {
            MemoryProfile profile = open.get(i).get();
            if (profile != null && profile.device.type() == type) {
                try {
                    return profile.timeline();
                } catch (IllegalStateException e) {
                    // Closed meanwhile.
                }
            }
        }
        return null;
    }

    private MemoryTimeline read() {
        RecordedMemory recorded = recording.using(binding::readRecording);
        MemoryRecordingInfo info = recorded.info();
        MemoryTimeline.Builder timeline = new MemoryTimeline.Builder(device.toString())
                .baselineBytes(info.baselineBytes())
                .dropped(info.dropped(), info.unrecordedBytes())
                .start(info.startTime(), info.startEpochMicroseconds())
                .durationNanos((info.endTime() == 0 ? System.nanoTime() : info.endTime()) - info.startTime())
                .contexts(contexts(recorded.events()))
                .segments(device.type() == Device.Type.CUDA ? Cuda.binding().memorySegments(index(device)) : List.of())
                .events(recorded.events());
        for (MemoryMark mark : marks) {
            timeline.mark(mark.name(), Math.max(0, mark.eventIndex() - info.dropped()), mark.timeNanos());
        }
        return timeline.build();
    }

    /** The contexts that events name, in the order of their first event; events name them by that order afterwards. */
    private List<MemoryContext> contexts(MemorySegment events) {
        List<MemoryContext> found = new ArrayList<>(List.of(MemoryContext.UNKNOWN));
        Map<Integer, Integer> places = new HashMap<>(Map.of(0, 0));
        for (long at = CONTEXT_OFFSET; at < events.byteSize(); at += MemoryTimeline.EVENT.byteSize()) {
            int context = events.get(ValueLayout.JAVA_INT, at);
            if (context != 0) {
                events.set(ValueLayout.JAVA_INT, at, places.computeIfAbsent(context, number -> {
                    found.add(contextOf(binding.recordedContext(number)));
                    return found.size() - 1;
                }));
            }
        }
        return found;
    }

    private static MemoryContext contextOf(BoxedValue told) {
        List<BoxedValue> parts = ((BoxedValue.TupleValue) told).elements();
        CallSites.CallSite site = CallSites.of(((BoxedValue.IntValue) parts.get(0)).value());
        List<MemoryFrame> torchScript = new ArrayList<>();
        for (BoxedValue frame : ((BoxedValue.ListValue) parts.get(3)).elements()) {
            List<BoxedValue> cells = ((BoxedValue.TupleValue) frame).elements();
            torchScript.add(new MemoryFrame(text(cells.get(0)), text(cells.get(1)),
                    Math.toIntExact(((BoxedValue.IntValue) cells.get(2)).value())));
        }
        List<MemoryFrame> java = site.frames().stream().map(frame -> new MemoryFrame(
                frame.getClassName() + "." + frame.getMethodName(),
                frame.getFileName() == null ? "" : frame.getFileName(), Math.max(0, frame.getLineNumber()))).toList();
        return new MemoryContext(text(parts.get(1)), text(parts.get(2)), site.tag(), torchScript, java);
    }

    private static String text(BoxedValue value) {
        return value instanceof BoxedValue.StringValue(var text) ? text : null;
    }

    /** Whether it has been closed. */
    public boolean isClosed() {
        return recording.isClosed();
    }

    /** Ends the recording if it runs, and frees what native code keeps of it; timelines stay. */
    @Override
    public synchronized void close() {
        if (!recording.isClosed()) {
            RUNNING.removeIf(running -> running.refersTo(this));
            recording.close();
            CallSites.end(stacks);
        }
    }
}
