package dev.wick;

import dev.wick.binding.RunnerParts;
import dev.wick.error.BadArgumentException;
import dev.wick.error.UnsupportedFeatureException;
import dev.wick.jfr.RunnerRunEvent;
import java.lang.ref.Reference;
import java.util.ArrayList;
import java.util.List;

/**
 * One method of a model, prepared for fixed shapes and called with the least latency; one thread at a time.
 *
 * <pre>{@code
 * try (var runner = Runner.of(model, "forward").input(DType.FLOAT32, 1, 3, 224, 224).build()) {
 *     MemorySegment in = runner.input(0).segment();
 *     MemorySegment out = runner.output(0).segment();
 *     fill(in);
 *     runner.run();    // through panama: makes no Java object, crosses into native code once
 *     read(out);
 * }
 * }</pre>
 *
 * <p>Inputs and outputs stay in place from run to run: take their segments once. The model given is never altered; what
 * was done instead, to a copy, is in {@link #preparation()}. The runner does not need the model to stay open.
 *
 * <p>For a model on a CUDA device inputs and outputs are page-locked host memory: a run enqueues the copy in, the call and
 * the copy out on one stream, and waits for that stream once. With {@link Builder#cudaGraph()} all three are one launch.
 */
public final class Runner extends NativeResource {
    private final PreparedCall call;
    private final Preparation preparation;

    Runner(PreparedCall call, Preparation preparation) {
        super(call.handle());
        this.call = call;
        this.preparation = preparation;
        // What a forgotten runner holds beside its handle; the tensors are owners themselves.
        ownership().also(call::closeHandles);
    }

    /** Begins to prepare a method of a model. */
    public static Builder of(TorchScriptModel model, String method) {
        return new Builder(model, method);
    }

    /** An input, whose memory is written between runs. */
    public Tensor input(int index) {
        return at(call.inputs(), index, "inputs");
    }

    /** An output, whose memory holds the last run's result. */
    public Tensor output(int index) {
        return at(call.outputs(), index, "outputs");
    }

    public int inputCount() {
        return call.inputs().size();
    }

    public int outputCount() {
        return call.outputs().size();
    }

    private Tensor at(List<Tensor> tensors, int index, String what) {
        if (index < 0 || index >= tensors.size()) {
            throw new BadArgumentException("expected an index below " + tensors.size() + ", the number of " + what
                    + ", got " + index);
        }
        checkOpen();
        return tensors.get(index);
    }

    /**
     * Calls the method on the inputs and fills the outputs; on a CUDA device, waits for the stream.
     *
     * @throws dev.wick.error.TorchException if it fails, or gives outputs of other shapes than before
     */
    public void run() {
        RunnerRunEvent event = RunnerRunEvent.begun();
        try {
            call.run();
            if (event != null) {
                call.ended(event, true).commit();
            }
        } finally {
            Reference.reachabilityFence(this);
        }
    }

    /**
     * Enqueues a run on the runner's stream without waiting, for a runner on a CUDA device: the inputs may be written and
     * the outputs read when the stream is done, and no run may begin before.
     *
     * @throws UnsupportedFeatureException for a runner on the CPU, where a run is done when it returns
     */
    public void enqueue() {
        RunnerRunEvent event = RunnerRunEvent.begun();
        try {
            call.enqueue();
            if (event != null) {
                call.ended(event, false).commit();
            }
        } finally {
            Reference.reachabilityFence(this);
        }
    }

    /** Waits for the runs that were enqueued. */
    public void synchronize() {
        try {
            call.synchronize();
        } finally {
            Reference.reachabilityFence(this);
        }
    }

    /** What was done to prepare the calls. */
    public Preparation preparation() {
        return preparation;
    }

    /** Frees the prepared call with its inputs and outputs; closing again does nothing. */
    @Override
    public void close() {
        // The graph before the memory that it works on.
        call.closeHandles();
        super.close();
        call.closeTensors();
    }

    /**
     * What was done to prepare the calls.
     *
     * @param optimization   what was taken
     * @param why            on whose word or by which measurement
     * @param trials         what was tried; empty unless it was {@link Optimization#AUTO}
     * @param convertedBytes bytes of the copy's tensors that were converted to another dtype
     * @param warmUpRuns     calls made before the runner was handed out
     * @param graphNodes     nodes of the CUDA graph that a run launches; 0 without one
     */
    public record Preparation(Optimization optimization, String why, List<Trial> trials, long convertedBytes,
            int warmUpRuns, long graphNodes) {
    }

