package dev.wick.binding.javacpp;

import dev.wick.error.CublasException;
import org.bytedeco.cuda.cublas.cublasContext;
import org.bytedeco.cuda.global.cublas;

/** A call of cuBLAS with all arguments made beforehand; one thread at a time. */
interface CublasCall {

    /** Enqueues the work on a handle that reads alpha and beta on the host, as LibTorch's do. */
    void enqueue(cublasContext handle);

    /** Gives back what the call holds; once. */
    void free();

    /** Throws what a status says, unless all is well. */
    static void check(String function, int status) {
        if (status != cublas.CUBLAS_STATUS_SUCCESS) {
            throw new CublasException(function + ": " + cublas.cublasGetStatusName(status).getString() + ": "
                    + cublas.cublasGetStatusString(status).getString(), status);
        }
    }
}
