package dev.wick.binding.javacpp;

import dev.wick.binding.CublasBinding;
import dev.wick.binding.GemmPlan;
import dev.wick.binding.GemmSettings;
import dev.wick.binding.Handle;
import dev.wick.binding.PreparedGemm;
import dev.wick.binding.TensorDescription;
import dev.wick.error.UnsupportedFeatureException;
import java.util.List;
import java.util.Objects;
import java.util.Optional;
import java.util.stream.Stream;
import org.bytedeco.cuda.global.cublas;
import org.bytedeco.cuda.global.cudart;
import org.bytedeco.javacpp.Loader;
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
            CublasCall.check("cublasGetProperty", cublas.cublasGetProperty(part, value));
            version = 100 * version + value[0];
        }
        return version;
    }

    @Override
    public PreparedGemm prepare(GemmSettings settings, Handle a, Handle b, Handle c, Handle bias, long stream) {
        if (stream != 0) {
            throw new UnsupportedFeatureException("a gemm on a CUDA stream of one's choice needs -Dwick.calls=panama, "
                    + "through which LibTorch's handle is asked for on that stream");
        }
        CublasBinding.requirePlatformThread();
        List<TensorHandle> tensors = Stream.of(a, b, c, bias).filter(Objects::nonNull).map(TensorHandle::of).toList();
        List<TensorDescription> descriptions = tensors.stream().map(Tensors::describe).toList();
        GemmPlan plan = GemmPlan.of(settings, descriptions.get(0), descriptions.get(1), descriptions.get(2),
                bias == null ? null : descriptions.get(3)).requireCuda();
        return new JavacppGemm(plan, settings, tensors);
    }
}
