package dev.wick.bench;

import dev.wick.DType;
import dev.wick.Engine;
import dev.wick.Tensor;
import java.util.concurrent.TimeUnit;
import org.openjdk.jmh.annotations.Benchmark;
import org.openjdk.jmh.annotations.BenchmarkMode;
import org.openjdk.jmh.annotations.Fork;
import org.openjdk.jmh.annotations.Level;
import org.openjdk.jmh.annotations.Measurement;
import org.openjdk.jmh.annotations.Mode;
import org.openjdk.jmh.annotations.OutputTimeUnit;
import org.openjdk.jmh.annotations.Scope;
import org.openjdk.jmh.annotations.Setup;
import org.openjdk.jmh.annotations.State;
import org.openjdk.jmh.annotations.TearDown;
import org.openjdk.jmh.annotations.Warmup;
import org.openjdk.jmh.infra.Blackhole;

/*
 * A tensor made and given back: two downcalls, LibTorch's allocator twice, one Java object with its safety net.
 *
 * What would make it lie:
 *
 *  - Leaving the close() to the cleaner. The method would look several times faster, and the bill would come later, on
 *    another thread, outside the measured interval, with native memory growing meanwhile. JMH cannot see that bill;
 *    the tear-down can: every handle must be back after each iteration.
 *
 *  - A tensor so large that the allocator goes to the kernel: then page faults are measured. Sixteen floats are not.
 *
 *  - Escape analysis. The Java object never leaves the method, but its address goes into a registry of the cleaner's,
 *    so it cannot be scalar-replaced; the Blackhole says so without having to know that.
 */
@State(Scope.Thread)
@BenchmarkMode(Mode.AverageTime)
@OutputTimeUnit(TimeUnit.NANOSECONDS)
@Warmup(iterations = 5, time = 500, timeUnit = TimeUnit.MILLISECONDS)
@Measurement(iterations = 5, time = 500, timeUnit = TimeUnit.MILLISECONDS)
@Fork(value = 3, jvmArgsAppend = "--enable-native-access=ALL-UNNAMED")
public class TensorBenchmark {
    private long before;

    @Setup(Level.Iteration)
    public void count() {
        before = Engine.get().liveHandles();
    }

    @TearDown(Level.Iteration)
    public void countAgain() {
        long leaked = Engine.get().liveHandles() - before;
        if (leaked != 0) {
            throw new IllegalStateException(leaked + " tensors were not given back: what was measured is half of the work");
        }
    }

    @Benchmark
    public void createAndFree(Blackhole blackhole) {
        try (Tensor tensor = Tensor.empty(DType.FLOAT32, 4, 4)) {
            blackhole.consume(tensor);
        }
    }
}
