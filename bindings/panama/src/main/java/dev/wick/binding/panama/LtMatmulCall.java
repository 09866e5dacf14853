package dev.wick.binding.panama;

import static dev.wick.binding.panama.CublasCall.check;

import dev.wick.binding.GemmPlan;
import dev.wick.binding.LtMatmulPlan;
import dev.wick.binding.panama.generated.cublas.Cublas;
import dev.wick.binding.panama.generated.cublaslt.CublasLt;
import dev.wick.binding.panama.generated.cublaslt.cublasLtMatmulHeuristicResult_t;
import dev.wick.error.CublasException;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;

/**
 * {@code cublasLtMatmul} with its descriptors and the algorithm that the heuristic chose; one thread at a time.
 *
 * <p>A cuBLAS handle is a cuBLASLt handle too (NVIDIA's manual, at cublasLtHandle_t), so LibTorch's serves. cuBLASLt
 * makes its descriptors itself: their sizes, unlike the algorithm's, are not those of CUDA 12 in CUDA 13.
 */
final class LtMatmulCall implements CublasCall {
    private final LtMatmulPlan plan;
    private final Arena arena = Arena.ofAuto();
    private final MemorySegment alpha = arena.allocate(GemmPlan.SCALARS_BYTES, ValueLayout.JAVA_DOUBLE.byteAlignment());
    private final MemorySegment beta = alpha.asSlice(GemmPlan.BETA_OFFSET);
    private final MemorySegment stream = arena.allocate(ValueLayout.ADDRESS);
    private final MemorySegment a;
    private final MemorySegment b;
    private final MemorySegment c;
    private MemorySegment operation = MemorySegment.NULL;
    private MemorySegment layoutA = MemorySegment.NULL;
    private MemorySegment layoutB = MemorySegment.NULL;
    private MemorySegment layoutC = MemorySegment.NULL;
    private MemorySegment algorithm;
    private long workspaceBytes;
    private MemorySegment workspace = MemorySegment.NULL;
    private long streamAddress;
    private MemorySegment streamPointer = MemorySegment.NULL;

    /** Makes the descriptors; no device is needed for that. */
    LtMatmulCall(LtMatmulPlan plan) {
        this.plan = plan;
        GemmPlan gemm = plan.gemm();
        gemm.writeScalars(alpha);
        a = MemorySegment.ofAddress(gemm.a());
        b = MemorySegment.ofAddress(gemm.b());
        c = MemorySegment.ofAddress(gemm.c());
        try {
            operation = operation();
            layoutA = layout(plan.a());
            layoutB = layout(plan.b());
            layoutC = layout(plan.c());
        } catch (RuntimeException e) {
            free();
            throw e;
        }
    }

    /** Something that cuBLASLt makes by way of an out parameter. */
    private interface Maker {
        int make(MemorySegment target);
    }

    private MemorySegment make(String function, Maker maker) {
        MemorySegment target = arena.allocate(ValueLayout.ADDRESS);
        check(function, maker.make(target));
        return target.get(ValueLayout.ADDRESS, 0);
    }

    private MemorySegment operation() {
        GemmPlan gemm = plan.gemm();
        operation = make("cublasLtMatmulDescCreate",
                target -> CublasLt.cublasLtMatmulDescCreate(target, gemm.compute().code(), plan.scaleType()));
        set(CublasLt.CUBLASLT_MATMUL_DESC_TRANSA(), gemm.transa());
        set(CublasLt.CUBLASLT_MATMUL_DESC_TRANSB(), gemm.transb());
        set(CublasLt.CUBLASLT_MATMUL_DESC_EPILOGUE(), gemm.epilogue().code());
        if (gemm.bias() != 0) {
            set(CublasLt.CUBLASLT_MATMUL_DESC_BIAS_POINTER(), gemm.bias());
        }
        return operation;
    }

    private void set(int attribute, int value) {
        set(attribute, arena.allocateFrom(ValueLayout.JAVA_INT, value));
    }

    private void set(int attribute, long value) {
        set(attribute, arena.allocateFrom(ValueLayout.JAVA_LONG, value));
    }

    private void set(int attribute, MemorySegment value) {
        check("cublasLtMatmulDescSetAttribute",
                CublasLt.cublasLtMatmulDescSetAttribute(operation, attribute, value, value.byteSize()));
    }

    private MemorySegment layout(LtMatmulPlan.Layout layout) {
        MemorySegment made = make("cublasLtMatrixLayoutCreate", target -> CublasLt.cublasLtMatrixLayoutCreate(target,
                layout.type(), layout.rows(), layout.columns(), layout.leading()));
        if (layout.batchCount() > 1) {
            try {
                set(made, CublasLt.CUBLASLT_MATRIX_LAYOUT_BATCH_COUNT(),
                        arena.allocateFrom(ValueLayout.JAVA_INT, layout.batchCount()));
                set(made, CublasLt.CUBLASLT_MATRIX_LAYOUT_STRIDED_BATCH_OFFSET(),
                        arena.allocateFrom(ValueLayout.JAVA_LONG, layout.batchStride()));
            } catch (RuntimeException e) {
                CublasLt.cublasLtMatrixLayoutDestroy(made);
                throw e;
            }
        }
        return made;
    }

