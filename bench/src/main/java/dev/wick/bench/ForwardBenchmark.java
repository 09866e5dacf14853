package dev.wick.bench;

import dev.wick.DType;
import dev.wick.Model;
import dev.wick.Optimization;
import dev.wick.Runner;
import dev.wick.Tensor;
import dev.wick.TorchScriptModel;
import dev.wick.Value;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.util.concurrent.TimeUnit;
import org.openjdk.jmh.annotations.Benchmark;
import org.openjdk.jmh.annotations.BenchmarkMode;
import org.openjdk.jmh.annotations.Fork;
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
 * A whole call of a model, of a model so small (one addition) that the call is all there is.
 *
 * The same archive, the same input and the same C functions are measured from C++ by the harness; the difference of the
 * medians is what Java adds to a prediction, whatever the model. The project promises at most 100 ns for it, and that
 * Runner.run() allocates nothing: run with "-prof gc" and look at gc.alloc.rate.norm, which must be below 0.1 B/op (it
 * is not exactly zero, since the profiler counts the harness's own few objects as well).
 *
 * What would make it lie:
 *
 *  - A cold executor. The first call profiles, the second compiles: in an iteration of a handful of calls these two would
 *    be the result. The warm-up's hundred thousands of calls come after both.
 *
 *  - An input that changes its shape or its autograd state between calls: the executor would specialise again.
 *
 *  - Reading nothing of what was computed. LibTorch computes eagerly, so nothing is skipped today; the result is
 *    consumed all the same, or the benchmark would be worth nothing on the day that changes.
 *
 *  - A model larger than this one: its own variance, some tens of microseconds, would drown a difference of 100 ns.
 */
@State(Scope.Thread)
@BenchmarkMode(Mode.AverageTime)
@OutputTimeUnit(TimeUnit.NANOSECONDS)
@Warmup(iterations = 5, time = 500, timeUnit = TimeUnit.MILLISECONDS)
@Measurement(iterations = 5, time = 500, timeUnit = TimeUnit.MILLISECONDS)
@Fork(value = 3, jvmArgsAppend = "--enable-native-access=ALL-UNNAMED")
public class ForwardBenchmark {
    private TorchScriptModel model;
    private Tensor input;
    private Runner runner;
    private MemorySegment result;

    @Setup
    public void load() {
        model = Model.load(BenchFiles.testArchive("tiny"));
        input = Tensor.zeros(DType.FLOAT32, 4, 4);
        runner = Runner.of(model, "forward").input(input).optimize(Optimization.NONE).build();
        result = runner.output(0).segment();
    }

    @TearDown
    public void close() {
        runner.close();
        input.close();
        model.close();
    }

    /** The convenient way: any method by name, any arguments, a fresh result. */
    @Benchmark
    public void call(Blackhole blackhole) {
        try (Value output = model.call("forward", input)) {
            blackhole.consume(output);
        }
    }

    /** The prepared way: inputs and outputs stay in place. */
    @Benchmark
    public float run() {
        runner.run();
        return result.get(ValueLayout.JAVA_FLOAT, 0);
    }
}
