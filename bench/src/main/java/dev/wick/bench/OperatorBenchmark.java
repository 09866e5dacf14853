package dev.wick.bench;

import dev.wick.DType;
import dev.wick.Engine;
import dev.wick.Operator;
import dev.wick.Tensor;
import dev.wick.Value;
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
 * One operator through the dispatcher: aten::add of two tensors of sixteen floats, result made and given back.
 *
 * The addition itself takes a few nanoseconds. The rest is boxing, the check against the schema, the dispatcher, the
 * result's allocation, and the border; C++ pays all of these but the last, since the harness makes the same C call.
 *
 * What would make it lie:
 *
 *  - Looking the operator up by its name in the loop: Operator.call(name, ...) does, for convenience. That is the
 *    other method here, so that the price of the convenience is known.
 *
 *  - Comparing with at::add in C++: that is neither boxed nor checked, and says something about boxing, not about Java.
 *
 *  - Tensors large enough to be added in parallel: then the OpenMP pool is measured.
 */
@State(Scope.Thread)
@BenchmarkMode(Mode.AverageTime)
@OutputTimeUnit(TimeUnit.NANOSECONDS)
@Warmup(iterations = 5, time = 500, timeUnit = TimeUnit.MILLISECONDS)
@Measurement(iterations = 5, time = 500, timeUnit = TimeUnit.MILLISECONDS)
@Fork(value = 3, jvmArgsAppend = "--enable-native-access=ALL-UNNAMED")
public class OperatorBenchmark {
    private Operator add;
    private Tensor left;
    private Tensor right;

    @Setup
    public void prepare() {
        Engine.get();
        add = Operator.of("aten::add", "Tensor");
        left = Tensor.zeros(DType.FLOAT32, 4, 4);
        right = Tensor.zeros(DType.FLOAT32, 4, 4);
    }

    @TearDown
    public void close() {
        left.close();
        right.close();
    }

    @Benchmark
    public void byHandle(Blackhole blackhole) {
        try (Value sum = add.apply(left, right)) {
            blackhole.consume(sum);
        }
    }

    @Benchmark
    public void byName(Blackhole blackhole) {
        try (Value sum = Operator.call("aten::add", left, right)) {
            blackhole.consume(sum);
        }
    }
}
