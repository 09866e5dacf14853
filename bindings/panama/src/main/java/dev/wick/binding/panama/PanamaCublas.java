package dev.wick.binding.panama;

import dev.wick.binding.CublasBinding;
import dev.wick.binding.GemmPlan;
import dev.wick.binding.GemmSettings;
import dev.wick.binding.Handle;
import dev.wick.binding.PreparedGemm;
import dev.wick.binding.TorchBinding;
import dev.wick.binding.panama.generated.cublas.Cublas;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.util.List;
import java.util.Objects;
import java.util.stream.Stream;

/** cuBLAS through FFM over its own headers, once wick_cuda and libcublas are loaded; any platform thread. */
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
                CublasCall.check("cublasGetProperty", Cublas.cublasGetProperty(part, value));
                version = 100 * version + value.get(ValueLayout.JAVA_INT, 0);
            }
            return version;
        }
    }

    @Override
    public PreparedGemm prepare(GemmSettings settings, Handle a, Handle b, Handle c, Handle bias, long stream) {
        CublasBinding.requirePlatformThread();
        List<Handle> tensors = Stream.of(a, b, c, bias).filter(Objects::nonNull).toList();
        GemmPlan plan = GemmPlan.of(settings, torch.describe(a), torch.describe(b), torch.describe(c),
                bias == null ? null : torch.describe(bias)).requireCuda();
        return new PanamaGemm(torch, plan, settings, tensors, stream);
    }
}
