package dev.wick.binding;

import dev.wick.error.BadArgumentException;

/**
 * What a {@link CublasBinding#prepare gemm} does with its matrices; any thread.
 *
 * @param transposeA     whether op(A) is A's transpose
 * @param transposeB     whether op(B) is B's transpose
 * @param alpha          factor of the product, rounded to the type that the compute type begins with
 * @param beta           factor of what C held, rounded alike; with 0 C is not read, so that NaNs in it do no harm
 * @param compute        in what the products are added up
 * @param allowReducedPrecisionReduction
 *                       whether partial sums may be rounded to C's type before they are added up, where that is
 *                       narrower: PyTorch's {@code allow_fp16_reduced_precision_reduction} and its like for BF16
 * @param epilogue       what is done to the result before it is rounded
 * @param workspaceLimit bytes that an algorithm of cuBLASLt's, which does the epilogues, may ask for; without an
 *                       epilogue LibTorch's own workspace serves
 */
public record GemmSettings(boolean transposeA, boolean transposeB, double alpha, double beta, CublasComputeType compute,
        boolean allowReducedPrecisionReduction, GemmEpilogue epilogue, long workspaceLimit) {
    /** 32 MiB, which NVIDIA recommends for Hopper; smaller devices' algorithms ask for less. */
    public static final long DEFAULT_WORKSPACE_LIMIT = 32L << 20;

    public GemmSettings {
        if (workspaceLimit < 0) {
            throw new BadArgumentException("gemm: expected a workspace limit of at least 0 bytes, got "
                    + workspaceLimit);
        }
    }

    /** C = A * B, without transposes and epilogue, every sum in the compute type. */
    public static GemmSettings of(CublasComputeType compute) {
        return new GemmSettings(false, false, 1, 0, compute, false, GemmEpilogue.DEFAULT, DEFAULT_WORKSPACE_LIMIT);
    }

    /** The same with other transposes. */
    public GemmSettings transposed(boolean a, boolean b) {
        return new GemmSettings(a, b, alpha, beta, compute, allowReducedPrecisionReduction, epilogue, workspaceLimit);
    }

    /** The same with other factors. */
    public GemmSettings scaled(double newAlpha, double newBeta) {
        return new GemmSettings(transposeA, transposeB, newAlpha, newBeta, compute, allowReducedPrecisionReduction,
                epilogue, workspaceLimit);
    }

    /** The same with another compute type. */
    public GemmSettings computing(CublasComputeType type) {
        return new GemmSettings(transposeA, transposeB, alpha, beta, type, allowReducedPrecisionReduction, epilogue,
                workspaceLimit);
    }

    /** The same with partial sums that may be rounded, or may not. */
    public GemmSettings reducing(boolean allowReducedPrecision) {
        return new GemmSettings(transposeA, transposeB, alpha, beta, compute, allowReducedPrecision, epilogue,
                workspaceLimit);
    }

    /** The same with another epilogue. */
    public GemmSettings finished(GemmEpilogue newEpilogue) {
        return new GemmSettings(transposeA, transposeB, alpha, beta, compute, allowReducedPrecisionReduction,
                newEpilogue, workspaceLimit);
    }

    /** The same with another limit of the workspace, in bytes. */
    public GemmSettings workspace(long limit) {
        return new GemmSettings(transposeA, transposeB, alpha, beta, compute, allowReducedPrecisionReduction, epilogue,
                limit);
    }
}