    private static void set(MemorySegment layout, int attribute, MemorySegment value) {
        check("cublasLtMatrixLayoutSetAttribute",
                CublasLt.cublasLtMatrixLayoutSetAttribute(layout, attribute, value, value.byteSize()));
    }

    /**
     * Asks the heuristic for an algorithm; {@link #workspaceBytes()} is known from then on.
     *
     * @throws CublasException if there is none
     */
    void choose(MemorySegment handle, long workspaceLimit) {
        MemorySegment preference = make("cublasLtMatmulPreferenceCreate", CublasLt::cublasLtMatmulPreferenceCreate);
        try {
            prefer(preference, CublasLt.CUBLASLT_MATMUL_PREF_MAX_WORKSPACE_BYTES(),
                    arena.allocateFrom(ValueLayout.JAVA_LONG, workspaceLimit));
            prefer(preference, CublasLt.CUBLASLT_MATMUL_PREF_REDUCTION_SCHEME_MASK(), plan.reductionSchemeMask());
            prefer(preference, CublasLt.CUBLASLT_MATMUL_PREF_MIN_ALIGNMENT_A_BYTES(), plan.a().alignment());
            prefer(preference, CublasLt.CUBLASLT_MATMUL_PREF_MIN_ALIGNMENT_B_BYTES(), plan.b().alignment());
            prefer(preference, CublasLt.CUBLASLT_MATMUL_PREF_MIN_ALIGNMENT_C_BYTES(), plan.c().alignment());
            prefer(preference, CublasLt.CUBLASLT_MATMUL_PREF_MIN_ALIGNMENT_D_BYTES(), plan.c().alignment());
            MemorySegment result = cublasLtMatmulHeuristicResult_t.allocate(arena);
            MemorySegment count = arena.allocate(ValueLayout.JAVA_INT);
            int status = CublasLt.cublasLtMatmulAlgoGetHeuristic(handle, operation, layoutA, layoutB, layoutC, layoutC,
                    preference, 1, result, count);
            // Some versions answer "not supported", some succeed and name none.
            if (status == CublasLt.CUBLAS_STATUS_NOT_SUPPORTED()
                    || status == CublasLt.CUBLAS_STATUS_SUCCESS() && count.get(ValueLayout.JAVA_INT, 0) == 0) {
                throw new CublasException(plan.withoutAlgorithm(workspaceLimit),
                        CublasLt.CUBLAS_STATUS_NOT_SUPPORTED());
            }
            check("cublasLtMatmulAlgoGetHeuristic", status);
            check("cublasLtMatmulAlgoGetHeuristic", cublasLtMatmulHeuristicResult_t.state(result));
            algorithm = cublasLtMatmulHeuristicResult_t.algo(result);
            workspaceBytes = cublasLtMatmulHeuristicResult_t.workspaceSize(result);
        } finally {
            CublasLt.cublasLtMatmulPreferenceDestroy(preference);
        }
    }

    private void prefer(MemorySegment preference, int attribute, int value) {
        prefer(preference, attribute, arena.allocateFrom(ValueLayout.JAVA_INT, value));
    }

    private static void prefer(MemorySegment preference, int attribute, MemorySegment value) {
        check("cublasLtMatmulPreferenceSetAttribute",
                CublasLt.cublasLtMatmulPreferenceSetAttribute(preference, attribute, value, value.byteSize()));
    }

    /** Bytes of device memory that the algorithm needs. */
    long workspaceBytes() {
        return workspaceBytes;
    }

    /** Gives the algorithm its memory, which must outlive what is enqueued. */
    void useWorkspace(long address) {
        workspace = MemorySegment.ofAddress(address);
    }

    /** On the stream that the handle is set to. */
    @Override
    public void enqueue(MemorySegment handle) {
        check("cublasGetStream", Cublas.cublasGetStream_v2(handle, stream));
        long address = stream.get(ValueLayout.JAVA_LONG, 0);
        if (address != streamAddress) {
            streamPointer = MemorySegment.ofAddress(address);
            streamAddress = address;
        }
        check("cublasLtMatmul", CublasLt.cublasLtMatmul(handle, operation, alpha, a, layoutA, b, layoutB, beta, c,
                layoutC, c, layoutC, algorithm, workspace, workspaceBytes, streamPointer));
    }

    @Override
    public void free() {
        // Destroying them cannot fail, and there is nobody to tell.
        if (operation.address() != 0) {
            CublasLt.cublasLtMatmulDescDestroy(operation);
        }
        for (MemorySegment layout : new MemorySegment[] {layoutA, layoutB, layoutC}) {
            if (layout.address() != 0) {
                CublasLt.cublasLtMatrixLayoutDestroy(layout);
            }
        }
    }
}
