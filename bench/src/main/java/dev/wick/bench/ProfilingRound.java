package dev.wick.bench;

import dev.wick.DType;
import dev.wick.Device;
import dev.wick.MemoryProfile;
import dev.wick.Model;
import dev.wick.Optimization;
import dev.wick.Runner;
import dev.wick.Tensor;
import dev.wick.Trace;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.Arrays;
import java.util.Locale;
import jdk.jfr.Recording;

/**
 * What it costs a model to be watched: {@code ARCHIVE INPUT.npy SHAPE OPTIMIZE WARMUP RUNS ROUNDS OUT}.
 *
 * <p>All in one process, since watching is switched on and off there: in every round each way of watching has its runs, in
 * an order that changes from round to round, so that all of them see the same minutes of the machine. What is timed is
 * {@link Runner#run}, not the beginning or the end of a recording. Writes {@code OUT.json} with every sample of every round
 * and {@code OUT.f32}, the last result.
 */
public final class ProfilingRound {

    /** A way of watching. */
    private enum Watch {
        NOTHING {
            @Override
            AutoCloseable begin() {
                return () -> {
                };
            }
        },
        MEMORY {
            @Override
            AutoCloseable begin() {
                return MemoryProfile.record(Device.CPU);
            }
        },
        MEMORY_WITH_STACKS {
            @Override
            AutoCloseable begin() {
                return MemoryProfile.builder(Device.CPU).stacks(true).start();
            }
        },
        FLIGHT_RECORDER {
            @Override
            AutoCloseable begin() {
                Recording recording = new Recording();
                recording.enable("dev.wick.RunnerRun").withThreshold(Duration.ZERO);
                recording.start();
                return recording;
            }
        },
        TRACE {
            @Override
            AutoCloseable begin() {
                return Trace.start();
            }
        };

        abstract AutoCloseable begin() throws Exception;
    }

    private ProfilingRound() {
    }

    public static void main(String... args) throws Exception {
        long[] shape = Arrays.stream(args[2].split("x")).mapToLong(Long::parseLong).toArray();
        Optimization optimization = Optimization.valueOf(args[3].toUpperCase(Locale.ROOT));
        int warmUp = Integer.parseInt(args[4]);
        int runs = Integer.parseInt(args[5]);
        int rounds = Integer.parseInt(args[6]);
        String out = args[7];
        long[][] samples = new long[Watch.values().length][rounds * runs];
        long events = 0;
        try (var model = Model.load(Path.of(args[0])); Tensor example = Tensor.empty(DType.FLOAT32, shape)) {
            BenchFiles.readNpy(Path.of(args[1]), example);
            try (Runner runner = Runner.of(model, "forward").input(example).optimize(optimization).build()) {
                MemorySegment.copy(example.segment(), 0, runner.input(0).segment(), 0, example.byteSize());
                for (Watch watch : Watch.values()) {
                    measure(watch, runner, new long[warmUp], 0, warmUp);
                }
                try (MemoryProfile profile = MemoryProfile.record(Device.CPU)) {
                    runner.run();
                    events = profile.stop().size();
                }
                for (int round = 0; round < rounds; round++) {
                    for (int i = 0; i < samples.length; i++) {
                        int turn = (round + i) % samples.length;
                        measure(Watch.values()[turn], runner, samples[turn], round * runs, runs);
                    }
                }
                Files.write(Path.of(out + ".f32"), runner.output(0).contiguous(dev.wick.MemoryFormat.CONTIGUOUS).segment()
                        .toArray(ValueLayout.JAVA_BYTE));
                RoundReport report = new RoundReport().engine().preparation(runner.preparation())
                        .number("eventsPerRun", events);
                for (Watch watch : Watch.values()) {
                    report.samples(watch.name().toLowerCase(Locale.ROOT) + "Ns", samples[watch.ordinal()]);
                }
                report.write(Path.of(out + ".json"));
            }
        }
    }

    private static void measure(Watch watch, Runner runner, long[] samples, int from, int count) throws Exception {
        try (AutoCloseable _ = watch.begin()) {
            for (int i = from; i < from + count; i++) {
                long start = System.nanoTime();
                runner.run();
                samples[i] = System.nanoTime() - start;
            }
        }
    }
}
