package dev.wick;

import dev.wick.binding.BoxedValue;
import dev.wick.binding.CallSettings;
import dev.wick.binding.CudaBinding;
import dev.wick.binding.GradMode;
import dev.wick.binding.Handle;
import dev.wick.binding.RunnerParts;
import dev.wick.binding.TorchBinding;
import dev.wick.error.UnsupportedFeatureException;
import dev.wick.jfr.GraphReplayEvent;
import dev.wick.jfr.RunnerRunEvent;
import java.util.ArrayList;
import java.util.List;

/**
 * A method bound to tensors of its own, on the CPU or on a stream of a CUDA device, with or without a CUDA graph of it;
 * one thread at a time. Whoever makes one closes its handles and its tensors.
 */
final class PreparedCall {
    /** The first run profiles, the second compiles, the third runs what was compiled. */
    static final int WARM_UP_RUNS = 3;

    /**
     * What calls are to be like.
     *
     * @param compute the floating dtype to compute in; null for the model's
     * @param output  the floating dtype of outputs; null for the computed one
     * @param threads of an operator; 0 for the process's number
     * @param stream  the CUDA stream to run on; null for one of the call's own, or for none on the CPU
     * @param graph   the parts that are captured as a CUDA graph; null for none
     */
    record Form(DType compute, DType output, int threads, CudaStream stream, RunnerParts graph) {
    }

    private final TorchBinding binding = Engine.binding();
    private final String method;
    private final Device place;
    private final List<Tensor> inputs;
    private List<Tensor> outputs = List.of();
    private Handle handle;
    /** Null on the CPU. */
    private CudaBinding cuda;
    private int device = -1;
    private Handle stream;
    private boolean ownStream;
    private boolean closed;
    private Handle graph;
    private long graphNodes;

    private PreparedCall(String method, Device place, List<Tensor> inputs) {
        this.method = method;
        this.place = place;
        this.inputs = inputs;
    }

    /** Where a call's inputs lie: page-locked for a CUDA device. */
    static Tensor inputOf(Device device, DType dtype, long[] shape) {
        return device.type() == Device.Type.CUDA ? Tensor.unscopedPinned(dtype, shape) : Tensor.unscoped(dtype, shape);
    }

    /**
     * Binds a method to inputs, which become the call's own, and warms it up past the profiling executor.
     *
     * @param onednnGraph whether graphs that are compiled meanwhile pass through oneDNN Graph fusion
     */
    static PreparedCall of(TorchScriptModel model, String method, List<Tensor> inputs, Form form, boolean onednnGraph) {
        PreparedCall call = new PreparedCall(method, model.device(), List.copyOf(inputs));
        try {
            call.open(model, form, onednnGraph);
            return call;
        } catch (RuntimeException | Error e) {
            call.close();
            throw e;
        }
    }

    private void open(TorchScriptModel model, Form form, boolean onednnGraph) {
        CallSettings settings = new CallSettings(GradMode.INFERENCE, form.threads(), onednnGraph);
        if (model.device().type() == Device.Type.CUDA) {
            takeStream(model.device(), form.stream());
            settings = settings.on(model.device().index(), cuda.streamAddress(stream));
        }
        handle = binding.createRunner(model.methodHandle(method), settings,
                inputs.stream().map(Tensor::handle).toArray(Handle[]::new), code(form.compute()), code(form.output()));
        List<Tensor> found = new ArrayList<>();
        for (BoxedValue element : ((BoxedValue.ListValue) binding.runnerOutputs(handle)).elements()) {
            found.add(Tensor.unscoped(((BoxedValue.TensorValue) element).tensor()));
        }
        outputs = List.copyOf(found);
        for (int i = 1; i < WARM_UP_RUNS; i++) {
            run();
        }
        if (form.graph() != null) {
            capture(form.graph());
        }
    }

    /** The stream that the call runs on; null on the CPU. */
    Handle stream() {
        return stream;
    }

    /** Whether parts of it are captured. */
    boolean hasGraph() {
        return graph != null;
    }

    private static int code(DType dtype) {
        return dtype == null ? -1 : dtype.code();
    }

    private void takeStream(Device device, CudaStream asked) {
        cuda = Cuda.binding();
        this.device = Cuda.index(device);
        if (asked == null) {
            stream = cuda.takeStream(this.device, 0);
            ownStream = true;
        } else {
            Handle shared = asked.handle();
            // In use as long as the call is: a stream that is closed meanwhile has no next taker before.
            shared.acquire();
            stream = shared;
        }
    }

