package dev.wick.binding.javacpp;

import dev.wick.binding.CublasBinding;
import dev.wick.binding.GemmPlan;
import dev.wick.binding.GemmSettings;
import dev.wick.binding.GradMode;
import dev.wick.binding.Handle;
import dev.wick.binding.LtMatmulPlan;
import dev.wick.binding.PreparedGemm;
import java.util.ArrayList;
import java.util.List;
import java.util.function.Consumer;
import org.bytedeco.cuda.cublas.cublasContext;
import org.bytedeco.javacpp.PointerScope;
import org.bytedeco.pytorch.global.torch_cuda;

/** A gemm on cuBLAS or cuBLASLt; one thread at a time. */
final class JavacppGemm extends PreparedGemm {
    private static final int UINT8 = 0;
    private static final int CUDA_DEVICE = 1;

    /** Handles of the tensors, and of the workspace. */
    private final List<Handle> held = new ArrayList<>();
    private final int device;
    /** Null when C has no elements. */
    private CublasCall call;
    private long workspaceBytes;

    JavacppGemm(GemmPlan plan, GemmSettings settings, List<TensorHandle> tensors) {
        this.device = plan.device();
        try {
            for (TensorHandle tensor : tensors) {
                held.add(Tensors.retain(tensor));
            }
            if (!plan.isEmpty()) {
                call = call(plan, settings);
            }
        } catch (RuntimeException e) {
            held.forEach(Handle::close);
            throw e;
        }
    }

    private CublasCall call(GemmPlan plan, GemmSettings settings) {
        if (!plan.needsCublasLt()) {
            return new GemmExCall(plan);
        }
        LtMatmulCall matmul = new LtMatmulCall(LtMatmulPlan.of(plan));
        try {
            withHandle(handle -> matmul.choose(handle, settings.workspaceLimit()));
            workspaceBytes = matmul.workspaceBytes();
            if (workspaceBytes > 0) {
                Handle workspace = Tensors.empty(new long[] {workspaceBytes}, UINT8, CUDA_DEVICE, device,
                        GradMode.NO_GRAD);
                held.add(workspace);
                matmul.useWorkspace(Tensors.describe(TensorHandle.of(workspace)).data());
            }
            return matmul;
        } catch (RuntimeException e) {
            matmul.free();
            throw e;
        }
    }

    /**
     * Has something done with LibTorch's handle for the calling thread, set to its current stream, while the device is
     * the thread's current one.
     */
    private void withHandle(Consumer<cublasContext> work) {
        try (PointerScope _ = new PointerScope()) {
            byte before = torch_cuda.ExchangeDevice((byte) device);
            try {
                work.accept(torch_cuda.getCurrentCUDABlasHandle());
            } finally {
                if (before != device) {
                    torch_cuda.ExchangeDevice(before);
                }
            }
        } catch (RuntimeException e) {
            throw Errors.of(e);
        }
    }

    @Override
    public void run() {
        CublasBinding.requirePlatformThread();
        acquire();
        try {
            if (call != null) {
                withHandle(call::enqueue);
            }
        } finally {
            release();
        }
    }

    @Override
    public long bufferBytes() {
        return workspaceBytes;
    }

    @Override
    protected void free() {
        if (call != null) {
            call.free();
        }
        held.forEach(Handle::close);
    }
}
