package dev.wick.cli;

import dev.wick.DType;
import dev.wick.Device;
import dev.wick.Optimization;
import dev.wick.Runner;
import dev.wick.Tensor;
import dev.wick.TensorScope;
import dev.wick.TorchScriptModel;
import dev.wick.study.measurement.CallPreparation;
import dev.wick.study.measurement.Noise;
import dev.wick.study.measurement.PeakMemory;
import dev.wick.study.measurement.TimedCall;
import dev.wick.study.report.DTypeNames;
import java.io.IOException;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Random;

/**
 * Measures a model, one dtype and batch at a time; one thread.
 *
 * @param model        opened anew for each cell
 * @param method       to call
 * @param device       to run on
 * @param shapes       of the inputs
 * @param picture      given instead of noise; null for noise
 * @param optimization to ask the runner for
 * @param runs         timed runs of a cell
 * @param warmUpRuns   runs before them
 * @param budget       of a cell, in nanoseconds
 * @param transfers    of inputs and outputs
 * @param graph        whether a run launches a CUDA graph
 */
record BenchMeasurement(ModelSource model, String method, Device device, List<InputShape> shapes, PictureInput picture,
        Optimization optimization, int runs, int warmUpRuns, long budget, Transfers transfers, boolean graph) {
    /** Of the noise that inputs are filled with. */
    static final long SEED = 1;
    /** Preparation makes several runs. */
    private static final int PREPARATION_RUNS = 3;

    double budgetSeconds() {
        return budget / 1e9;
    }

    private long hangLimit() {
        return Watchdog.limit(budget);
    }

    /** What the unoptimised model gives in FP32 on the inputs of a batch; the caller closes them. */
    List<Tensor> reference(long batch, Watchdog watchdog) {
        watchdog.begin("the FP32 reference of batch " + batch, PREPARATION_RUNS * hangLimit());
        List<Tensor> inputs = inputs(batch);
        try (TorchScriptModel loaded = model.open(device);
                Runner runner = CallPreparation.builder(loaded, method, DType.FLOAT32, inputs)
                        .optimize(Optimization.NONE).build()) {
            runner.run();
            List<Tensor> outputs = new ArrayList<>();
            for (int i = 0; i < runner.outputCount(); i++) {
                outputs.add(runner.output(i).copy());
            }
            return outputs;
        } finally {
            inputs.forEach(Tensor::close);
            watchdog.end();
        }
    }

    /**
     * Measures one cell on a model opened for it alone.
     *
     * @param recording of the timed runs; null for none
     */
    BenchCell measure(DType dtype, long batch, List<Tensor> reference, Watchdog watchdog, CellProgress progress,
            FlightRecording recording) throws IOException {
        String cell = DTypeNames.of(dtype) + ", batch " + batch;
        PeakMemory memory = new PeakMemory(device);
        long begin = System.nanoTime();
        memory.reset();
        progress.doing(cell + ": preparing");
        watchdog.begin("preparing " + cell, PREPARATION_RUNS * hangLimit());
        Prepared prepared = prepare(dtype, batch);
        try (TimedCall call = prepared.call()) {
            watchdog.end();
            double preparationSeconds = (System.nanoTime() - begin) / 1e9;
            long preparationPeak = memory.bytes();
            memory.reset();
            progress.doing(cell);
            int warmed = 0;
            while (warmed < warmUpRuns && System.nanoTime() - begin < budget) {
                timed(call, cell, watchdog);
                warmed++;
            }
            long[] samples = new long[runs];
            // Beside each run one with events around it: they would be in the latency of a run that they measure.
            long[] enqueued = onDevice() ? new long[runs] : null;
            long[] onDevice = onDevice() ? new long[runs] : null;
            int done = 0;
            if (recording != null) {
                recording.begin();
            }
            while (done < runs && (done == 0 || System.nanoTime() - begin < budget)) {
                samples[done] = timed(call, cell, watchdog);
                if (onDevice()) {
                    watchdog.begin(cell, hangLimit());
                    TimedCall.Parts parts = call.runInParts();
                    watchdog.end();
                    enqueued[done] = parts.enqueue();
                    onDevice[done] = parts.device();
                }
                done++;
                progress.ran();
            }
            if (recording != null) {
                recording.end();
            }
            long peak = memory.bytes();
            try (TensorScope _ = TensorScope.open()) {
                OutputComparison comparison = OutputComparison.of(call.outputs(), reference);
                return new BenchCell(dtype, batch, Arrays.copyOf(samples, done),
                        onDevice() ? new BenchCell.DeviceTimes(transfers, Arrays.copyOf(enqueued, done),
                                Arrays.copyOf(onDevice, done)) : null,
                        warmed, done < runs || warmed < warmUpRuns,
                        call.preparation(), prepared.why(), preparationSeconds, preparationPeak, peak, memory.source(),
                        comparison.maximum(), comparison.mean(), comparison.top5Agreement(), comparison.nanOutputs());
            }
        } finally {
            watchdog.end();
        }
    }

    private boolean onDevice() {
        return device.type() == Device.Type.CUDA;
    }

    private long timed(TimedCall call, String cell, Watchdog watchdog) {
        watchdog.begin(cell, hangLimit());
        long start = System.nanoTime();
        call.run();
        long time = System.nanoTime() - start;
        watchdog.end();
        return time;
    }

    /** A prepared call, and why its optimisation was taken. */
    private record Prepared(TimedCall call, String why) {
    }

    /** A call prepared as for a cell, for the caller to run and close. */
    TimedCall call(DType dtype, long batch) {
        return prepare(dtype, batch).call();
    }

    private Prepared prepare(DType dtype, long batch) {
        // The model goes before anything is measured: what the runner keeps of it is all that counts as its memory.
        try (TorchScriptModel loaded = model.open(device)) {
            List<Tensor> inputs = inputs(batch);
            if (transfers == Transfers.PAGEABLE) {
                TimedCall call = new PageableCall(loaded, method, dtype, inputs, device);
                return new Prepared(call, call.preparation().why());
            }
            try {
                CallPreparation.Prepared prepared = new CallPreparation(method, device, optimization, graph, budget)
                        .prepare(loaded, dtype, inputs);
                return new Prepared(prepared.call(), prepared.why());
            } finally {
                inputs.forEach(Tensor::close);
            }
        }
    }

    /** The same inputs for every cell of a batch. */
    private List<Tensor> inputs(long batch) {
        Random random = new Random(SEED);
        return shapes.stream().map(shape -> picture != null ? picture.tensor(batch)
                : noise(shape.withBatch(batch), random)).toList();
    }

    /** Inputs of these shapes: the same ones at every call. */
    static List<Tensor> noise(List<InputShape> shapes) {
        Random random = new Random(SEED);
        return shapes.stream().map(shape -> noise(shape, random)).toList();
    }

    private static Tensor noise(InputShape shape, Random random) {
        return Noise.of(shape.dtype(), random, shape.sizes());
    }
}
