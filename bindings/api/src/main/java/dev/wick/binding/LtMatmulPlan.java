package dev.wick.binding;

import dev.wick.error.BadArgumentException;

/**
 * A gemm as the descriptors of {@code cublasLtMatmul} say it; any thread, immutable.
 *
 * <p>Every matrix is in {@code CUBLASLT_ORDER_COL}, cuBLASLt's default, and lies as {@link GemmPlan} laid it out: a C
 * row by row is the transposed one to cuBLASLt, with a row for each column of the caller's. cuBLASLt's bias has an
 * element for each of its rows, so that it is the caller's bias of the columns as it stands. D is C.
 *
 * @param gemm                 operations, sizes, addresses, factors and compute type
 * @param scaleType            {@code cudaDataType} of alpha and beta
 * @param a                    descriptor of cuBLASLt's A, the caller's B
 * @param b                    descriptor of cuBLASLt's B, the caller's A
 * @param c                    descriptor of C and D
 * @param reductionSchemeMask  {@code cublasLtReductionScheme_t}: in what an algorithm may add up parts of a sum
 */
public record LtMatmulPlan(GemmPlan gemm, int scaleType, Layout a, Layout b, Layout c, int reductionSchemeMask) {
    /** {@code CUBLASLT_REDUCTION_SCHEME_COMPUTE_TYPE}. */
    public static final int REDUCTION_IN_COMPUTE_TYPE = 2;
    /** {@code CUBLASLT_REDUCTION_SCHEME_MASK}: any. */
    public static final int REDUCTION_IN_ANY_TYPE = 7;

    /** From here on a stricter alignment is no use to any algorithm. */
    private static final long LARGEST_ALIGNMENT = 256;

    /**
     * A matrix, or a batch of them, as {@code cublasLtMatrixLayout_t} describes it.
     *
     * @param type        {@code cudaDataType}
     * @param rows        elements of a column
     * @param columns     columns
     * @param leading     elements from one column to the next
     * @param batchCount  matrices
     * @param batchStride elements from one matrix to the next
     * @param alignment   bytes that the first element's address is a multiple of, at most 256
     */
    public record Layout(int type, long rows, long columns, long leading, int batchCount, long batchStride,
            int alignment) {
    }

    /**
     * Says a plan in cuBLASLt's terms.
     *
     * @throws BadArgumentException if there is nothing to add up, which cuBLASLt does not take
     */
    public static LtMatmulPlan of(GemmPlan gemm) {
        if (gemm.k() == 0) {
            throw new BadArgumentException("gemm: cuBLASLt takes no sums of length 0 with an epilogue");
        }
        boolean plainA = gemm.transa() == GemmPlan.OP_N;
        boolean plainB = gemm.transb() == GemmPlan.OP_N;
        boolean narrower = gemm.cType() != gemm.compute().scale().cudaDataType;
        return new LtMatmulPlan(gemm, gemm.compute().scale().cudaDataType,
                new Layout(gemm.aType(), plainA ? gemm.m() : gemm.k(), plainA ? gemm.k() : gemm.m(), gemm.lda(),
                        gemm.batchCount(), gemm.strideA(), alignment(gemm.a())),
                new Layout(gemm.bType(), plainB ? gemm.k() : gemm.n(), plainB ? gemm.n() : gemm.k(), gemm.ldb(),
                        gemm.batchCount(), gemm.strideB(), alignment(gemm.b())),
                new Layout(gemm.cType(), gemm.m(), gemm.n(), gemm.ldc(), gemm.batchCount(), gemm.strideC(),
                        alignment(gemm.c())),
                narrower && gemm.mathMode() == GemmPlan.DISALLOW_REDUCED_PRECISION_REDUCTION
                        ? REDUCTION_IN_COMPUTE_TYPE : REDUCTION_IN_ANY_TYPE);
    }

    /** What to say when cuBLASLt's heuristic names no algorithm. */
    public String withoutAlgorithm(long workspaceLimit) {
        return "cublasLtMatmulAlgoGetHeuristic: cuBLASLt has no algorithm for " + gemm.compute() + " with the epilogue "
                + gemm.epilogue() + " on these sizes, types and addresses within " + workspaceLimit
                + " bytes of workspace";
    }

    private static int alignment(long address) {
        return (int) Math.min(LARGEST_ALIGNMENT, Long.lowestOneBit(address));
    }
}
