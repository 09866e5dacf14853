package dev.wick.bench;

import dev.wick.Engine;
import dev.wick.binding.panama.generated.WickTorch;
import java.util.concurrent.TimeUnit;
import org.bytedeco.pytorch.global.torch;
import org.openjdk.jmh.annotations.Benchmark;
import org.openjdk.jmh.annotations.BenchmarkMode;
import org.openjdk.jmh.annotations.Fork;
import org.openjdk.jmh.annotations.Measurement;
import org.openjdk.jmh.annotations.Mode;
import org.openjdk.jmh.annotations.OutputTimeUnit;
import org.openjdk.jmh.annotations.Scope;
import org.openjdk.jmh.annotations.Setup;
import org.openjdk.jmh.annotations.State;
import org.openjdk.jmh.annotations.Warmup;

/*
 * What does it cost to cross the border and do nothing there?
 *
 * wick_live_handles reads one atomic. Whatever is measured beyond that read is the border: the change of thread state
 * for an ordinary downcall, next to nothing for a critical one. The C++ harness calls the same function through the
 * same dynamic symbol; a static call that the linker or the compiler could see through would make C++ look free.
 *
 * What would make it lie:
 *
 *  - A result that nobody uses. The JIT cannot remove a downcall, but it can remove everything around it, so that a
 *    benchmark of a void method measures another program than its user runs. Values are returned: JMH consumes them.
 *
 *  - An Engine that is looked up outside the measured method, where users look it up inside. Both are here:
 *    critical() holds it, criticalThroughEngine() does not.
 *
 *  - A fork that also ran the other method. The call site in WickTorch would be shared and polymorphic; each method
 *    has a fork of its own, and @Fork(0) is for debugging only.
 */
@State(Scope.Thread)
@BenchmarkMode(Mode.AverageTime)
@OutputTimeUnit(TimeUnit.NANOSECONDS)
@Warmup(iterations = 5, time = 500, timeUnit = TimeUnit.MILLISECONDS)
@Measurement(iterations = 5, time = 500, timeUnit = TimeUnit.MILLISECONDS)
@Fork(value = 3, jvmArgsAppend = "--enable-native-access=ALL-UNNAMED")
public class GetterBenchmark {
    private Engine engine;

    @Setup
    public void load() {
        engine = Engine.get();
    }

    /** The loop alone. What is below a few tenths of a nanosecond above this is noise. */
    @Benchmark
    public long nothing() {
        return 0;
    }

    /** As jextract links it: the thread becomes native, and asks for a safepoint on its way back. */
    @Benchmark
    public long ordinary() {
        return WickTorch.wick_live_handles();
    }

    /** As Wick links it, by hand. */
    @Benchmark
    public long critical() {
        return engine.liveHandles();
    }

    /** Through JNI, as the presets link it: LibTorch's flag of the calling thread, for want of a mapped counter. */
    @Benchmark
    public boolean jni() {
        return torch.getGraphExecutorOptimize();
    }

    /** The same with the static look-up that user code writes. */
    @Benchmark
    public long criticalThroughEngine() {
        return Engine.get().liveHandles();
    }
}
