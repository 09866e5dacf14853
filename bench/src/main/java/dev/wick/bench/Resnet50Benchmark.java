package dev.wick.bench;

import dev.wick.DType;
import dev.wick.Model;
import dev.wick.Optimization;
import dev.wick.Runner;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.util.Locale;
import java.util.Random;
import java.util.concurrent.TimeUnit;
import org.openjdk.jmh.annotations.Benchmark;
import org.openjdk.jmh.annotations.BenchmarkMode;
import org.openjdk.jmh.annotations.Fork;
import org.openjdk.jmh.annotations.Measurement;
import org.openjdk.jmh.annotations.Mode;
import org.openjdk.jmh.annotations.OutputTimeUnit;
import org.openjdk.jmh.annotations.Param;
import org.openjdk.jmh.annotations.Scope;
import org.openjdk.jmh.annotations.Setup;
import org.openjdk.jmh.annotations.State;
import org.openjdk.jmh.annotations.TearDown;
import org.openjdk.jmh.annotations.Warmup;

/*
 * ResNet-50, one image: the prepared call of a model that people have.
 *
 * At this size Java's share is a millionth, and the numbers compare optimisations, not languages. They hold for one
 * machine and one moment: compare methods of one run, never two runs. For Wick against its peers see compare.py, which
 * interleaves processes and compares outputs before times.
 *
 * What would make it lie:
 *
 *  - An image of zeros: ReLU keeps most of a network at zero, denormals come and go. The input is seeded noise.
 *
 *  - A neighbour. OpenMP's threads spin while they wait; beside one busy process a run takes several times as long. Run
 *    it on a machine that does nothing else, and believe it only when the error is small.
 *
 *  - Another LibTorch in the same JVM, or a BLAS with a thread pool of its own: see "wick info" for what was set.
 */
@State(Scope.Thread)
@BenchmarkMode(Mode.AverageTime)
@OutputTimeUnit(TimeUnit.MILLISECONDS)
@Warmup(iterations = 3, time = 2)
@Measurement(iterations = 5, time = 2)
@Fork(value = 1, jvmArgsAppend = "--enable-native-access=ALL-UNNAMED")
public class Resnet50Benchmark {
    /** As on the command line. */
    @Param({"none", "auto"})
    private String optimize;

    private Runner runner;
    private MemorySegment result;

    @Setup
    public void load() {
        try (var model = Model.load(BenchFiles.archive("resnet50"))) {
            runner = Runner.of(model, "forward").input(DType.FLOAT32, 1, 3, 224, 224)
                    .optimize(Optimization.valueOf(optimize.toUpperCase(Locale.ROOT))).build();
        }
        MemorySegment image = runner.input(0).segment();
        Random random = new Random(1);
        for (long at = 0; at < image.byteSize(); at += Float.BYTES) {
            image.set(ValueLayout.JAVA_FLOAT, at, (float) random.nextGaussian());
        }
        result = runner.output(0).segment();
    }

    @TearDown
    public void close() {
        runner.close();
    }

    @Benchmark
    public float run() {
        runner.run();
        return result.get(ValueLayout.JAVA_FLOAT, 0);
    }
}
