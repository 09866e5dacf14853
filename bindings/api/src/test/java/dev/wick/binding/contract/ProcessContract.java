package dev.wick.binding.contract;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.wick.binding.ExecutorSettings;
import dev.wick.binding.Handle;
import dev.wick.binding.LoadedTorch;
import dev.wick.binding.NativesRequest;
import dev.wick.binding.TorchBindingProvider;
import dev.wick.error.NativesException;
import java.net.URL;
import java.net.URLClassLoader;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.List;
import java.util.ServiceLoader;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import org.junit.jupiter.api.Test;

/** What belongs to the process: versions, threads, the executor, a second LibTorch. */
class ProcessContract extends ContractCase {

    @Test
    void theLoadedLibTorchIsTheOneThatWasAskedFor() {
        NativesRequest request = NativesRequest.fromSettings();
        assertThat(binding.natives().choice()).isEqualTo(request.choice().text());
        assertThat(binding.describeRuntime()).containsKeys("torch_version", "build", "blas", "parallel",
                "cpu_capability", "has_mkl", "has_mkldnn", "has_lapack", "has_cuda", "has_llga");
        assertThat(binding.natives().torchVersion()).startsWith(binding.describeRuntime().get("torch_version"));
        assertThat(LoadedTorch.find()).isPresent();
    }

    @Test
    void aSecondLibTorchIsRefused() {
        TorchBindingProvider provider = ServiceLoader.load(TorchBindingProvider.class).findFirst().orElseThrow();
        assertThatThrownBy(() -> provider.open(NativesRequest.fromSettings())).isInstanceOf(NativesException.class)
                .hasMessageContaining("has a LibTorch already");
    }

    @Test
    void aSecondClassLoaderIsRefused() throws Exception {
        URL[] classPath = Arrays.stream(System.getProperty("surefire.test.class.path",
                System.getProperty("java.class.path")).split(java.io.File.pathSeparator)).map(entry -> {
                    try {
                        return Path.of(entry).toUri().toURL();
                    } catch (java.net.MalformedURLException e) {
                        throw new IllegalStateException(e);
                    }
                }).toArray(URL[]::new);
        try (URLClassLoader other = new URLClassLoader(classPath, ClassLoader.getPlatformClassLoader())) {
            Class<?> providerType = other.loadClass(TorchBindingProvider.class.getName());
            Object provider = ServiceLoader.load(providerType, other).findFirst().orElseThrow();
            Class<?> requestType = other.loadClass(NativesRequest.class.getName());
            Object request = requestType.getMethod("fromSettings").invoke(null);
            assertThatThrownBy(() -> providerType.getMethod("open", requestType).invoke(provider, request)).cause()
                    .hasMessageContaining("has a LibTorch already");
        }
    }

    @Test
    void everyThreadFollowsTheThreadCount() throws Exception {
        int before = binding.intraOpThreads();
        try {
            binding.setThreads(1, 0);
            assertThat(binding.intraOpThreads()).isEqualTo(1);
            assertThat(threadsSeenByLibTorch()).isEqualTo(1);
            binding.setThreads(2, 0);
            String[] seen = new String[1];
            Thread other = new Thread(() -> seen[0] = binding.describeRuntime().get("parallel"));
            other.start();
            other.join();
            assertThat(threads(seen[0])).isEqualTo(2);
            assertThat(threadsSeenByLibTorch()).isEqualTo(2);
        } finally {
            binding.setThreads(before, 0);
        }
    }

    private int threadsSeenByLibTorch() {
        return threads(binding.describeRuntime().get("parallel"));
    }

    /** Of at::get_parallel_info. */
    private static int threads(String parallelInfo) {
        Matcher matcher = Pattern.compile("at::get_num_threads\\(\\) : (\\d+)").matcher(parallelInfo);
        assertThat(matcher.find()).as(parallelInfo).isTrue();
        return Integer.parseInt(matcher.group(1));
    }

    @Test
    void theBlasPoolCanBeSet() {
        int before = binding.blasThreads();
        if (before > 0) {
            binding.setBlasThreads(2);
            assertThat(binding.blasThreads()).isEqualTo(2);
            binding.setBlasThreads(before);
        }
        assertThatThrownBy(() -> binding.setBlasThreads(0)).isInstanceOf(dev.wick.error.BadArgumentException.class);
    }

    @Test
    void executorSettingsAreReadBack() {
        ExecutorSettings before = binding.executor();
        ExecutorSettings wanted = new ExecutorSettings(false, false, 2, false, binding.onednnGraph().isPresent(),
                List.of(new ExecutorSettings.Fusion(ExecutorSettings.FusionKind.DYNAMIC, 3),
                        new ExecutorSettings.Fusion(ExecutorSettings.FusionKind.STATIC, 1)));
        try {
            binding.setExecutor(wanted);
            assertThat(binding.executor()).isEqualTo(wanted);
            Handle mlp = load("mlp.pt");
            Handle input = ones(1, 64);
            for (int i = 0; i < 3; i++) {
                callMethod(mlp, "forward", box(input));
            }
        } finally {
            binding.setExecutor(before);
        }
        assertThat(binding.executor()).isEqualTo(before);
    }

    @Test
    void whatIsMissingHasAReason() {
        if (binding.cuda().isEmpty()) {
            assertThat(binding.missingFeatures().get("cuda")).isNotBlank();
        }
        assertThat(binding.settings()).allSatisfy(setting -> {
            assertThat(setting.why()).isNotBlank();
            assertThat(setting.how()).startsWith("-D");
        });
    }
}
