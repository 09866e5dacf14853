package dev.wick.binding.javacpp;

import static dev.wick.binding.javacpp.CublasCall.check;

import dev.wick.binding.GemmPlan;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import org.bytedeco.cuda.cublas.cublasContext;
import org.bytedeco.cuda.global.cublas;

/** {@code cublasGemmEx} or {@code cublasGemmStridedBatchedEx}, in the plan's math mode; one thread at a time. */
final class GemmExCall implements CublasCall {
    private final GemmPlan plan;
    /** alpha and beta. */
    private final MemorySegment scalars = Arena.ofAuto().allocate(GemmPlan.SCALARS_BYTES, Double.BYTES);
    private final Address alpha = new Address(scalars);
    private final Address beta = new Address(scalars.asSlice(GemmPlan.BETA_OFFSET));
    private final int[] mode = new int[1];
    private final Address a;
    private final Address b;
    private final Address c;

    GemmExCall(GemmPlan plan) {
        this.plan = plan;
        plan.writeScalars(scalars);
        a = new Address(plan.a());
        b = new Address(plan.b());
        c = new Address(plan.c());
    }

    /** The handle's math mode is put back. */
    @Override
    public void enqueue(cublasContext handle) {
        check("cublasGetMathMode", cublas.cublasGetMathMode(handle, mode));
        int before = mode[0];
        // LibTorch's own may be TF32, which would go for every FLOAT32.
        boolean other = before != plan.mathMode();
        if (other) {
            check("cublasSetMathMode", cublas.cublasSetMathMode(handle, plan.mathMode()));
        }
        try {
            call(handle);
        } finally {
            if (other) {
                check("cublasSetMathMode", cublas.cublasSetMathMode(handle, before));
            }
        }
    }

    private void call(cublasContext handle) {
        if (plan.isBatched()) {
            check("cublasGemmStridedBatchedEx", cublas.cublasGemmStridedBatchedEx(handle, plan.transa(), plan.transb(),
                    plan.m(), plan.n(), plan.k(), alpha, a, plan.aType(), plan.lda(), plan.strideA(), b, plan.bType(),
                    plan.ldb(), plan.strideB(), beta, c, plan.cType(), plan.ldc(), plan.strideC(), plan.batchCount(),
                    plan.compute().code(), GemmPlan.ALGORITHM));
        } else {
            check("cublasGemmEx", cublas.cublasGemmEx(handle, plan.transa(), plan.transb(), plan.m(), plan.n(),
                    plan.k(), alpha, a, plan.aType(), plan.lda(), b, plan.bType(), plan.ldb(), beta, c, plan.cType(),
                    plan.ldc(), plan.compute().code(), GemmPlan.ALGORITHM));
        }
    }

    @Override
    public void free() {
        // Its memory goes with it.
    }
}