    /** Captures parts of the call; on a thread of its own where this one is virtual, since a capture is bound to one. */
    private void capture(RunnerParts parts) {
        if (!Thread.currentThread().isVirtual()) {
            captureHere(parts);
            return;
        }
        DeepStack.run(() -> captureHere(parts));
    }

    private void captureHere(RunnerParts parts) {
        // Once on this very thread: cuBLAS and cuDNN keep handles for each, which cannot be made in a capture.
        binding.run(handle);
        Handle begun = cuda.beginGraph(stream, null);
        try {
            graphNodes = CudaGraph.captured(begun, () -> cuda.enqueueRunner(handle, parts, stream));
        } catch (RuntimeException | Error e) {
            begun.close();
            throw e;
        }
        graph = begun;
        // The first launch uploads the graph.
        runGraph();
    }

    Handle handle() {
        return handle;
    }

    List<Tensor> inputs() {
        return inputs;
    }

    List<Tensor> outputs() {
        return outputs;
    }

    /** Nodes of the graph; 0 without one. */
    long graphNodes() {
        return graphNodes;
    }

    /** Runs the whole call, of which all or nothing is captured, and waits for it; makes no object. */
    void run() {
        if (cuda == null) {
            binding.run(handle);
            return;
        }
        checkOpen();
        if (graph == null) {
            binding.run(handle);
        } else {
            runGraph();
        }
    }

    private void runGraph() {
        GraphReplayEvent event = GraphReplayEvent.begun();
        cuda.runGraph(graph, stream);
        if (event != null) {
            event.with(place.toString(), graphNodes, true).commit();
        }
    }

    /** Launches the captured parts on a stream; not awaited. */
    void launchGraph(Handle on) {
        GraphReplayEvent event = GraphReplayEvent.begun();
        cuda.launchGraph(graph, on);
        if (event != null) {
            event.with(place.toString(), graphNodes, false).commit();
        }
    }

    /** Ends the event of a run. */
    RunnerRunEvent ended(RunnerRunEvent event, boolean awaited) {
        return event.with(method, place.toString(), graph != null, awaited, bytes(inputs), bytes(outputs));
    }

    private static long bytes(List<Tensor> tensors) {
        long bytes = 0;
        for (Tensor tensor : tensors) {
            bytes += tensor.byteSize();
        }
        return bytes;
    }

    /** Says what is closed as its user knows it. */
    private void checkOpen() {
        if (closed) {
            throw new IllegalStateException("the runner is closed");
        }
        if (stream.isClosed()) {
            throw new IllegalStateException("the runner's stream is closed: it must be open as long as the runner is");
        }
    }

    void enqueue() {
        requireCuda();
        checkOpen();
        if (graph == null) {
            cuda.enqueueRunner(handle, RunnerParts.RUN, stream);
        } else {
            launchGraph(stream);
        }
    }

    void synchronize() {
        requireCuda();
        checkOpen();
        cuda.synchronizeStream(stream);
    }

    private void requireCuda() {
        if (cuda == null) {
            throw new UnsupportedFeatureException("a runner on the CPU has no stream: its run is done when it returns");
        }
    }

    void close() {
        closeHandles();
        closeTensors();
    }

    /** Waits for the device, then gives back graph, call and stream; closing again does nothing. */
    synchronized void closeHandles() {
        if (closed) {
            return;
        }
        closed = true;
        if (cuda != null && handle != null && !handle.isClosed()) {
            // What was enqueued and not awaited works on memory that is about to be freed.
            quietly(stream.isClosed() ? () -> cuda.synchronize(device) : () -> cuda.synchronizeStream(stream));
        }
        if (graph != null) {
            graph.close();
        }
        if (handle != null) {
            handle.close();
        }
        if (stream != null) {
            if (ownStream) {
                stream.close();
            } else {
                stream.release();
            }
        }
    }

    private static void quietly(Runnable wait) {
        try {
            wait.run();
        } catch (dev.wick.error.WickException e) {
            // A lost context: nothing runs any more, and everything is to be given back all the same.
        }
    }

    void closeTensors() {
        inputs.forEach(Tensor::close);
        outputs.forEach(Tensor::close);
    }
}
