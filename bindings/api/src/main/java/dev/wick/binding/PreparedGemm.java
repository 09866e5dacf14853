package dev.wick.binding;

import dev.wick.error.CublasException;
import dev.wick.error.UnsupportedFeatureException;

/**
 * A gemm on fixed tensors with all that a call needs made beforehand; one thread at a time.
 *
 * <p>It holds its tensors' memory until it is closed. Nobody may resize them meanwhile.
 */
public abstract class PreparedGemm extends Handle {

    /** For the implementations. */
    protected PreparedGemm() {
    }

    /**
     * Computes; on a CUDA device the work is enqueued on the calling thread's current stream there, and not awaited.
     *
     * @throws CublasException             if cuBLAS refuses the call
     * @throws UnsupportedFeatureException on a virtual thread, for a CUDA device
     */
    public abstract void run();

    /** Bytes of memory on the tensors' device that it holds beside them. */
    public abstract long bufferBytes();

    @Override
    public final String kind() {
        return "gemm";
    }
}
