package dev.wick.bench;

import dev.wick.CudaGraph;
import dev.wick.CudaStream;
import dev.wick.DType;
import dev.wick.Device;
import dev.wick.Operator;
import dev.wick.PinnedBuffer;
import dev.wick.Tensor;
import dev.wick.TorchScriptModel;
import dev.wick.Value;

/** On a CUDA device: copies on a stream for each direction, and the captured computation on a third. */
final class CudaParts implements PipelineParts {
    private static final int SLOTS = 3;
    /** The first call profiles, the second compiles, the third runs what was compiled. */
    private static final int WARM_UP_CALLS = 3;
    private static final Operator CONVERT = Operator.of("aten::to", "dtype");

    private final CudaStream in;
    private final CudaStream out;
    private final CudaStream computing;
    private final PinnedBuffer inputs;
    private final PinnedBuffer outputs;
    private final Tensor[] inputsThere = new Tensor[SLOTS];
    private final Tensor[] outputsThere = new Tensor[SLOTS];
    private final TorchScriptModel model;
    private final CudaGraph graph;
    private Tensor result;

    /** With outputs like one that the pipeline gave. */
    CudaParts(TorchScriptModel given, Tensor input, DType compute, Tensor output) {
        var device = given.device();
        in = CudaStream.take(device);
        out = CudaStream.take(device);
        computing = CudaStream.take(device);
        inputs = PinnedBuffer.allocate(device, SLOTS, input.dtype(), input.shape());
        outputs = PinnedBuffer.allocate(device, SLOTS, output.dtype(), output.shape());
        for (int i = 0; i < SLOTS; i++) {
            inputs.segment(i).copyFrom(input.segment());
            inputsThere[i] = in.empty(input.dtype(), input.shape());
            outputsThere[i] = out.empty(output.dtype(), output.shape());
            inputs.copyTo(i, inputsThere[i], in);
        }
        in.synchronize();
        // The graph knows weights by address: they are its own, for as long as it lives.
        model = compute != null ? given.to(compute).model() : given.copy();
        for (int i = 0; i < WARM_UP_CALLS; i++) {
            call(compute, output.dtype());
        }
        computing.synchronize();
        graph = CudaGraph.capture(computing, () -> call(compute, output.dtype()));
    }

    /** What a pipeline computes of its first input: the conversions of input and output are its own too. */
    private void call(DType compute, DType wanted) {
        try (Tensor converted = convert(inputsThere[0], compute == null ? inputsThere[0].dtype() : compute);
                Value given = model.call(computing.inference(), "forward", converted)) {
            Tensor previous = result;
            result = convert(given.tensor(), wanted);
            if (previous != null) {
                previous.close();
            }
        }
    }

    private Tensor convert(Tensor tensor, DType dtype) {
        return CONVERT.apply(computing.inference(), tensor, dtype).tensor();
    }

    @Override
    public double copy(int batches) {
        long start = System.nanoTime();
        for (int i = 0; i < batches; i++) {
            inputs.copyTo(i % SLOTS, inputsThere[i % SLOTS], in);
            outputs.copyFrom(i % SLOTS, outputsThere[i % SLOTS], out);
        }
        in.synchronize();
        out.synchronize();
        return (System.nanoTime() - start) / (double) batches;
    }

    @Override
    public double compute(int batches) {
        long start = System.nanoTime();
        for (int i = 0; i < batches; i++) {
            graph.launch();
        }
        computing.synchronize();
        return (System.nanoTime() - start) / (double) batches;
    }

    @Override
    public int fewestBatches() {
        return 40;
    }

    @Override
    public Tensor result() {
        return result.to(Device.CPU);
    }

    @Override
    public void close() {
        computing.synchronize();
        graph.close();
        result.close();
        inputs.close();
        outputs.close();
        for (int i = 0; i < SLOTS; i++) {
            inputsThere[i].close();
            outputsThere[i].close();
        }
        model.close();
        computing.close();
        out.close();
        in.close();
    }
}
