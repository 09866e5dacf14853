package dev.wick.cli;

import dev.wick.CudaEvent;
import dev.wick.CudaStream;
import dev.wick.Runner;
import dev.wick.Tensor;
import java.util.ArrayList;
import java.util.List;

/** A runner, on the CPU or, with page-locked inputs and outputs, on a stream of a CUDA device; one thread. */
final class RunnerCall implements TimedCall {
    private final Runner runner;
    /** Null on the CPU, as the events are. */
    private final CudaStream stream;
    private final CudaEvent start;
    private final CudaEvent stop;

    /** A runner on the CPU. */
    RunnerCall(Runner runner) {
        this.runner = runner;
        this.stream = null;
        this.start = null;
        this.stop = null;
    }

    /** A runner that works on a stream, which is closed with it. */
    RunnerCall(Runner runner, CudaStream stream) {
        this.runner = runner;
        this.stream = stream;
        this.start = CudaEvent.timed(stream.device());
        this.stop = CudaEvent.timed(stream.device());
    }

    @Override
    public void run() {
        runner.run();
    }

    @Override
    public Parts runInParts() {
        if (stream == null) {
            return null;
        }
        start.record(stream);
        long begin = System.nanoTime();
        runner.enqueue();
        long enqueued = System.nanoTime() - begin;
        stop.record(stream);
        stop.synchronize();
        return new Parts(enqueued, Math.round(stop.nanosecondsSince(start)));
    }

    @Override
    public List<Tensor> outputs() {
        List<Tensor> outputs = new ArrayList<>();
        for (int i = 0; i < runner.outputCount(); i++) {
            outputs.add(runner.output(i));
        }
        return outputs;
    }

    @Override
    public Runner.Preparation preparation() {
        return runner.preparation();
    }

    @Override
    public void close() {
        runner.close();
        if (stream != null) {
            start.close();
            stop.close();
            stream.close();
        }
    }
}
