package dev.wick.bench;

import com.sun.management.ThreadMXBean;
import dev.wick.Cuda;
import dev.wick.CudaEvent;
import dev.wick.CudaStream;
import dev.wick.DType;
import dev.wick.Device;
import dev.wick.DeviceMemory;
import dev.wick.Model;
import dev.wick.ModuleBuilder;
import dev.wick.Optimization;
import dev.wick.Runner;
import dev.wick.Tensor;
import dev.wick.TorchScriptModel;
import dev.wick.binding.CudaNumerics;
import dev.wick.binding.CudaWorkspaces;
import dev.wick.error.UnsupportedFeatureException;
import java.lang.foreign.ValueLayout;
import java.lang.management.ManagementFactory;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;

/**
 * One round of one model on one device, in a process of its own:
 * {@code ARCHIVE INPUT.npy SHAPE MODE DEVICE WARMUP RUNS OUT}.
 *
 * <p>What is timed is one prediction from the runner's input memory, where the image lies already, to its output memory:
 * on a GPU the copies in and out of pinned memory and the one synchronisation are in it. peers/gpu_round.py times the
 * same. Writes {@code OUT.json} with every sample and {@code OUT.f32}, the last result in float32; gpu_bench.py compares
 * results before it looks at a time.
 */
public final class DeviceRound {
    /** C2 compiles a method after some ten thousand calls. */
    private static final int COMPILING_RUNS = 15_000;

    private DeviceRound() {
    }

    /** What the model computes in, and whether its kernels are launched one by one or as a CUDA graph. */
    private enum Mode {
        EAGER_FP32(DType.FLOAT32, false), EAGER_FP16(DType.FLOAT16, false), GRAPH_FP32(DType.FLOAT32, true),
        GRAPH_FP16(DType.FLOAT16, true);

        private final DType compute;
        private final boolean graph;

        Mode(DType compute, boolean graph) {
            this.compute = compute;
            this.graph = graph;
        }

        static Mode parse(String text) {
            return Arrays.stream(values()).filter(mode -> mode.text().equals(text)).findFirst().orElseThrow(
                    () -> new IllegalArgumentException("'" + text + "' is no mode; there are "
                            + Arrays.stream(values()).map(Mode::text).toList()));
        }

        String text() {
            return name().toLowerCase(java.util.Locale.ROOT).replace('_', '-');
        }
    }

    /** Samples in nanoseconds; those of enqueueing and of the GPU are null on the CPU. */
    private record Samples(long[] endToEnd, long[] enqueue, long[] gpu) {
    }

    /** A runner, and the stream that it works on; null on the CPU. */
    private record Prepared(Runner runner, CudaStream stream) implements AutoCloseable {
        @Override
        public void close() {
            runner.close();
            if (stream != null) {
                stream.close();
            }
        }
    }

    public static void main(String... args) throws Exception {
        Path archive = Path.of(args[0]);
        Path input = Path.of(args[1]);
        long[] shape = Arrays.stream(args[2].split("x")).mapToLong(Long::parseLong).toArray();
        Mode mode = Mode.parse(args[3]);
        Device device = Device.parse(args[4]);
        int warmUp = Integer.parseInt(args[5]);
        int runs = Integer.parseInt(args[6]);
        String out = args[7];

        compileJava(mode, device);
        long started = System.nanoTime();
        long loaded;
        Prepared made;
        // The model goes before anything is measured: what the runner keeps of it is all that counts as its memory.
        try (var model = Model.load(archive, device); Tensor example = Tensor.empty(DType.FLOAT32, shape)) {
            BenchFiles.readNpy(input, example);
            loaded = System.nanoTime();
            made = prepare(model, mode, device, example);
        }
        try (Prepared prepared = made) {
            Runner runner = prepared.runner();
            long ready = System.nanoTime();
            boolean cuda = device.type() == Device.Type.CUDA;
            if (cuda) {
                DeviceMemory.trim(device);
                DeviceMemory.resetPeaks(device);
            }
            for (int i = 0; i < warmUp; i++) {
                runner.run();
            }
            long[] allocated = new long[1];
            Samples samples = measure(prepared, runs, allocated);
            Files.write(Path.of(out + ".f32"), runner.output(0).segment().toArray(ValueLayout.JAVA_BYTE));
            RoundReport report = new RoundReport().text("mode", mode.text()).text("device", device.toString()).engine()
                    .preparation(runner.preparation()).number("loadNs", loaded - started)
                    .number("prepareNs", ready - loaded).number("warmUp", warmUp)
                    .number("graphNodes", runner.preparation().graphNodes())
                    .number("javaBytesPerRun", (double) allocated[0] / runs)
                    .samples("samplesNs", samples.endToEnd).samples("enqueueNs", samples.enqueue)
                    .samples("gpuNs", samples.gpu);
            if (cuda) {
                DeviceMemory memory = DeviceMemory.of(device);
                long held = memory.allocatedBytes().current();
                // Nothing is launched again.
                Cuda.freeWorkspaces();
                long workspaces = held - DeviceMemory.of(device).allocatedBytes().current();
                CudaNumerics numerics = Cuda.numerics();
                report.number("peakAllocatedBytes", memory.allocatedBytes().peak())
                        .number("peakReservedBytes", memory.reservedBytes().peak())
                        .number("heldBytes", held).number("workspaceBytes", workspaces)
                        .number("tf32Matmul", numerics.tf32Matmul() ? 1 : 0)
                        .number("tf32Cudnn", numerics.tf32Cudnn() ? 1 : 0)
                        .number("cudnnBenchmark", numerics.cudnnBenchmark() ? 1 : 0);
                reportWorkspaces(report);
            }
            report.write(Path.of(out + ".json"));
        }
    }

