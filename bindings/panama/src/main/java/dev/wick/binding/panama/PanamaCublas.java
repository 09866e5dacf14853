package dev.wick.binding.panama;

import dev.wick.binding.CublasBinding;
import dev.wick.binding.GemmPlan;
import dev.wick.binding.GemmSettings;
import dev.wick.binding.Handle;
import dev.wick.binding.TorchBinding;
import dev.wick.binding.panama.PanamaHandle.Kind;
import dev.wick.binding.panama.generated.cublas.Cublas;
import dev.wick.binding.panama.generated.cuda.WickCuda;
import dev.wick.error.CublasException;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;

/** cuBLAS through FFM over its own header, once wick_cuda and libcublas are loaded; any platform thread. */
final class PanamaCublas implements CublasBinding {
    private final TorchBinding torch;

    PanamaCublas(TorchBinding torch) {
        this.torch = torch;
    }

    /** cublasGetVersion would take a handle, and so make a context on a device. */
    @Override
    public int version() {
        try (Arena arena = Arena.ofConfined()) {
            MemorySegment value = arena.allocate(ValueLayout.JAVA_INT);
            int version = 0;
            for (int part : new int[] {Cublas.MAJOR_VERSION(), Cublas.MINOR_VERSION(), Cublas.PATCH_LEVEL()}) {
                check("cublasGetProperty", Cublas.cublasGetProperty(part, value));
                version = 100 * version + value.get(ValueLayout.JAVA_INT, 0);
            }
            return version;
        }
    }

    @Override
    public void gemm(GemmSettings settings, Handle a, Handle b, Handle c) {
        CublasBinding.requirePlatformThread();
        GemmPlan plan = GemmPlan.of(settings, torch.describe(a), torch.describe(b), torch.describe(c));
        if (plan.isEmpty()) {
            return;
        }
        try (Frame frame = Frame.take(); Arena arena = Arena.ofConfined()) {
            for (Handle tensor : new Handle[] {a, b, c}) {
                frame.arguments.acquire(PanamaHandle.of(tensor, Kind.TENSOR));
            }
            MemorySegment previous = arena.allocate(ValueLayout.JAVA_INT);
            frame.check(WickCuda.wick_cuda_set_device(plan.device(), previous, frame.error));
            int before = previous.get(ValueLayout.JAVA_INT, 0);
            try {
                frame.check(WickCuda.wick_cuda_cublas_handle(0, frame.out, frame.error));
                enqueue(MemorySegment.ofAddress(frame.outValue()), plan, arena);
            } finally {
                if (before != plan.device()) {
                    frame.check(WickCuda.wick_cuda_set_device(before, MemorySegment.NULL, frame.error));
                }
            }
        }
    }

    /** Calls cuBLAS on a handle that reads alpha and beta on the host, as LibTorch's do; its math mode is put back. */
    static void enqueue(MemorySegment handle, GemmPlan plan, Arena arena) {
        MemorySegment mode = arena.allocate(ValueLayout.JAVA_INT);
        check("cublasGetMathMode", Cublas.cublasGetMathMode(handle, mode));
        int before = mode.get(ValueLayout.JAVA_INT, 0);
        // LibTorch's own may be TF32, which would go for every FLOAT32.
        boolean other = before != plan.mathMode();
        if (other) {
            check("cublasSetMathMode", Cublas.cublasSetMathMode(handle, plan.mathMode()));
        }
        try {
            call(handle, plan, arena);
        } finally {
            if (other) {
                check("cublasSetMathMode", Cublas.cublasSetMathMode(handle, before));
            }
        }
    }

    private static void call(MemorySegment handle, GemmPlan plan, Arena arena) {
        MemorySegment alpha = arena.allocate(GemmPlan.SCALARS_BYTES, ValueLayout.JAVA_DOUBLE.byteAlignment());
        plan.writeScalars(alpha);
        MemorySegment beta = alpha.asSlice(GemmPlan.BETA_OFFSET);
        MemorySegment a = MemorySegment.ofAddress(plan.a());
        MemorySegment b = MemorySegment.ofAddress(plan.b());
        MemorySegment c = MemorySegment.ofAddress(plan.c());
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

    private static void check(String function, int status) {
        if (status != Cublas.CUBLAS_STATUS_SUCCESS()) {
            throw new CublasException(function + ": " + text(Cublas.cublasGetStatusName(status)) + ": "
                    + text(Cublas.cublasGetStatusString(status)), status);
        }
    }

    private static String text(MemorySegment text) {
        return text.reinterpret(Long.MAX_VALUE).getString(0);
    }
}
