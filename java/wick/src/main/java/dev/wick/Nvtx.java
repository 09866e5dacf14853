package dev.wick;

import dev.wick.binding.CudaBinding;
import java.util.Objects;
import java.util.Optional;

/**
 * NVTX ranges and marks, which Nsight Systems and other tools show; platform threads.
 *
 * <p>They go through LibTorch's CUDA half. Without it, and without a listener, they do nothing, so that code with them
 * runs everywhere; {@link #isAvailable()} tells. Ranges nest on their thread, and a virtual thread may change that in
 * between. In a {@link Trace}, {@link Trace#range} marks the same.
 */
public final class Nvtx {
    private Nvtx() {
    }

    private static Optional<CudaBinding> cuda() {
        return Engine.binding().cuda();
    }

    /** Whether ranges and marks go anywhere. */
    public static boolean isAvailable() {
        return cuda().isPresent();
    }

    /** Begins a range; closing it ends the one that its thread began last, so close on the thread that began it. */
    public static Range range(String name) {
        Objects.requireNonNull(name, "name");
        Optional<CudaBinding> cuda = cuda();
        cuda.ifPresent(binding -> binding.pushNvtxRange(name));
        return new Range(cuda.orElse(null));
    }

    /** Marks a point in time. */
    public static void mark(String name) {
        Objects.requireNonNull(name, "name");
        cuda().ifPresent(binding -> binding.markNvtx(name));
    }

    /** A range of the thread that began it. */
    public static final class Range implements AutoCloseable {
        private CudaBinding cuda;

        private Range(CudaBinding cuda) {
            this.cuda = cuda;
        }

        /** Ends the range; idempotent. */
        @Override
        public void close() {
            if (cuda != null) {
                CudaBinding binding = cuda;
                cuda = null;
                binding.popNvtxRange();
            }
        }
    }
}
