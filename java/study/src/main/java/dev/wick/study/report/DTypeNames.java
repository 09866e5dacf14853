package dev.wick.study.report;

import dev.wick.DType;

/** The short names of dtypes that reports use; any thread. */
public final class DTypeNames {
    private DTypeNames() {
    }

    /** {@code fp32}, {@code fp16}, {@code bf16}; PyTorch's name for others. */
    public static String of(DType dtype) {
        return switch (dtype) {
            case FLOAT32 -> "fp32";
            case FLOAT16 -> "fp16";
            case BFLOAT16 -> "bf16";
            default -> dtype.torchName();
        };
    }
}