    /** How large one is, where LibTorch says so. */
    private static void reportWorkspaces(RoundReport report) {
        try {
            CudaWorkspaces sizes = Cuda.workspaces();
            report.number("cublasWorkspaceBytes", sizes.cublasBytes())
                    .number("cublasLtWorkspaceBytes", sizes.cublasLtBytes());
        } catch (UnsupportedFeatureException e) {
            report.text("workspaceSizesUnknown", e.getMessage());
        }
    }

    /**
     * Runs a model of one addition until the JVM has compiled what a run is made of. A large model's few hundred runs would
     * be interpreted, which makes objects and takes microseconds that no long-lived program sees.
     */
    private static void compileJava(Mode mode, Device device) {
        try (ModuleBuilder builder = ModuleBuilder.of("Addition");
                TorchScriptModel here = builder.define("def forward(self, x):\n    return x + 1\n").build();
                TorchScriptModel there = here.to(device).model();
                Tensor example = Tensor.zeros(DType.FLOAT32, 1);
                Prepared prepared = prepare(there, mode, device, example)) {
            measure(prepared, COMPILING_RUNS, new long[1]);
        }
    }

    /** The one place where a mode becomes a runner. */
    private static Prepared prepare(TorchScriptModel model, Mode mode, Device device, Tensor example) {
        boolean cuda = device.type() == Device.Type.CUDA;
        if (mode.graph && !cuda) {
            throw new UnsupportedFeatureException(mode.text() + " needs a CUDA device, not " + device);
        }
        // Eager as it is, since the other side's eager model is not optimised either; a graph as users get it.
        Runner.Builder builder = Runner.of(model, "forward").input(example)
                .optimize(mode.graph ? Optimization.AUTO : Optimization.NONE);
        if (mode.compute != DType.FLOAT32) {
            builder.compute(mode.compute).output(DType.FLOAT32);
        }
        if (!cuda) {
            return new Prepared(builder.build(), null);
        }
        CudaStream stream = CudaStream.take(device);
        builder.on(stream);
        return new Prepared((mode.graph ? builder.cudaGraph() : builder).build(), stream);
    }

    /**
     * Three passes, so that no event and no second look at the clock is in a latency. Also gives the bytes that the runs of
     * the first made on Java's heap.
     */
    private static Samples measure(Prepared prepared, int runs, long[] allocated) {
        Runner runner = prepared.runner();
        long[] endToEnd = new long[runs];
        var threads = (ThreadMXBean) ManagementFactory.getThreadMXBean();
        long before = threads.getCurrentThreadAllocatedBytes();
        for (int i = 0; i < runs; i++) {
            long start = System.nanoTime();
            runner.run();
            endToEnd[i] = System.nanoTime() - start;
        }
        allocated[0] = threads.getCurrentThreadAllocatedBytes() - before;
        if (prepared.stream() == null) {
            return new Samples(endToEnd, null, null);
        }
        return new Samples(endToEnd, enqueue(runner, runs), onDevice(prepared, runs));
    }

    private static long[] enqueue(Runner runner, int runs) {
        long[] samples = new long[runs];
        for (int i = 0; i < runs; i++) {
            long start = System.nanoTime();
            runner.enqueue();
            samples[i] = System.nanoTime() - start;
            runner.synchronize();
        }
        return samples;
    }

    private static long[] onDevice(Prepared prepared, int runs) {
        long[] samples = new long[runs];
        try (CudaEvent start = CudaEvent.timed(prepared.stream().device());
                CudaEvent stop = CudaEvent.timed(prepared.stream().device())) {
            for (int i = 0; i < runs; i++) {
                start.record(prepared.stream());
                prepared.runner().enqueue();
                stop.record(prepared.stream());
                stop.synchronize();
                samples[i] = Math.round(stop.nanosecondsSince(start));
            }
        }
        return samples;
    }
}
