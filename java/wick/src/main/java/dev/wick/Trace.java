package dev.wick;

import dev.wick.binding.Handle;
import dev.wick.binding.ProfilerBinding;
import dev.wick.binding.TraceDetail;
import dev.wick.binding.TraceEvent;
import dev.wick.error.BadArgumentException;
import dev.wick.file.WholeFile;
import java.io.IOException;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.EnumSet;
import java.util.List;
import java.util.Objects;
import java.util.Set;

/**
 * A recording of what all threads of the process did in LibTorch, and CUDA devices for it; any thread.
 *
 * <pre>{@code
 * try (Trace trace = Trace.start()) {
 *     try (var _ = Trace.range("first call")) {
 *         model.forward(x);
 *     }
 *     trace.writeTo(Path.of("trace.json"));
 *     trace.summary().operators();
 * }
 * }</pre>
 *
 * <p>It holds operators, TorchScript methods, {@linkplain #range ranges} and, where there is a CUDA device, kernels,
 * copies and CUDA's calls, as LibTorch's Kineto records them. A process records one at a time. Stopping it waits for
 * the calls that other threads have in flight, and lets new ones begin once it has stopped: none is cut in two. It
 * records until it is stopped or closed, and its events stay in native memory meanwhile.
 *
 * <p>The first trace of a process prepares Kineto, which takes up to a second where there is CUDA.
 */
public final class Trace implements AutoCloseable {
    /** Whether a trace runs; all that a range asks when none does. */
    private static volatile boolean recording;

    private final ProfilerBinding profiler;
    private final boolean cuda;
    /** Where it is written when it is closed; null when nowhere. */
    private final Path file;
    private State state = State.RUNNING;
    /** From the stop on. */
    private Recorded recorded;
    private List<TraceEvent> events;

    private enum State {
        RUNNING, STOPPED, EMPTY, CLOSED
    }

    private static final class Recorded extends NativeResource {
        Recorded(Handle handle) {
            super(handle);
        }
    }

    private Trace(ProfilerBinding profiler, boolean cuda, Path file) {
        this.profiler = profiler;
        this.cuda = cuda;
        this.file = file;
    }

    /**
     * Starts recording.
     *
     * @throws dev.wick.error.BadArgumentException        if a trace runs already
     * @throws dev.wick.error.UnsupportedFeatureException if this choice of natives and calls cannot record all threads
     */
    public static Trace start(TraceDetail... details) {
        return start(null, set(details));
    }

    /**
     * Starts recording into a file, which closing writes.
     *
     * @throws dev.wick.error.BadArgumentException        if the file cannot be written, or a trace runs already
     * @throws dev.wick.error.UnsupportedFeatureException if this choice of natives and calls cannot record all threads
     */
    public static Trace start(Path file, TraceDetail... details) {
        return start(WholeFile.requireWritable(file), set(details));
    }

    private static Set<TraceDetail> set(TraceDetail[] details) {
        Set<TraceDetail> set = EnumSet.noneOf(TraceDetail.class);
        set.addAll(Arrays.asList(details));
        return set;
    }

    private static Trace start(Path file, Set<TraceDetail> details) {
        ProfilerBinding profiler = Engine.get().profiler();
        boolean cuda = !Engine.get().cudaDevices().isEmpty();
        profiler.startTrace(details, cuda);
        recording = true;
        return new Trace(profiler, cuda, file);
    }

    /**
     * Marks what the calling thread does until the range is closed, which another thread may do; costs one look at a
     * flag while no trace runs. A range that is open when its trace stops ends there.
     */
    public static Range range(String name) {
        Objects.requireNonNull(name, "name");
        return recording ? new Range(Engine.get().profiler().beginRange(name)) : Range.NONE;
    }

    /** A marked stretch of time; any thread. */
    public static final class Range implements AutoCloseable {
        private static final Range NONE = new Range(null);

        private final Handle handle;

        private Range(Handle handle) {
            this.handle = handle;
        }

        /** Ends the range; again, or when no trace ran at its beginning, does nothing. */
        @Override
        public void close() {
            if (handle != null) {
                handle.close();
            }
        }
    }

    /** Whether the work of CUDA devices is asked for: it is wherever there is a device. */
    public boolean recordsCuda() {
        return cuda;
    }

    /**
     * Stops recording; again does nothing. Reading and writing stop it too.
     *
     * @throws dev.wick.error.TorchException if nothing was recorded
     */
    public synchronized void stop() {
        if (state != State.RUNNING) {
            return;
        }
        state = State.EMPTY;
        recording = false;
        recorded = new Recorded(profiler.stopTrace());
        state = State.STOPPED;
    }

    private Recorded stopped() {
        stop();
        if (state != State.STOPPED) {
            throw new IllegalStateException(state == State.EMPTY ? "the trace is empty" : "the trace is closed");
        }
        return recorded;
    }

    /** Every event, in the order of recording; they stay readable when the trace is closed. */
    public synchronized List<TraceEvent> events() {
        Recorded trace = stopped();
        if (events == null) {
            events = List.copyOf(trace.using(profiler::traceEvents));
        }
        return events;
    }

    /** The figures of the events. */
    public TraceSummary summary() {
        return TraceSummary.of(events());
    }

    /**
     * Writes Chrome's trace event JSON, which ui.perfetto.dev and chrome://tracing open; once.
     *
     * @throws dev.wick.error.BadArgumentException if the file cannot be written, which leaves the trace to be written
     *                                              elsewhere, or if it is written already
     */
    public synchronized void writeTo(Path path) {
        Recorded trace = stopped();
        WholeFile.requireWritable(path);
        try {
            WholeFile.writeNamed(path, temporary -> trace.use(handle -> profiler.saveTrace(handle, temporary)));
        } catch (IOException e) {
            BadArgumentException failure = new BadArgumentException("cannot write " + path + ": " + e);
            failure.initCause(e);
            throw failure;
        }
    }

    /** Stops recording, writes the file that was named at the start, if any, and frees the events; idempotent. */
    @Override
    public synchronized void close() {
        if (state == State.CLOSED) {
            return;
        }
        try {
            if (state == State.RUNNING) {
                finish();
            }
            if (file != null && state == State.STOPPED) {
                writeTo(file);
            }
        } finally {
            state = State.CLOSED;
            if (recorded != null) {
                recorded.close();
            }
        }
    }

    /** That nothing was recorded matters to whoever asked for a file. */
    private void finish() {
        try {
            stop();
        } catch (dev.wick.error.TorchException e) {
            if (file != null) {
                throw e;
            }
        }
    }

    @Override
    public synchronized String toString() {
        return "Trace[" + state.name().toLowerCase(java.util.Locale.ROOT) + "]";
    }
}
