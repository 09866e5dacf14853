package dev.wick.error;

/** An error that CUDA reported; after a sticky one the process must restart. */
public final class CudaException extends WickException {
    private static final long serialVersionUID = 1L;

    private final int code;
    private final boolean sticky;

    public CudaException(String message, int code, boolean sticky, String nativeBacktrace) {
        super(sticky ? message + " (the CUDA context is lost: restart the process)" : message, nativeBacktrace);
        this.code = code;
        this.sticky = sticky;
    }

    /** The {@code cudaError_t}. */
    public int code() {
        return code;
    }

    /** Whether every further CUDA call of this process will fail. */
    public boolean sticky() {
        return sticky;
    }
}
