package dev.wick.binding.panama;

import dev.wick.binding.CublasBinding;
import dev.wick.binding.GemmPlan;
import dev.wick.binding.GemmSettings;
import dev.wick.binding.GradMode;
import dev.wick.binding.Handle;
import dev.wick.binding.LtMatmulPlan;
import dev.wick.binding.PreparedGemm;
import dev.wick.binding.TorchBinding;
import java.lang.foreign.MemorySegment;
import java.util.ArrayList;
import java.util.List;
import java.util.function.Consumer;

/** A gemm on cuBLAS or cuBLASLt: a run makes no object; one thread at a time. */
final class PanamaGemm extends PreparedGemm {
    private static final int UINT8 = 0;
    private static final int CUDA_DEVICE = 1;

    /** Handles of the tensors, and of the workspace. */
    private final List<Handle> held = new ArrayList<>();
    private final CurrentCublas cublas;
    /** Null when C has no elements. */
    private CublasCall call;
    /** {@link CublasCall#enqueue}, made once. */
    private Consumer<MemorySegment> enqueue;
    private long workspaceBytes;

    PanamaGemm(TorchBinding torch, GemmPlan plan, GemmSettings settings, List<Handle> tensors, long stream) {
        this.cublas = new CurrentCublas(plan.device(), stream);
        try {
            for (Handle tensor : tensors) {
                held.add(torch.retain(tensor));
            }
            if (!plan.isEmpty()) {
                call = call(torch, plan, settings);
                enqueue = call::enqueue;
            }
        } catch (RuntimeException e) {
            held.forEach(Handle::close);
            throw e;
        }
    }

    private CublasCall call(TorchBinding torch, GemmPlan plan, GemmSettings settings) {
        if (!plan.needsCublasLt()) {
            return new GemmExCall(plan);
        }
        LtMatmulCall matmul = new LtMatmulCall(LtMatmulPlan.of(plan));
        try {
            cublas.with(handle -> matmul.choose(handle, settings.workspaceLimit()));
            workspaceBytes = matmul.workspaceBytes();
            if (workspaceBytes > 0) {
                Handle workspace = torch.emptyTensor(new long[] {workspaceBytes}, UINT8, CUDA_DEVICE, plan.device(),
                        GradMode.NO_GRAD);
                held.add(workspace);
                matmul.useWorkspace(torch.describe(workspace).data());
            }
            return matmul;
        } catch (RuntimeException e) {
            matmul.free();
            throw e;
        }
    }

    @Override
    public void run() {
        CublasBinding.requirePlatformThread();
        acquire();
        try {
            if (call != null) {
                cublas.with(enqueue);
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
