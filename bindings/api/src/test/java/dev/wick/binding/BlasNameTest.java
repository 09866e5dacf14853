package dev.wick.binding;

import static org.assertj.core.api.Assertions.assertThat;

import org.junit.jupiter.api.Test;

class BlasNameTest {
    private static final String BUILT_WITH_OPENBLAS = "Build settings: BLAS_INFO=open, BUILD_TYPE=Release";

    @Test
    void whatIsLoadedCountsAndNotWhatLibTorchWasBuiltWith() {
        assertThat(BlasName.of(BUILT_WITH_OPENBLAS, true, false)).isEqualTo("OpenBLAS");
        assertThat(BlasName.of(BUILT_WITH_OPENBLAS, false, true)).isEqualTo("MKL");
    }

    @Test
    void whereNeitherIsSeenTheBuildSays() {
        assertThat(BlasName.of(BUILT_WITH_OPENBLAS, false, false)).isEqualTo("OpenBLAS");
        assertThat(BlasName.of("BLAS_INFO=mkl, LAPACK_INFO=mkl", false, false)).isEqualTo("MKL");
        assertThat(BlasName.of("BLAS_INFO=accelerate", false, false)).isEqualTo("accelerate");
        assertThat(BlasName.of("", false, false)).isEqualTo("unknown");
    }
}
