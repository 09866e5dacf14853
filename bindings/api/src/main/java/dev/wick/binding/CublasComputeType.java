package dev.wick.binding;

import java.util.Locale;

/**
 * In what cuBLAS multiplies and adds up: {@code cublasComputeType_t}, its names spelled out; any thread.
 *
 * <p>alpha and beta have the type named first. PEDANTIC computes all phases in that type and leaves out algorithmic
 * optimisations; FAST lets cuBLAS round the operands to the narrower type named last, for the tensor cores. Codes are
 * those of cublas_api.h, combinations those of the table at {@code cublasGemmEx} in NVIDIA's manual.
 */
public enum CublasComputeType {
    FLOAT16(64, ScalarType.FLOAT16),
    FLOAT16_PEDANTIC(65, ScalarType.FLOAT16),
    FLOAT32(68, ScalarType.FLOAT32),
    FLOAT32_PEDANTIC(69, ScalarType.FLOAT32),
    FLOAT32_FAST_FLOAT16(74, ScalarType.FLOAT32),
    FLOAT32_FAST_BFLOAT16(75, ScalarType.FLOAT32),
    FLOAT32_FAST_TF32(77, ScalarType.FLOAT32),
    FLOAT64(70, ScalarType.FLOAT64),
    FLOAT64_PEDANTIC(71, ScalarType.FLOAT64);

    /** The codes of {@code c10::ScalarType} that a gemm takes, and those of {@code cudaDataType} for the same. */
    enum ScalarType {
        FLOAT16(5, 2), FLOAT32(6, 0), FLOAT64(7, 1), BFLOAT16(15, 14);

        final int dtype;
        final int cudaDataType;

        ScalarType(int dtype, int cudaDataType) {
            this.dtype = dtype;
            this.cudaDataType = cudaDataType;
        }

        /** PyTorch's name. */
        @Override
        public String toString() {
            return name().toLowerCase(Locale.ROOT);
        }

        /** Null for a dtype that no gemm takes. */
        static ScalarType of(int dtype) {
            for (ScalarType type : values()) {
                if (type.dtype == dtype) {
                    return type;
                }
            }
            return null;
        }
    }

    private final int code;
    private final ScalarType scale;

    CublasComputeType(int code, ScalarType scale) {
        this.code = code;
        this.scale = scale;
    }

    /** {@code cublasComputeType_t}. */
    public int code() {
        return code;
    }

    /** What alpha and beta are. */
    ScalarType scale() {
        return scale;
    }

    /** Whether cuBLAS takes A and B of one type and C of another with it. */
    boolean takes(ScalarType operands, ScalarType result) {
        return switch (this) {
            case FLOAT16, FLOAT16_PEDANTIC -> operands == ScalarType.FLOAT16 && result == operands;
            case FLOAT32, FLOAT32_PEDANTIC -> operands != ScalarType.FLOAT64
                    && (result == operands || result == ScalarType.FLOAT32);
            case FLOAT32_FAST_FLOAT16, FLOAT32_FAST_BFLOAT16, FLOAT32_FAST_TF32 -> operands == ScalarType.FLOAT32
                    && result == operands;
            case FLOAT64, FLOAT64_PEDANTIC -> operands == ScalarType.FLOAT64 && result == operands;
        };
    }
}
