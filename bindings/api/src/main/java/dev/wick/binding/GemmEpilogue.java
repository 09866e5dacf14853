package dev.wick.binding;

/**
 * What is done to alpha * op(A) * op(B) + beta * C before it is rounded to C's type: {@code cublasLtEpilogue_t},
 * without what serves training; any thread.
 *
 * <p>A bias has one element for each column of C and is added to every row; RELU is max(x, 0); GELU is the tanh
 * approximation, 0.5x(1 + tanh(sqrt(2/pi)(x + 0.044715x^3))), PyTorch's {@code approximate='tanh'}. Codes are those of
 * cublasLt.h.
 */
public enum GemmEpilogue {
    DEFAULT(1), RELU(2), BIAS(4), RELU_BIAS(6), GELU(32), GELU_BIAS(36);

    private static final int BIAS_BIT = 4;

    private final int code;

    GemmEpilogue(int code) {
        this.code = code;
    }

    /** {@code cublasLtEpilogue_t}. */
    public int code() {
        return code;
    }

    /** Whether it adds a bias. */
    public boolean hasBias() {
        return (code & BIAS_BIT) != 0;
    }

    /** The same without the bias. */
    public GemmEpilogue activation() {
        return switch (this) {
            case DEFAULT, BIAS -> DEFAULT;
            case RELU, RELU_BIAS -> RELU;
            case GELU, GELU_BIAS -> GELU;
        };
    }
}
