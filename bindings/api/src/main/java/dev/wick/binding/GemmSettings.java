package dev.wick.binding;

/**
 * What a {@link CublasBinding#gemm gemm} does with its matrices; any thread.
 *
 * @param transposeA whether op(A) is A's transpose
 * @param transposeB whether op(B) is B's transpose
 * @param alpha      factor of the product, rounded to the type that the compute type begins with
 * @param beta       factor of what C held, rounded alike; with 0 C is not read, so that NaNs in it do no harm
 * @param compute    in what the products are added up
 * @param allowReducedPrecisionReduction
 *                   whether partial sums may be rounded to C's type before they are added up, where that is narrower:
 *                   PyTorch's {@code allow_fp16_reduced_precision_reduction} and its like for BF16
 */
public record GemmSettings(boolean transposeA, boolean transposeB, double alpha, double beta, CublasComputeType compute,
        boolean allowReducedPrecisionReduction) {

    /** C = A * B, without transposes, every sum in the compute type. */
    public static GemmSettings of(CublasComputeType compute) {
        return new GemmSettings(false, false, 1, 0, compute, false);
    }

    /** The same with other transposes. */
    public GemmSettings transposed(boolean a, boolean b) {
        return new GemmSettings(a, b, alpha, beta, compute, allowReducedPrecisionReduction);
    }

    /** The same with other factors. */
    public GemmSettings scaled(double newAlpha, double newBeta) {
        return new GemmSettings(transposeA, transposeB, newAlpha, newBeta, compute, allowReducedPrecisionReduction);
    }

    /** The same with partial sums that may be rounded, or may not. */
    public GemmSettings reducing(boolean allowReducedPrecision) {
        return new GemmSettings(transposeA, transposeB, alpha, beta, compute, allowReducedPrecision);
    }
}
