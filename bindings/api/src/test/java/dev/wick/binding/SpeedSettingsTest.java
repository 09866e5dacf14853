package dev.wick.binding;

import static org.assertj.core.api.Assertions.assertThat;

import java.lang.reflect.Proxy;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.Test;

class SpeedSettingsTest {
    private int blasThreads = 8;

    /** A LibTorch with OpenBLAS on eight cores, which takes four threads in an operator. */
    private TorchBinding binding() {
        return (TorchBinding) Proxy.newProxyInstance(TorchBinding.class.getClassLoader(),
                new Class<?>[] {TorchBinding.class}, (_, method, arguments) -> switch (method.getName()) {
                    case "blasThreads" -> blasThreads;
                    case "intraOpThreads" -> 4;
                    case "setBlasThreads" -> {
                        blasThreads = (int) arguments[0];
                        yield null;
                    }
                    default -> throw new UnsupportedOperationException(method.getName());
                });
    }

    private int threadsWith(Map<String, String> environment) {
        blasThreads = 8;
        List<Setting> settings = SpeedSettings.apply(binding(), environment);
        assertThat(settings).singleElement().satisfies(setting -> {
            assertThat(setting.name()).isEqualTo("BLAS threads");
            assertThat(setting.value()).isEqualTo(String.valueOf(blasThreads));
            assertThat(setting.why()).contains(blasThreads == 1 ? "fights" : "briefly");
        });
        return blasThreads;
    }

    @Test
    void poolsThatSpinForLongDoNotShareTheCores() {
        assertThat(threadsWith(Map.of())).isEqualTo(1);
        assertThat(threadsWith(Map.of("GOMP_SPINCOUNT", "3000"))).isEqualTo(1);
        assertThat(threadsWith(Map.of("OPENBLAS_THREAD_TIMEOUT", "12"))).isEqualTo(1);
        assertThat(threadsWith(Map.of("GOMP_SPINCOUNT", "3000", "OPENBLAS_THREAD_TIMEOUT", "26"))).isEqualTo(1);
        assertThat(threadsWith(Map.of("GOMP_SPINCOUNT", "infinite", "OPENBLAS_THREAD_TIMEOUT", "12"))).isEqualTo(1);
        assertThat(threadsWith(Map.of("OMP_WAIT_POLICY", "active", "OPENBLAS_THREAD_TIMEOUT", "12"))).isEqualTo(1);
    }

    @Test
    void poolsThatWaitBrieflyDo() {
        assertThat(threadsWith(Map.of("GOMP_SPINCOUNT", "3000", "OPENBLAS_THREAD_TIMEOUT", "12"))).isEqualTo(4);
        assertThat(threadsWith(Map.of("OMP_WAIT_POLICY", "PASSIVE", "OPENBLAS_THREAD_TIMEOUT", "4"))).isEqualTo(4);
    }

    @Test
    void aLibTorchWithoutAPoolIsLeftAlone() {
        blasThreads = 0;
        assertThat(SpeedSettings.apply(binding(), Map.of())).isEmpty();
    }
}
