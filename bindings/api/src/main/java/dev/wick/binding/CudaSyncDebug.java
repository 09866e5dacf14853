package dev.wick.binding;

/**
 * What LibTorch does when one of its operators waits for a CUDA device without being asked to
 * ({@code torch.cuda.set_sync_debug_mode}).
 */
public enum CudaSyncDebug {
    OFF(0),
    /** LibTorch's warning, on standard error. */
    WARN(1),
    /** The operator fails. */
    FAIL(2);

    private final int code;

    CudaSyncDebug(int code) {
        this.code = code;
    }

    /** {@code enum wick_cuda_sync_debug}. */
    public int code() {
        return code;
    }
}
