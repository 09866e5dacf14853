package dev.wick.binding.javacpp;

import dev.wick.binding.LoadedNatives;
import java.util.Optional;
import org.bytedeco.javacpp.Loader;
import org.bytedeco.pytorch.global.torch;

/**
 * Whether cuBLAS can be reached; any thread.
 *
 * <p>Knows none of the presets' CUDA classes, which load CUDA's libraries when they are initialised: those are all in
 * {@link JavacppCublas}, which is not touched before there is a device.
 */
final class CublasAccess {
    static final String THROUGH_PANAMA =
            "through panama on an official LibTorch: --calls panama --natives DIR or --natives python";
    private static final String PLATFORM = "linux-x86_64";
    /** How the presets name their natives with CUDA. */
    static final String CUDA_PLATFORM = PLATFORM + "-gpu";
    private static final String CLASSES = "org/bytedeco/cuda/global/cublas.class";
    private static final String LIBRARY = "org/bytedeco/cuda/" + PLATFORM + "/libjnicublas.so";

    private CublasAccess() {
    }

    /** Whether these are the presets' natives with CUDA. */
    static boolean hasCuda(LoadedNatives natives) {
        return natives.directory().endsWith(CUDA_PLATFORM);
    }

    /** Why there is no cuBLAS, with the choice that has it. */
    static Optional<String> obstacle(LoadedNatives natives) {
        if (!hasCuda(natives)) {
            return Optional.of("javacpp runs on the presets' CPU natives; cuBLAS is reached with those of "
                    + "org.bytedeco:pytorch with the classifier " + CUDA_PLATFORM + ", or " + THROUGH_PANAMA);
        }
        ClassLoader loader = Loader.class.getClassLoader();
        if (loader.getResource(CLASSES) == null || loader.getResource(LIBRARY) == null) {
            return Optional.of("the presets' natives with CUDA are here, but not those of cuBLAS: add "
                    + "org.bytedeco:cuda with and without the classifier " + PLATFORM + ", or reach it "
                    + THROUGH_PANAMA);
        }
        if (!torch.hasCUDA()) {
            return Optional.of("the presets' natives with CUDA see no CUDA device on this machine; where there is one, "
                    + "cuBLAS is also reached " + THROUGH_PANAMA);
        }
        return JavacppCublas.load().map(reason -> "the presets' CUDA libraries cannot be loaded (" + reason
                + "); cuBLAS is reached with CUDA 13 on this machine, or " + THROUGH_PANAMA);
    }
}
