package dev.wick.binding;

import java.nio.file.Path;
import java.util.List;
import java.util.Set;

/** The facet for traces of the whole process, one at a time; any thread. */
public interface ProfilerBinding {

    /**
     * Starts a trace of all threads.
     *
     * @param cuda whether the work of CUDA devices is recorded too; only where there is one
     * @throws dev.wick.error.BadArgumentException if one runs already
     */
    void startTrace(Set<TraceDetail> details, boolean cuda);

    /**
     * Stops the trace: waits for the calls that other threads have in flight, and ends open ranges.
     *
     * @return the trace, which the caller closes
     * @throws dev.wick.error.BadArgumentException if none runs
     * @throws dev.wick.error.TorchException       if it recorded nothing; it has stopped all the same
     */
    Handle stopTrace();

    /** The events of a trace, in the order of their recording. */
    List<TraceEvent> traceEvents(Handle trace);

    /** Writes a trace as Chrome's trace event JSON; once. */
    void saveTrace(Handle trace, Path file);

    /** Begins a range in the trace that runs now; closing its handle, on whichever thread, ends it. */
    Handle beginRange(String name);
}
