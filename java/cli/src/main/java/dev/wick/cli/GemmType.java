package dev.wick.cli;

import dev.wick.DType;
import dev.wick.binding.CublasComputeType;
import java.util.Locale;

/** What the operands of a gemm are and in what it adds up, as it is given to {@code --dtype}. */
enum GemmType {
    FP32(DType.FLOAT32, CublasComputeType.FLOAT32), TF32(DType.FLOAT32, CublasComputeType.FLOAT32_FAST_TF32),
    FP16(DType.FLOAT16, CublasComputeType.FLOAT32), BF16(DType.BFLOAT16, CublasComputeType.FLOAT32),
    FP64(DType.FLOAT64, CublasComputeType.FLOAT64);

    private final DType dtype;
    private final CublasComputeType compute;

    GemmType(DType dtype, CublasComputeType compute) {
        this.dtype = dtype;
        this.compute = compute;
    }

    DType dtype() {
        return dtype;
    }

    CublasComputeType compute() {
        return compute;
    }

    @Override
    public String toString() {
        return name().toLowerCase(Locale.ROOT);
    }
}
