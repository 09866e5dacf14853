package dev.wick.cli;

import dev.wick.Cuda;
import dev.wick.CudaStream;
import dev.wick.DType;
import dev.wick.Device;
import dev.wick.DeviceMemory;
import dev.wick.Engine;
import dev.wick.Optimization;
import dev.wick.Runner;
import dev.wick.Tensor;
import dev.wick.TensorScope;
import dev.wick.TorchScriptModel;
import dev.wick.binding.TorchBinding;
import dev.wick.study.report.Machine;
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
    private static final int INTEGERS_BELOW = 10;
    /** Runs that trying every way costs: four ways, each warmed up three times and timed up to seven times. */
    private static final int RUNS_OF_A_CHOICE = 40;
    private static final int PROBES = 3;
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
        try (TorchScriptModel loaded = model.open(device);
                Runner runner = builder(loaded, DType.FLOAT32, batch).optimize(Optimization.NONE).build()) {
            runner.run();
            List<Tensor> outputs = new ArrayList<>();
            for (int i = 0; i < runner.outputCount(); i++) {
                outputs.add(runner.output(i).copy());
            }
            return outputs;
        } finally {
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
        String cell = DTypeOption.name(dtype) + ", batch " + batch;
        long begin = System.nanoTime();
        resetPeak();
        progress.doing(cell + ": preparing");
        watchdog.begin("preparing " + cell, PREPARATION_RUNS * hangLimit());
        Prepared prepared = prepare(dtype, batch);
        try (TimedCall call = prepared.call()) {
            watchdog.end();
            double preparationSeconds = (System.nanoTime() - begin) / 1e9;
            long preparationPeak = peak();
            resetPeak();
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
            long peak = peak();
            try (TensorScope _ = TensorScope.open()) {
                OutputComparison comparison = OutputComparison.of(call.outputs(), reference);
                return new BenchCell(dtype, batch, Arrays.copyOf(samples, done),
                        onDevice() ? new BenchCell.DeviceTimes(transfers, Arrays.copyOf(enqueued, done),
                                Arrays.copyOf(onDevice, done)) : null,
                        warmed, done < runs || warmed < warmUpRuns,
                        call.preparation(), prepared.why(), preparationSeconds, preparationPeak, peak, peakSource(),
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

    /** Whether LibTorch's CPU allocator is counted; else the whole process is what can be told. */
    private static boolean counted() {
        return !Engine.get().missingFeatures().containsKey(TorchBinding.MEMORY);
    }

    private String peakSource() {
        return onDevice() ? "device allocator" : counted() ? "allocator" : "rss";
    }

    private void resetPeak() {
        if (onDevice() || counted()) {
            // What an earlier cell left in a device's cache is not this one's.
            DeviceMemory.trim(device);
            DeviceMemory.resetPeaks(device);
        } else {
            Machine.resetPeakResident();
        }
    }

    private long peak() {
        return onDevice() || counted() ? DeviceMemory.of(device).allocatedBytes().peak() : Machine.peakResidentBytes();
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
            if (transfers == Transfers.PAGEABLE) {
                TimedCall call = new PageableCall(loaded, method, dtype, inputs(batch), device);
                return new Prepared(call, call.preparation().why());
            }
            Optimization way = optimization;
            String why = null;
            if (way == Optimization.AUTO) {
                long once = probe(loaded, dtype, batch);
                if (once * (double) RUNS_OF_A_CHOICE > budget / 2.0) {
                    way = Optimization.NONE;
                    why = String.format(java.util.Locale.ROOT,
                            "one run takes %.2f s, so that trying others would outrun the budget", once / 1e9);
                }
            }
            TimedCall call = runner(builder(loaded, dtype, batch).optimize(way));
            return new Prepared(call, why != null ? why : call.preparation().why());
        }
    }

    private TimedCall runner(Runner.Builder builder) {
        if (!onDevice()) {
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

    /** Time of a run of the model as it is: the first compiles, so a fast one gets a second and a third. */
    private long probe(TorchScriptModel loaded, DType dtype, long batch) {
        try (TorchScriptModel converted = loaded.to(dtype).model(); TensorScope _ = TensorScope.open()) {
            Object[] inputs = inputs(batch).stream()
                    .map(input -> input.dtype().isFloating() ? input.to(device).to(dtype) : input.to(device)).toArray();
            long least = Long.MAX_VALUE;
            for (int i = 0; i < PROBES && least > budget / (2.0 * RUNS_OF_A_CHOICE); i++) {
                long start = System.nanoTime();
                converted.call(method, inputs).close();
                if (onDevice()) {
                    Cuda.synchronize(device);
                }
                least = Math.min(least, System.nanoTime() - start);
                if (least > budget / PROBES) {
                    break;
                }
            }
            return least;
        }
    }

    private Runner.Builder builder(TorchScriptModel loaded, DType dtype, long batch) {
        Runner.Builder builder = Runner.of(loaded, method).compute(dtype);
        for (Tensor input : inputs(batch)) {
            try (input) {
                builder.input(input);
            }
        }
        return builder;
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
        Tensor tensor = Tensor.empty(shape.dtype() == DType.FLOAT32 ? DType.FLOAT32 : DType.INT64, shape.sizes());
        var memory = tensor.segment();
        if (shape.dtype() == DType.FLOAT32) {
            for (long at = 0; at < memory.byteSize(); at += Float.BYTES) {
                memory.set(java.lang.foreign.ValueLayout.JAVA_FLOAT, at, (float) random.nextGaussian());
            }
            return tensor;
        }
        for (long at = 0; at < memory.byteSize(); at += Long.BYTES) {
            memory.set(java.lang.foreign.ValueLayout.JAVA_LONG, at,
                    random.nextInt(shape.dtype() == DType.BOOL ? 2 : INTEGERS_BELOW));
        }
        try (tensor) {
            return shape.dtype() == DType.INT64 ? tensor.copy() : tensor.to(shape.dtype());
        }
    }
}
