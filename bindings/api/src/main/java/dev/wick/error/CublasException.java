package dev.wick.error;

/** An error that cuBLAS reported; what runs on the device later fails as a {@link CudaException}. */
public final class CublasException extends WickException {
    private static final long serialVersionUID = 1L;

    private final int status;

    public CublasException(String message, int status) {
        super(message);
        this.status = status;
    }

    /** The {@code cublasStatus_t}. */
    public int status() {
        return status;
    }
}
