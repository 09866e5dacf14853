package dev.wick.binding.javacpp;

import static dev.wick.binding.javacpp.CublasCall.check;

import dev.wick.binding.GemmPlan;
import dev.wick.binding.LtMatmulPlan;
import dev.wick.error.CublasException;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import org.bytedeco.cuda.cublas.cublasContext;
import org.bytedeco.cuda.cublas.cublasLtContext;
import org.bytedeco.cuda.cublas.cublasLtMatmulAlgo_t;
import org.bytedeco.cuda.cublas.cublasLtMatmulDescOpaque_t;
import org.bytedeco.cuda.cublas.cublasLtMatmulHeuristicResult_t;
import org.bytedeco.cuda.cublas.cublasLtMatmulPreferenceOpaque_t;
import org.bytedeco.cuda.cublas.cublasLtMatrixLayoutOpaque_t;
import org.bytedeco.cuda.cudart.CUstream_st;
import org.bytedeco.cuda.global.cublas;
import org.bytedeco.javacpp.Loader;
import org.bytedeco.javacpp.Pointer;
import org.bytedeco.javacpp.PointerPointer;

/**
 * {@code cublasLtMatmul} with its descriptors and the algorithm that the heuristic chose; one thread at a time.
 *
 * <p>A cuBLAS handle is a cuBLASLt handle too (NVIDIA's manual, at cublasLtHandle_t), so LibTorch's serves. cuBLASLt
 * makes its descriptors itself: their sizes, unlike the algorithm's, are not those of CUDA 12 in CUDA 13.
 */
final class LtMatmulCall implements CublasCall {
    private final LtMatmulPlan plan;
    private final Arena arena = Arena.ofAuto();
    private final MemorySegment scalars = arena.allocate(GemmPlan.SCALARS_BYTES, Double.BYTES);
    private final Address alpha = new Address(scalars);
    private final Address beta = new Address(scalars.asSlice(GemmPlan.BETA_OFFSET));
    private final CUstream_st stream = new CUstream_st();
    private final Address a;
    private final Address b;
    private final Address c;
    private cublasLtMatmulDescOpaque_t operation;
    private cublasLtMatrixLayoutOpaque_t layoutA;
    private cublasLtMatrixLayoutOpaque_t layoutB;
    private cublasLtMatrixLayoutOpaque_t layoutC;
    private cublasLtMatmulAlgo_t algorithm;
    private long workspaceBytes;
    private Address workspace = new Address(0);

