package dev.wick.binding;

import dev.wick.error.BadArgumentException;
import dev.wick.error.CublasException;
import dev.wick.error.UnsupportedFeatureException;

/**
 * The facet for cuBLAS on the memory of tensors; any platform thread.
 *
 * <p>Calls go to the libcublas that LibTorch itself runs on, with the handle, stream and workspace that LibTorch keeps
 * for the calling thread on the tensors' device ({@code at::cuda::getCurrentCUDABlasHandle()}): a gemm is ordered with
 * the operators that the thread runs on its current stream there. All these belong to a native thread, which a virtual
 * thread may change between two calls, so a virtual thread is refused.
 */
public interface CublasBinding {

    /** cuBLAS's version as cuBLAS writes it, {@code CUBLAS_VERSION}: 120804 is 12.8.4. Touches no device. */
    int version();

    /**
     * Prepares C = epilogue(alpha * op(A) * op(B) + beta * C [+ bias]), and computes nothing yet.
     *
     * <p>Shapes are row-major, as PyTorch's: op(A) is M x K, op(B) is K x N, C is M x N, the bias N. With a C of three
     * dimensions the first one is the batch; A and B then have it too, or one matrix for all of them (two dimensions, a
     * batch of 1, or a batch stride of 0). No copy is made, so the matrices of A and B must each lie row by row or
     * column by column (stride 1 inside one, any gap between two), and those of C row by row.
     *
     * <p>A and B have one dtype, of float64, float32, float16 and bfloat16; C has the same, or float32 when halves are
     * computed in FLOAT32; {@link CublasComputeType} says what goes with what. The bias has C's. Without elements in C
     * nothing is called; with K = 0 C is multiplied by beta.
     *
     * <p>Without an epilogue the call is {@code cublasGemmEx}. With one it is {@code cublasLtMatmul}, on the algorithm
     * that cuBLASLt's heuristic names first for the device, which is asked here.
     *
     * <p>The handles stay the caller's, and may be closed as soon as this returns: what is prepared has its own. C is
     * written behind autograd's back.
     *
     * @param bias   null where the epilogue has none
     * @param stream the {@code cudaStream_t} that it runs on; 0 for the calling thread's current one, at each run
     * @throws BadArgumentException        if the tensors are not on a CUDA device, or shapes, dtypes, strides or
     *                                     devices do not fit together, or K = 0 with an epilogue
     * @throws CublasException             if cuBLASLt has no algorithm for it
     * @throws UnsupportedFeatureException on a virtual thread
     */
    PreparedGemm prepare(GemmSettings settings, Handle a, Handle b, Handle c, Handle bias, long stream);

    /** As the other one, on the calling thread's current stream. */
    default PreparedGemm prepare(GemmSettings settings, Handle a, Handle b, Handle c, Handle bias) {
        return prepare(settings, a, b, c, bias, 0);
    }

    /** For the implementations. */
    static void requirePlatformThread() {
        if (Thread.currentThread().isVirtual()) {
            throw new UnsupportedFeatureException("gemm works on the calling thread's CUDA stream and cuBLAS handle, "
                    + "and a virtual thread has none of its own: call it on a platform thread");
        }
    }
}
