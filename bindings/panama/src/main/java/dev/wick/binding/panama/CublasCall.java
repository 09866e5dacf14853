package dev.wick.binding.panama;

import dev.wick.binding.panama.generated.cublas.Cublas;
import dev.wick.error.CublasException;
import java.lang.foreign.MemorySegment;

/** A call of cuBLAS with all arguments made beforehand; one thread at a time. */
interface CublasCall {

    /** Enqueues the work on a handle that reads alpha and beta on the host, as LibTorch's do; makes no object. */
    void enqueue(MemorySegment handle);

    /** Gives back what the call holds; once. */
    void free();

    /** Throws what a status says, unless all is well. */
    static void check(String function, int status) {
        if (status != Cublas.CUBLAS_STATUS_SUCCESS()) {
            throw new CublasException(function + ": " + text(Cublas.cublasGetStatusName(status)) + ": "
                    + text(Cublas.cublasGetStatusString(status)), status);
        }
    }

    private static String text(MemorySegment text) {
        return text.reinterpret(Long.MAX_VALUE).getString(0);
    }
}
