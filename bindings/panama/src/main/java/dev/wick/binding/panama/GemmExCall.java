package dev.wick.binding.panama;

import static dev.wick.binding.panama.CublasCall.check;

import dev.wick.binding.GemmPlan;
import dev.wick.binding.panama.generated.cublas.Cublas;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;

/** {@code cublasGemmEx} or {@code cublasGemmStridedBatchedEx}, in the plan's math mode; one thread at a time. */
final class GemmExCall implements CublasCall {
    private final GemmPlan plan;
    private final MemorySegment alpha;
    private final MemorySegment beta;
    private final MemorySegment mode;
    private final MemorySegment a;
    private final MemorySegment b;
    private final MemorySegment c;

    GemmExCall(GemmPlan plan) {
        this.plan = plan;
        Arena arena = Arena.ofAuto();
        alpha = arena.allocate(GemmPlan.SCALARS_BYTES, ValueLayout.JAVA_DOUBLE.byteAlignment());
        plan.writeScalars(alpha);
        beta = alpha.asSlice(GemmPlan.BETA_OFFSET);
        mode = arena.allocate(ValueLayout.JAVA_INT);
        a = MemorySegment.ofAddress(plan.a());
        b = MemorySegment.ofAddress(plan.b());
        c = MemorySegment.ofAddress(plan.c());
    }

    /** The handle's math mode is put back. */
    @Override
    public void enqueue(MemorySegment handle) {
        check("cublasGetMathMode", Cublas.cublasGetMathMode(handle, mode));
        int before = mode.get(ValueLayout.JAVA_INT, 0);
        // LibTorch's own may be TF32, which would go for every FLOAT32.
        boolean other = before != plan.mathMode();
        if (other) {
            check("cublasSetMathMode", Cublas.cublasSetMathMode(handle, plan.mathMode()));
        }
        try {
            call(handle);
        } finally {
            if (other) {
                check("cublasSetMathMode", Cublas.cublasSetMathMode(handle, before));
            }
        }
    }

    private void call(MemorySegment handle) {
        if (plan.isBatched()) {
            check("cublasGemmStridedBatchedEx", Cublas.cublasGemmStridedBatchedEx(handle, plan.transa(), plan.transb(),
                    plan.m(), plan.n(), plan.k(), alpha, a, plan.aType(), plan.lda(), plan.strideA(), b, plan.bType(),
                    plan.ldb(), plan.strideB(), beta, c, plan.cType(), plan.ldc(), plan.strideC(), plan.batchCount(),
                    plan.compute().code(), GemmPlan.ALGORITHM));
        } else {
            check("cublasGemmEx", Cublas.cublasGemmEx(handle, plan.transa(), plan.transb(), plan.m(), plan.n(),
                    plan.k(), alpha, a, plan.aType(), plan.lda(), b, plan.bType(), plan.ldb(), beta, c, plan.cType(),
                    plan.ldc(), plan.compute().code(), GemmPlan.ALGORITHM));
        }
    }

    @Override
    public void free() {
        // Its memory goes with it.
    }
}
