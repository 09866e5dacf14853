package dev.wick;

import dev.wick.binding.BoxedValue;
import dev.wick.binding.CallSettings;
import dev.wick.binding.Handle;
import dev.wick.binding.TorchBinding;
import dev.wick.error.BadArgumentException;
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
 */
public final class Runner extends NativeResource {
    private final TorchBinding binding;
    private final Handle handle;
    private final List<Tensor> inputs;
    private final List<Tensor> outputs;
    private final Preparation preparation;

    Runner(Handle handle, List<Tensor> inputs, List<Tensor> outputs, Preparation preparation) {
        super(handle);
        this.binding = Engine.binding();
        this.handle = handle;
        this.inputs = List.copyOf(inputs);
        this.outputs = List.copyOf(outputs);
        this.preparation = preparation;
    }

    /** Begins to prepare a method of a model. */
    public static Builder of(TorchScriptModel model, String method) {
        return new Builder(model, method);
    }

    /** An input, whose memory is written between runs. */
    public Tensor input(int index) {
        return at(inputs, index, "inputs");
    }

    /** An output, whose memory holds the last run's result. */
    public Tensor output(int index) {
        return at(outputs, index, "outputs");
    }

    public int inputCount() {
        return inputs.size();
    }

    public int outputCount() {
        return outputs.size();
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
     * Calls the method on the inputs and fills the outputs.
     *
     * @throws dev.wick.error.TorchException if it fails, or gives outputs of other shapes than before
     */
    public void run() {
        try {
            binding.run(handle);
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
        super.close();
        inputs.forEach(Tensor::close);
        outputs.forEach(Tensor::close);
    }

    /**
     * What was done to prepare the calls.
     *
     * @param optimization   what was taken
     * @param why            on whose word or by which measurement
     * @param trials         what was tried; empty unless it was {@link Optimization#AUTO}
     * @param convertedBytes bytes of the copy's tensors that were converted to another dtype
     * @param warmUpRuns     calls made before the runner was handed out
     */
    public record Preparation(Optimization optimization, String why, List<Trial> trials, long convertedBytes,
            int warmUpRuns) {
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
            if (!dtype.isFloating()) {
                throw new BadArgumentException("expected a floating dtype to compute in, got " + dtype.torchName());
            }
            this.compute = dtype;
            return this;
        }

        /** Converts floating outputs to a floating dtype; otherwise they come as they are computed. */
        public Builder output(DType dtype) {
            if (!dtype.isFloating()) {
                throw new BadArgumentException("expected a floating dtype for outputs, got " + dtype.torchName());
            }
            this.output = dtype;
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
         */
        public Runner build() {
            try {
                return new RunnerPreparation(model, method, inputs, compute, output, threads).prepare(optimization);
            } finally {
                examples.forEach(Tensor::close);
            }
        }
    }

    /** An input's dtype and shape, and its first elements where they were given. */
    record Input(DType dtype, long[] shape, Tensor example) {
    }

    /** Fetches the outputs of a new handle, as tensors of the runner's own. */
    static List<Tensor> outputsOf(Handle handle) {
        List<Tensor> outputs = new ArrayList<>();
        for (BoxedValue element : ((BoxedValue.ListValue) Engine.binding().runnerOutputs(handle)).elements()) {
            outputs.add(Tensor.unscoped(((BoxedValue.TensorValue) element).tensor()));
        }
        return outputs;
    }

    /** The settings of every call. */
    static CallSettings settings(int threads, boolean onednnGraph) {
        return new CallSettings(dev.wick.binding.GradMode.INFERENCE, threads, onednnGraph);
    }
}
