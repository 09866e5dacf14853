package dev.wick.binding.javacpp;

import static org.assertj.core.api.Assertions.assertThat;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import dev.wick.binding.TorchBinding;
import java.lang.management.ManagementFactory;
import java.nio.file.Files;
import java.nio.file.Path;
import javax.management.ObjectName;
import org.junit.jupiter.api.Test;

/** Without a device, nothing of CUDA is touched. */
class CublasAccessTest {

    @Test
    void onTheCpuNoClassOfCudaIsLoaded() throws Exception {
        TorchBinding binding = Bindings.opened();
        assumeTrue(binding.cublas().isEmpty(), "cuBLAS is there");
        assertThat(binding.missingFeatures().get(TorchBinding.CUBLAS)).contains("linux-x86_64-gpu", "--calls panama");
        String loaded = (String) ManagementFactory.getPlatformMBeanServer().invoke(
                new ObjectName("com.sun.management:type=DiagnosticCommand"), "vmClassHierarchy",
                new Object[] {new String[0]}, new String[] {String[].class.getName()});
        assertThat(loaded).contains("org.bytedeco.pytorch.global.torch", CublasAccess.class.getName())
                .doesNotContain("org.bytedeco.cuda", "org.bytedeco.pytorch.global.torch_cuda",
                        "org.bytedeco.pytorch.presets.torch_cuda", "JavacppCublas");
        assertThat(Files.readString(Path.of("/proc/self/maps"))).doesNotContain("libcublas", "libcudart");
    }
}
