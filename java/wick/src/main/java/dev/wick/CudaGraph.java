package dev.wick;

import dev.wick.binding.Handle;
import dev.wick.error.WickException;
import dev.wick.jfr.GraphReplayEvent;
import java.lang.ref.Reference;

/**
 * Work on a CUDA stream that was captured once and is launched as a whole, for a fraction of the time that enqueueing it
 * again would take; one thread at a time.
 *
 * <p>A launch repeats the captured work on the same memory: what the body read and wrote must stay open as long as the
 * graph does, and new inputs are written into the old tensors. Memory that the body's operators needed belongs to the
 * graph. {@link Runner.Builder#cudaGraph()} does all this for a model.
 */
public final class CudaGraph extends NativeResource {
    private final CudaStream stream;
    private final long nodes;

    private CudaGraph(Handle handle, CudaStream stream, long nodes) {
        super(handle);
        this.stream = stream;
        this.nodes = nodes;
    }

    /**
     * Captures what a body enqueues on a stream; nothing of it runs. Calls in the body must be made by this thread, a
     * platform thread, with the stream's settings, and have been made before: a first call profiles, a second compiles,
     * and cuBLAS allocates.
     *
     * @throws dev.wick.error.UnsupportedFeatureException if something in it cannot be captured, such as an operator that
     *                                                    waits for the device: the message names the operator
     * @throws dev.wick.error.BadArgumentException        if the body enqueued nothing on the stream
     */
    public static CudaGraph capture(CudaStream stream, Runnable body) {
        return capture(stream, null, body);
    }

    /**
     * Captures with another graph's memory pool: less memory for graphs that are launched in the order of their capture and
     * never at once.
     */
    public static CudaGraph capture(CudaStream stream, CudaGraph share, Runnable body) {
        Handle handle = stream.using(on -> share == null ? Cuda.binding().beginGraph(on, null)
                : share.using(shared -> Cuda.binding().beginGraph(on, shared)));
        try {
            return new CudaGraph(handle, stream, captured(handle, body));
        } catch (RuntimeException | Error e) {
            handle.close();
            throw e;
        }
    }

    /** Runs the body of a capture that has begun, and ends it. */
    static long captured(Handle graph, Runnable body) {
        try {
            body.run();
        } catch (RuntimeException | Error e) {
            try {
                Cuda.binding().endGraph(graph, true);
            } catch (WickException blamed) {
                // Says which operator, where the body's own error says only that a call is not permitted.
                blamed.initCause(e);
                throw blamed;
            }
            throw e;
        }
        return Cuda.binding().endGraph(graph, false);
    }

    /** Kernels, copies and the like in the graph. */
    public long nodes() {
        return nodes;
    }

    /** Launches the graph on its stream; not awaited. */
    public void launch() {
        launch(stream);
    }

    /** Launches the graph on another stream of its device; not awaited. */
    public void launch(CudaStream on) {
        GraphReplayEvent event = GraphReplayEvent.begun();
        use(graph -> on.use(there -> Cuda.binding().launchGraph(graph, there)));
        if (event != null) {
            event.with(stream.device().toString(), nodes, false).commit();
        }
    }

    /** Launches the graph on its stream and waits for the stream; makes no object. */
    public void run() {
        GraphReplayEvent event = GraphReplayEvent.begun();
        try {
            Cuda.binding().runGraph(handle(), stream.handle());
            if (event != null) {
                event.with(stream.device().toString(), nodes, true).commit();
            }
        } finally {
            Reference.reachabilityFence(this);
        }
    }

    @Override
    public String toString() {
        return isClosed() ? "CudaGraph[closed]" : "CudaGraph[" + nodes + " nodes on " + stream.device() + "]";
    }
}