    /**
     * One way of optimising that was tried.
     *
     * @param optimization      which
     * @param medianNanoseconds median time of a run; -1 when it was not timed
     * @param maximumDifference largest difference of an output from the model's as it is; NaN when it did not run
     * @param outcome           "taken", or why not
     */
    public record Trial(Optimization optimization, double medianNanoseconds, double maximumDifference, String outcome) {
    }

    /** What a runner is to be prepared for; one thread. */
    public static final class Builder {
        private final TorchScriptModel model;
        private final String method;
        private final List<Tensor> examples = new ArrayList<>();
        private final List<Input> inputs = new ArrayList<>();
        private DType compute;
        private DType output;
        private int threads;
        private Optimization optimization = Optimization.AUTO;
        private CudaStream stream;
        private boolean graph;

        private Builder(TorchScriptModel model, String method) {
            this.model = model;
            this.method = method;
        }

        /** Adds an input of this dtype and shape, in host memory. */
        public Builder input(DType dtype, long... shape) {
            Tensor.elementCount(shape);
            inputs.add(new Input(dtype, shape.clone(), null));
            return this;
        }

        /**
         * Adds an input like an example, whose elements are copied in, then and there: optimisations are tried on them,
         * and the first run finds them.
         */
        public Builder input(Tensor example) {
            Tensor kept = Tensor.unscoped(example.dtype(), example.shape());
            kept.copyFrom(example);
            examples.add(kept);
            inputs.add(new Input(example.dtype(), example.shape(), kept));
            return this;
        }

        /** Computes in a floating dtype: on a converted copy of the model, with floating inputs converted each run. */
        public Builder compute(DType dtype) {
            this.compute = floating(dtype, "to compute in");
            return this;
        }

        /** Converts floating outputs to a floating dtype; otherwise they come as they are computed. */
        public Builder output(DType dtype) {
            this.output = floating(dtype, "for outputs");
            return this;
        }

        /** Runs operators on so many threads, instead of the process's number. */
        public Builder threads(int count) {
            if (count < 1) {
                throw new BadArgumentException("expected at least 1 thread, got " + count);
            }
            this.threads = count;
            return this;
        }

        /**
         * Runs on a CUDA stream, instead of one of the runner's own; for a model on that stream's device. The stream must be
         * open as long as the runner is.
         */
        public Builder on(CudaStream stream) {
            if (!stream.device().equals(model.device())) {
                throw new BadArgumentException("expected a stream of the model's device, " + model.device() + ", got one of "
                        + stream.device());
            }
            this.stream = stream;
            return this;
        }

        /**
         * Captures copy in, call and copy out as a CUDA graph, which a run launches; for a model on a CUDA device. The
         * method must do the same work for all inputs: what the host decides in it is decided once, here.
         */
        public Builder cudaGraph() {
            requireCudaForGraph(model);
            this.graph = true;
            return this;
        }

        /** Optimises one way, instead of trying which is fastest. */
        public Builder optimize(Optimization how) {
            this.optimization = how;
            return this;
        }

        /**
         * Prepares the calls: converts, optimises, and warms up past the profiling executor.
         *
         * @throws dev.wick.error.NotFoundException    if there is no such method
         * @throws dev.wick.error.BadArgumentException if the inputs do not fit its schema
         * @throws dev.wick.error.TorchException       if it fails on them
         * @throws UnsupportedFeatureException         if a CUDA graph was asked for and something in the method cannot be
         *                                             captured; the message names the operator
         */
        public Runner build() {
            try {
                return new RunnerPreparation(model, method, inputs, new PreparedCall.Form(compute, output, threads, stream,
                        graph ? RunnerParts.CAPTURED_RUN : null)).prepare(optimization);
            } finally {
                examples.forEach(Tensor::close);
            }
        }
    }

    static DType floating(DType dtype, String purpose) {
        if (!dtype.isFloating()) {
            throw new BadArgumentException("expected a floating dtype " + purpose + ", got " + dtype.torchName());
        }
        return dtype;
    }

    static void requireCudaForGraph(TorchScriptModel model) {
        if (model.device().type() != Device.Type.CUDA) {
            throw new BadArgumentException("expected a model on a CUDA device for a CUDA graph, got one on "
                    + model.device() + ": load it there with Model.load(path, Device.cuda(0))");
        }
    }

    /** An input's dtype and shape, and its first elements where they were given. */
    record Input(DType dtype, long[] shape, Tensor example) {
    }

}
