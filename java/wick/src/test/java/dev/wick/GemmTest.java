package dev.wick;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.wick.binding.CublasComputeType;
import dev.wick.binding.GemmEpilogue;
import dev.wick.error.UnsupportedFeatureException;
import java.lang.foreign.Arena;
import java.util.concurrent.Executors;
import org.junit.jupiter.api.Test;

/** On the CPU, where LibTorch's operators do the work. */
class GemmTest extends GemmCase {

    @Override
    Device device() {
        return Device.CPU;
    }

    @Override
    boolean hasEpilogues(DType dtype) {
        return true;
    }

    /** tanh and what is around it, in a few roundings. */
    @Override
    double geluError(double epsilon) {
        return 8 * epsilon;
    }

    @Test
    void epiloguesOfFloat64() {
        for (GemmEpilogue epilogue : GemmEpilogue.values()) {
            compare(random(DType.FLOAT64, 8, 16), random(DType.FLOAT64, 16, 4), random(DType.FLOAT64, 8, 4),
                    CublasComputeType.FLOAT64, 2, 0.5, false, false, epilogue,
                    epilogue.hasBias() ? random(DType.FLOAT64, 4) : null);
        }
    }

    @Test
    void sumsInHalvesAreNotPretended() {
        Tensor a = random(DType.FLOAT16, 2, 2);
        assertThatThrownBy(() -> Gemm.of(a, a).compute(CublasComputeType.FLOAT16_PEDANTIC).prepare())
                .isInstanceOf(UnsupportedFeatureException.class).hasMessageContainingAll("FLOAT16_PEDANTIC",
                        "take FLOAT16");
    }

    @Test
    void itSaysWhatItHoldsForTheConversionOfHalves() {
        try (Gemm single = Gemm.of(random(DType.FLOAT32, 8, 16), random(DType.FLOAT32, 16, 4)).prepare();
                Gemm brain = Gemm.of(random(DType.BFLOAT16, 8, 16), random(DType.BFLOAT16, 16, 4)).prepare();
                Gemm half = Gemm.of(random(DType.FLOAT16, 8, 16), random(DType.FLOAT16, 16, 4)).prepare();
                Gemm wide = Gemm.of(random(DType.BFLOAT16, 8, 16), random(DType.BFLOAT16, 16, 4)).result(DType.FLOAT32)
                        .prepare()) {
            assertThat(single.bufferBytes()).isZero();
            assertThat(brain.bufferBytes()).isZero();
            assertThat(half.bufferBytes()).isEqualTo(4 * (8 * 16 + 16 * 4 + 8 * 4));
            assertThat(wide.bufferBytes()).isEqualTo(4 * (8 * 16 + 16 * 4));
        }
    }

    @Test
    void memoryThatIsGoneIsRefused() {
        Arena arena = Arena.ofShared();
        Tensor wrapped = Tensor.wrap(arena.allocate(16, 8), DType.FLOAT32, 2, 2);
        try (Gemm gemm = Gemm.of(wrapped, random(DType.FLOAT32, 2, 2)).prepare()) {
            gemm.run();
            arena.close();
            assertThatThrownBy(gemm::run).isInstanceOf(IllegalStateException.class).hasMessageContaining("arena");
        }
    }

    @Test
    void aVirtualThreadMayRunIt() throws Exception {
        Tensor a = random(DType.FLOAT32, 16, 16);
        try (Gemm gemm = Gemm.of(a, a).prepare(); var threads = Executors.newVirtualThreadPerTaskExecutor()) {
            gemm.run();
            double[] expected = gemm.result().toDoubleArray();
            gemm.result().copyFrom(a);
            threads.submit(gemm::run).get();
            assertThat(gemm.result().toDoubleArray()).containsExactly(expected);
        }
    }
}
