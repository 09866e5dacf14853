package dev.wick.jmh;

import dev.wick.DType;
import dev.wick.Device;
import dev.wick.Engine;
import dev.wick.Tensor;
import java.util.ArrayList;
import java.util.List;
import org.openjdk.jmh.annotations.Benchmark;
import org.openjdk.jmh.annotations.OperationsPerInvocation;
import org.openjdk.jmh.annotations.Scope;
import org.openjdk.jmh.annotations.Setup;
import org.openjdk.jmh.annotations.Level;
import org.openjdk.jmh.annotations.State;
import org.openjdk.jmh.annotations.TearDown;

/** Operations whose allocations are known to the byte. */
@State(Scope.Benchmark)
public class AllocationBenchmark {
    static final long HELD_BYTES = 1 << 20;

    private Tensor held;
    private final List<Tensor> kept = new ArrayList<>();

    @Setup(Level.Trial)
    public void hold() {
        held = Tensor.empty(DType.UINT8, HELD_BYTES);
    }

    @TearDown(Level.Trial)
    public void release() {
        held.close();
        kept.forEach(Tensor::close);
    }

    /** 4,000 and 600 bytes, both held at once, then freed. */
    @Benchmark
    public void allocatesAndFrees() {
        try (Tensor _ = Tensor.empty(DType.FLOAT32, 1000); Tensor _ = Tensor.empty(DType.UINT8, 600)) {
            // What is measured is that they were there.
        }
    }

    /** 4,000 bytes for each of two operations, and kept. */
    @Benchmark
    @OperationsPerInvocation(2)
    public void keeps() {
        synchronized (kept) {
            kept.add(Tensor.empty(DType.FLOAT32, 2000));
        }
    }

    /** Nothing. */
    @Benchmark
    public long looks() {
        return held.elementCount();
    }

    /** 4,000 bytes of device memory, in the allocator's own count a multiple of 512, then freed. */
    @Benchmark
    public void allocatesOnTheDevice() {
        if (!Engine.get().cudaDevices().isEmpty()) {
            Tensor.empty(Device.cuda(0), DType.FLOAT32, 1000).close();
        }
    }
}
