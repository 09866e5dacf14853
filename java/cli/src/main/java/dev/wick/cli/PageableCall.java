package dev.wick.cli;

import dev.wick.Cuda;
import dev.wick.CudaEvent;
import dev.wick.CudaStream;
import dev.wick.DType;
import dev.wick.Device;
import dev.wick.Optimization;
import dev.wick.Runner;
import dev.wick.Operator;
import dev.wick.Tensor;
import dev.wick.TorchScriptModel;
import dev.wick.Value;
import dev.wick.study.measurement.TimedCall;
import java.util.ArrayList;
import java.util.List;

/**
 * A call whose inputs and outputs lie in ordinary host memory, as most programs have them: each copy waits while CUDA
 * stages it; one thread. What a runner's page-locked memory is compared with.
 */
final class PageableCall implements TimedCall {
    private static final int WARM_UP_RUNS = 3;

    private final TorchScriptModel model;
    private final String method;
    private final DType dtype;
    private final CudaStream stream;
    private final CudaEvent start;
    private final CudaEvent stop;
    private final List<Tensor> inputs;
    private final List<Tensor> onDevice = new ArrayList<>();
    private List<Tensor> outputs = List.of();
    private final long convertedBytes;

    /** Converts and freezes a copy of the model; the inputs become the call's own. */
    PageableCall(TorchScriptModel loaded, String method, DType dtype, List<Tensor> inputs, Device device) {
        this.method = method;
        this.dtype = dtype;
        this.inputs = inputs;
        this.stream = CudaStream.take(device);
        this.start = CudaEvent.timed(device);
        this.stop = CudaEvent.timed(device);
        TorchScriptModel.Conversion conversion = loaded.to(dtype);
        this.convertedBytes = conversion.convertedBytes();
        try (TorchScriptModel converted = conversion.model()) {
            this.model = converted.freeze();
        }
        for (Tensor input : inputs) {
            onDevice.add(Tensor.empty(device, input.dtype(), input.shape()));
        }
        // All that was made on the default stream.
        Cuda.synchronize(device);
        for (int i = 0; i < WARM_UP_RUNS; i++) {
            run();
        }
    }

    @Override
    public void run() {
        try (Value result = enqueue()) {
            List<Tensor> results = result.tensors();
            if (outputs.isEmpty()) {
                List<Tensor> made = new ArrayList<>();
                for (Tensor each : results) {
                    made.add(Tensor.empty(each.dtype(), each.shape()));
                }
                outputs = made;
            }
            for (int i = 0; i < results.size(); i++) {
                Operator.call(stream.noGrad(), "aten::copy_", outputs.get(i), results.get(i)).close();
            }
            stream.synchronize();
        }
    }

    private Value enqueue() {
        Object[] arguments = new Object[inputs.size()];
        List<Tensor> casts = new ArrayList<>();
        try {
            for (int i = 0; i < arguments.length; i++) {
                Tensor there = onDevice.get(i);
                Operator.call(stream.noGrad(), "aten::copy_", there, inputs.get(i)).close();
                if (there.dtype().isFloating() && there.dtype() != dtype) {
                    Tensor cast = Operator.call(stream.noGrad(), "aten::to", there, dtype).tensor();
                    casts.add(cast);
                    arguments[i] = cast;
                } else {
                    arguments[i] = there;
                }
            }
            return model.call(stream.inference(), method, arguments);
        } finally {
            casts.forEach(Tensor::close);
        }
    }

    @Override
    public Parts runInParts() {
        start.record(stream);
        long begin = System.nanoTime();
        run();
        long enqueued = System.nanoTime() - begin;
        stop.record(stream);
        stop.synchronize();
        return new Parts(enqueued, Math.round(stop.nanosecondsSince(start)));
    }

    @Override
    public List<Tensor> outputs() {
        return outputs;
    }

    @Override
    public Runner.Preparation preparation() {
        return new Runner.Preparation(Optimization.FREEZE, "what pageable memory is measured with", List.of(),
                convertedBytes, WARM_UP_RUNS, 0);
    }

    @Override
    public void close() {
        model.close();
        inputs.forEach(Tensor::close);
        onDevice.forEach(Tensor::close);
        outputs.forEach(Tensor::close);
        start.close();
        stop.close();
        stream.close();
    }
}