    /** Makes the descriptors; no device is needed for that. */
    LtMatmulCall(LtMatmulPlan plan) {
        this.plan = plan;
        GemmPlan gemm = plan.gemm();
        gemm.writeScalars(scalars);
        a = new Address(gemm.a());
        b = new Address(gemm.b());
        c = new Address(gemm.c());
        try {
            operation = new cublasLtMatmulDescOpaque_t(make("cublasLtMatmulDescCreate",
                    target -> cublas.cublasLtMatmulDescCreate(target, gemm.compute().code(), plan.scaleType())));
            set(cublas.CUBLASLT_MATMUL_DESC_TRANSA, gemm.transa());
            set(cublas.CUBLASLT_MATMUL_DESC_TRANSB, gemm.transb());
            set(cublas.CUBLASLT_MATMUL_DESC_EPILOGUE, gemm.epilogue().code());
            if (gemm.bias() != 0) {
                set(cublas.CUBLASLT_MATMUL_DESC_BIAS_POINTER, arena.allocateFrom(ValueLayout.JAVA_LONG, gemm.bias()));
            }
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
        int make(PointerPointer<Pointer> target);
    }

    private Pointer make(String function, Maker maker) {
        MemorySegment target = arena.allocate(ValueLayout.ADDRESS);
        check(function, maker.make(new PointerPointer<>(new Address(target))));
        return new Address(target.get(ValueLayout.JAVA_LONG, 0));
    }

    private void set(int attribute, int value) {
        set(attribute, arena.allocateFrom(ValueLayout.JAVA_INT, value));
    }

    private void set(int attribute, MemorySegment value) {
        check("cublasLtMatmulDescSetAttribute",
                cublas.cublasLtMatmulDescSetAttribute(operation, attribute, new Address(value), value.byteSize()));
    }

    private cublasLtMatrixLayoutOpaque_t layout(LtMatmulPlan.Layout layout) {
        cublasLtMatrixLayoutOpaque_t made = new cublasLtMatrixLayoutOpaque_t(make("cublasLtMatrixLayoutCreate",
                target -> cublas.cublasLtMatrixLayoutCreate(target, layout.type(), layout.rows(), layout.columns(),
                        layout.leading())));
        if (layout.batchCount() > 1) {
            try {
                set(made, cublas.CUBLASLT_MATRIX_LAYOUT_BATCH_COUNT,
                        arena.allocateFrom(ValueLayout.JAVA_INT, layout.batchCount()));
                set(made, cublas.CUBLASLT_MATRIX_LAYOUT_STRIDED_BATCH_OFFSET,
                        arena.allocateFrom(ValueLayout.JAVA_LONG, layout.batchStride()));
            } catch (RuntimeException e) {
                cublas.cublasLtMatrixLayoutDestroy(made);
                throw e;
            }
        }
        return made;
    }

    private static void set(cublasLtMatrixLayoutOpaque_t layout, int attribute, MemorySegment value) {
        check("cublasLtMatrixLayoutSetAttribute",
                cublas.cublasLtMatrixLayoutSetAttribute(layout, attribute, new Address(value), value.byteSize()));
    }

    /**
     * Asks the heuristic for an algorithm; {@link #workspaceBytes()} is known from then on.
     *
     * @throws CublasException if there is none
     */
    void choose(cublasContext handle, long workspaceLimit) {
        cublasLtMatmulPreferenceOpaque_t preference = new cublasLtMatmulPreferenceOpaque_t(
                make("cublasLtMatmulPreferenceCreate", cublas::cublasLtMatmulPreferenceCreate));
        try {
            prefer(preference, cublas.CUBLASLT_MATMUL_PREF_MAX_WORKSPACE_BYTES,
                    arena.allocateFrom(ValueLayout.JAVA_LONG, workspaceLimit));
            prefer(preference, cublas.CUBLASLT_MATMUL_PREF_REDUCTION_SCHEME_MASK, plan.reductionSchemeMask());
            prefer(preference, cublas.CUBLASLT_MATMUL_PREF_MIN_ALIGNMENT_A_BYTES, plan.a().alignment());
            prefer(preference, cublas.CUBLASLT_MATMUL_PREF_MIN_ALIGNMENT_B_BYTES, plan.b().alignment());
            prefer(preference, cublas.CUBLASLT_MATMUL_PREF_MIN_ALIGNMENT_C_BYTES, plan.c().alignment());
            prefer(preference, cublas.CUBLASLT_MATMUL_PREF_MIN_ALIGNMENT_D_BYTES, plan.c().alignment());
            cublasLtMatmulHeuristicResult_t result = new cublasLtMatmulHeuristicResult_t(new Address(
                    arena.allocate(Loader.sizeof(cublasLtMatmulHeuristicResult_t.class), Long.BYTES)));
            int[] count = new int[1];
            int status = cublas.cublasLtMatmulAlgoGetHeuristic(new cublasLtContext(handle), operation, layoutA, layoutB,
                    layoutC, layoutC, preference, 1, result, count);
            // Some versions answer "not supported", some succeed and name none.
            if (status == cublas.CUBLAS_STATUS_NOT_SUPPORTED
                    || status == cublas.CUBLAS_STATUS_SUCCESS && count[0] == 0) {
                throw new CublasException(plan.withoutAlgorithm(workspaceLimit), cublas.CUBLAS_STATUS_NOT_SUPPORTED);
            }
            check("cublasLtMatmulAlgoGetHeuristic", status);
            check("cublasLtMatmulAlgoGetHeuristic", result.state());
            algorithm = result.algo();
            workspaceBytes = result.workspaceSize();
        } finally {
            cublas.cublasLtMatmulPreferenceDestroy(preference);
        }
    }

    private void prefer(cublasLtMatmulPreferenceOpaque_t preference, int attribute, int value) {
        prefer(preference, attribute, arena.allocateFrom(ValueLayout.JAVA_INT, value));
    }

    private static void prefer(cublasLtMatmulPreferenceOpaque_t preference, int attribute, MemorySegment value) {
        check("cublasLtMatmulPreferenceSetAttribute", cublas.cublasLtMatmulPreferenceSetAttribute(preference, attribute,
                new Address(value), value.byteSize()));
    }

    /** Bytes of device memory that the algorithm needs. */
    long workspaceBytes() {
        return workspaceBytes;
    }

    /** Gives the algorithm its memory, which must outlive what is enqueued. */
    void useWorkspace(long address) {
        workspace = new Address(address);
    }

    /** On the stream that the handle is set to. */
    @Override
    public void enqueue(cublasContext handle) {
        check("cublasGetStream", cublas.cublasGetStream_v2(handle, stream));
        check("cublasLtMatmul", cublas.cublasLtMatmul(new cublasLtContext(handle), operation, alpha, a, layoutA, b,
                layoutB, beta, c, layoutC, c, layoutC, algorithm, workspace, workspaceBytes, stream));
    }

    @Override
    public void free() {
        // Destroying them cannot fail, and there is nobody to tell.
        if (operation != null) {
            cublas.cublasLtMatmulDescDestroy(operation);
        }
        for (cublasLtMatrixLayoutOpaque_t layout : new cublasLtMatrixLayoutOpaque_t[] {layoutA, layoutB, layoutC}) {
            if (layout != null) {
                cublas.cublasLtMatrixLayoutDestroy(layout);
            }
        }
    }
}
