package dev.wick.binding.javacpp;

import dev.wick.binding.CublasBinding;
import dev.wick.binding.GemmPlan;
import dev.wick.binding.GemmSettings;
import dev.wick.binding.Handle;
import dev.wick.error.CublasException;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.util.Optional;
import org.bytedeco.cuda.cublas.cublasContext;
import org.bytedeco.cuda.global.cublas;
import org.bytedeco.cuda.global.cudart;
import org.bytedeco.javacpp.Loader;
import org.bytedeco.javacpp.PointerScope;
import org.bytedeco.pytorch.global.torch_cuda;

/** cuBLAS through JNI over the JavaCPP presets for CUDA, on the presets' natives with CUDA; any platform thread. */
final class JavacppCublas implements CublasBinding {
    private static final int[] VERSION_PARTS = {cudart.MAJOR_VERSION, cudart.MINOR_VERSION, cudart.PATCH_LEVEL};

    /** Loads CUDA's libraries; what it says is why that failed. */
    static Optional<String> load() {
        try {
            Loader.load(torch_cuda.class);
            Loader.load(cublas.class);
            return Optional.empty();
        } catch (LinkageError e) {
            return Optional.of(String.valueOf(e.getMessage()));
        }
    }

    /** cublasGetVersion would take a handle, and so make a context on a device. */
    @Override
    public int version() {
        int version = 0;
        for (int part : VERSION_PARTS) {
            int[] value = new int[1];
            check("cublasGetProperty", cublas.cublasGetProperty(part, value));
            version = 100 * version + value[0];
        }
        return version;
    }

    @Override
    public void gemm(GemmSettings settings, Handle a, Handle b, Handle c) {
        CublasBinding.requirePlatformThread();
        TensorHandle[] tensors = {TensorHandle.of(a), TensorHandle.of(b), TensorHandle.of(c)};
        GemmPlan plan = GemmPlan.of(settings, Tensors.describe(tensors[0]), Tensors.describe(tensors[1]),
                Tensors.describe(tensors[2]));
        if (plan.isEmpty()) {
            return;
        }
        try (Call call = Call.take(); PointerScope _ = new PointerScope()) {
            for (TensorHandle tensor : tensors) {
                call.use(tensor);
            }
            byte before = torch_cuda.ExchangeDevice((byte) plan.device());
            try {
                enqueue(torch_cuda.getCurrentCUDABlasHandle(), plan);
            } finally {
                if (before != plan.device()) {
                    torch_cuda.ExchangeDevice(before);
                }
            }
        } catch (RuntimeException e) {
            throw Errors.of(e);
        }
    }

    /** Calls cuBLAS on a handle that reads alpha and beta on the host, as LibTorch's do; its math mode is put back. */
    static void enqueue(cublasContext handle, GemmPlan plan) {
        int[] before = new int[1];
        check("cublasGetMathMode", cublas.cublasGetMathMode(handle, before));
        // LibTorch's own may be TF32, which would go for every FLOAT32.
        boolean other = before[0] != plan.mathMode();
        if (other) {
            check("cublasSetMathMode", cublas.cublasSetMathMode(handle, plan.mathMode()));
        }
        try (Arena arena = Arena.ofConfined()) {
            call(handle, plan, arena.allocate(GemmPlan.SCALARS_BYTES, Double.BYTES));
        } finally {
            if (other) {
                check("cublasSetMathMode", cublas.cublasSetMathMode(handle, before[0]));
            }
        }
    }

    private static void call(cublasContext handle, GemmPlan plan, MemorySegment scalars) {
        plan.writeScalars(scalars);
        Address alpha = new Address(scalars);
        Address beta = new Address(scalars.asSlice(GemmPlan.BETA_OFFSET));
        Address a = new Address(plan.a());
        Address b = new Address(plan.b());
        Address c = new Address(plan.c());
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

    private static void check(String function, int status) {
        if (status != cublas.CUBLAS_STATUS_SUCCESS) {
            throw new CublasException(function + ": " + cublas.cublasGetStatusName(status).getString() + ": "
                    + cublas.cublasGetStatusString(status).getString(), status);
        }
    }
}
