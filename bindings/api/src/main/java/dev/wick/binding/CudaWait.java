package dev.wick.binding;

/** How a thread waits for a CUDA device ({@code cudaSetDeviceFlags}). */
public enum CudaWait {
    /** CUDA's choice: spin where there are more cores than contexts, else yield. */
    AUTO(0),
    /** Least latency, and a core busy. */
    SPIN(1),
    /** Spins, and lets other threads run. */
    YIELD(2),
    /** Sleeps until an interrupt: tens of microseconds later, and no core busy. */
    BLOCK(3);

    private final int code;

    CudaWait(int code) {
        this.code = code;
    }

    /** {@code enum wick_cuda_wait}. */
    public int code() {
        return code;
    }
}
