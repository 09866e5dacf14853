package dev.wick.study.measurement;

import dev.wick.CudaEvent;
import dev.wick.CudaStream;
import dev.wick.Device;
import dev.wick.Runner;
import dev.wick.Tensor;
import java.util.ArrayList;
import java.util.List;

/** A runner, on the CPU or, with page-locked inputs and outputs, on a stream of a CUDA device; one thread. */
public final class RunnerCall implements TimedCall {
    private final Runner runner;
    /** Null on the CPU, as the events are. */
    private final CudaStream stream;
    private final CudaEvent start;
    private final CudaEvent stop;

    /** A runner on the CPU. */
    private RunnerCall(Runner runner) {
        this.runner = runner;
        this.stream = null;
        this.start = null;
        this.stop = null;
    }

    /** A runner that works on a stream, which is closed with it. */
    private RunnerCall(Runner runner, CudaStream stream) {
        this.runner = runner;
        this.stream = stream;
        this.start = CudaEvent.timed(stream.device());
        this.stop = CudaEvent.timed(stream.device());
    }

    /**
     * Prepares a runner, on a CUDA device on a stream of its own.
     *
     * @param graph whether a run launches a CUDA graph
     */
    public static RunnerCall prepare(Runner.Builder builder, Device device, boolean graph) {
        if (device.type() != Device.Type.CUDA) {
            return new RunnerCall(builder.build());
        }
        CudaStream stream = CudaStream.take(device);
        try {
            builder.on(stream);
            Runner runner = (graph ? builder.cudaGraph() : builder).build();
            try {
                return new RunnerCall(runner, stream);
            } catch (RuntimeException e) {
                runner.close();
                throw e;
            }
        } catch (RuntimeException e) {
            stream.close();
            throw e;
        }
    }

    /** An input, whose memory is written between runs. */
    public Tensor input(int index) {
        return runner.input(index);
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
