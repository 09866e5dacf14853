package dev.wick.bench;

import com.sun.management.ThreadMXBean;
import dev.wick.DType;
import dev.wick.Device;
import dev.wick.Model;
import dev.wick.Optimization;
import dev.wick.Runner;
import dev.wick.Tensor;
import dev.wick.TorchScriptModel;
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

    /** Samples in nanoseconds; null where a device, or this version of the runner, has no such time. */
    private record Samples(long[] endToEnd, long[] enqueue, long[] gpu) {
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

        long started = System.nanoTime();
        try (var model = Model.load(archive, device); Tensor example = Tensor.empty(DType.FLOAT32, shape)) {
            BenchFiles.readNpy(input, example);
            long loaded = System.nanoTime();
            try (Runner runner = prepare(model, mode, device, example)) {
                long prepared = System.nanoTime();
                for (int i = 0; i < warmUp; i++) {
                    runner.run();
                }
                long[] allocated = new long[1];
                Samples samples = measure(runner, runs, allocated);
                Files.write(Path.of(out + ".f32"), runner.output(0).segment().toArray(ValueLayout.JAVA_BYTE));
                new RoundReport().text("mode", mode.text()).text("device", device.toString()).engine()
                        .preparation(runner.preparation()).number("loadNs", loaded - started)
                        .number("prepareNs", prepared - loaded).number("warmUp", warmUp)
                        .number("javaBytesPerRun", (double) allocated[0] / runs)
                        .samples("samplesNs", samples.endToEnd).samples("enqueueNs", samples.enqueue)
                        .samples("gpuNs", samples.gpu).write(Path.of(out + ".json"));
            }
        }
    }

    /** The one place where a mode becomes a runner: what a device or this version of the runner lacks is refused here. */
    private static Runner prepare(TorchScriptModel model, Mode mode, Device device, Tensor example) {
        if (mode.graph && device.type() != Device.Type.CUDA) {
            throw new UnsupportedFeatureException(mode.text() + " needs a CUDA device, not " + device);
        }
        if (device.type() == Device.Type.CUDA) {
            throw new UnsupportedFeatureException("this version's Runner takes neither a stream nor a CUDA graph: "
                    + mode.text() + " cannot be measured on " + device);
        }
        // As it is: the other side's eager model is not optimised either.
        Runner.Builder builder = Runner.of(model, "forward").input(example).optimize(Optimization.NONE);
        if (mode.compute != DType.FLOAT32) {
            builder.compute(mode.compute).output(DType.FLOAT32);
        }
        return builder.build();
    }

    /** Also gives the bytes that the runs made on Java's heap. */
    private static Samples measure(Runner runner, int runs, long[] allocated) {
        long[] endToEnd = new long[runs];
        var threads = (ThreadMXBean) ManagementFactory.getThreadMXBean();
        long before = threads.getCurrentThreadAllocatedBytes();
        for (int i = 0; i < runs; i++) {
            long start = System.nanoTime();
            runner.run();
            endToEnd[i] = System.nanoTime() - start;
        }
        allocated[0] = threads.getCurrentThreadAllocatedBytes() - before;
        return new Samples(endToEnd, null, null);
    }
}
