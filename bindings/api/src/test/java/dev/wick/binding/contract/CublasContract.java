package dev.wick.binding.contract;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import dev.wick.binding.BoxedValue;
import dev.wick.binding.CublasBinding;
import dev.wick.binding.CublasComputeType;
import dev.wick.binding.GemmEpilogue;
import dev.wick.binding.GemmSettings;
import dev.wick.binding.Handle;
import dev.wick.binding.PreparedGemm;
import dev.wick.binding.TorchBinding;
import dev.wick.error.BadArgumentException;
import dev.wick.error.UnsupportedFeatureException;
import java.lang.foreign.ValueLayout;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.Executors;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/** A gemm equals an FP64 product within each type's rounding; without a device the facet says who has it. */
class CublasContract extends ContractCase {
    private static final BoxedValue CUDA = new BoxedValue.DeviceValue("cuda:0");
    private static final int M = 48;
    private static final int N = 33;
    private static final int K = 64;
    private static final GemmSettings PLAIN = GemmSettings.of(CublasComputeType.FLOAT32);

    private CublasBinding cublas() {
        assumeTrue(binding.cublas().isPresent(), () -> binding.missingFeatures().get(TorchBinding.CUBLAS));
        return binding.cublas().orElseThrow();
    }

    // Without a device

    @Test
    void whereItIsNotThereTheReasonNamesWhatHasIt() {
        assumeTrue(binding.cublas().isEmpty(), "cuBLAS is there");
        // No choice helps where only the machine lacks something.
        assertThat(binding.missingFeatures().get(TorchBinding.CUBLAS)).containsAnyOf("--natives", "native build",
                "NVIDIA driver");
    }

    // With a device

    @Test
    @Tag("gpu")
    void theVersionIsCublass() {
        assertThat(cublas().version()).isBetween(110000, 200000);
    }

    /** The bound is relative to |alpha| |A| |B| + |beta| |C|, of what each type rounds to and what sums up. */
    @ParameterizedTest
    @Tag("gpu")
    @CsvSource({
        "FLOAT64, 7, 7, 3e-14", "FLOAT64_PEDANTIC, 7, 7, 3e-14",
        "FLOAT32, 6, 6, 4e-6", "FLOAT32_PEDANTIC, 6, 6, 4e-6",
        "FLOAT32_FAST_TF32, 6, 6, 2e-3", "FLOAT32_FAST_FLOAT16, 6, 6, 2e-3", "FLOAT32_FAST_BFLOAT16, 6, 6, 1.6e-2",
        "FLOAT32, 5, 6, 4e-6", "FLOAT32, 15, 6, 4e-6", "FLOAT32_PEDANTIC, 5, 6, 4e-6",
        "FLOAT32, 5, 5, 1e-3", "FLOAT32, 15, 15, 8e-3", "FLOAT32_PEDANTIC, 15, 15, 8e-3",
        "FLOAT16, 5, 5, 3e-2", "FLOAT16_PEDANTIC, 5, 5, 3e-2"})
    void everyTypeKeepsItsBound(CublasComputeType compute, int operands, int result, double bound) {
        for (boolean transposeA : new boolean[] {false, true}) {
            for (boolean transposeB : new boolean[] {false, true}) {
                for (double[] factors : new double[][] {{1, 0}, {0.5, 2}}) {
                    GemmSettings settings = GemmSettings.of(compute).transposed(transposeA, transposeB)
                            .scaled(factors[0], factors[1]);
                    Handle a = random(operands, transposeA ? new long[] {K, M} : new long[] {M, K});
                    Handle b = random(operands, transposeB ? new long[] {N, K} : new long[] {K, N});
                    compare(settings, a, b, random(result, M, N), bound);
                    compare(settings.reducing(true), a, b, random(result, M, N), 4 * bound);
                }
            }
        }
    }

    @Test
    @Tag("gpu")
    void viewsAreTakenAsTheyLie() {
        Handle wide = random(FLOAT32, M, 3 * K);
        Handle tall = random(FLOAT32, 3 * K, N);
        Handle a = slice(wide, 1, K, 2 * K);
        compare(PLAIN, a, slice(tall, 0, K, 2 * K), random(FLOAT32, M, N), 4e-6);
        compare(PLAIN, a, transpose(random(FLOAT32, N, K)), random(FLOAT32, M, N), 4e-6);
        compare(PLAIN.transposed(true, false), transpose(a), slice(tall, 0, 0, K), random(FLOAT32, M, N), 4e-6);
        Handle c = random(FLOAT32, M, 3 * N);
        double[] before = doublesOf(slice(c, 1, 0, N));
        compare(PLAIN.scaled(1, 1), a, slice(tall, 0, 0, K), slice(c, 1, N, 2 * N), 4e-6);
        assertThat(doublesOf(slice(c, 1, 0, N))).as("beside the view").containsExactly(before);
    }

    @Test
    @Tag("gpu")
    void batchesAndBroadcasts() {
        Handle a = random(FLOAT16, 5, M, K);
        Handle b = random(FLOAT16, K, N);
        compare(PLAIN, a, random(FLOAT16, 5, K, N), random(FLOAT16, 5, M, N), 1e-3);
        compare(PLAIN, a, b, random(FLOAT32, 5, M, N), 4e-6);
        compare(PLAIN, a, tensorOf(call("aten::expand", box(b), longs(5, K, N))), random(FLOAT16, 5, M, N), 1e-3);
        compare(PLAIN, random(FLOAT16, 1, M, K), random(FLOAT16, 5, K, N), random(FLOAT16, 5, M, N), 1e-3);
        compare(PLAIN, random(FLOAT16, 1, M, K), b, random(FLOAT16, 1, M, N), 1e-3);
        Handle between = tensorOf(call("aten::transpose", box(random(FLOAT16, M, 5, N)), box(0), box(1)));
        compare(PLAIN.scaled(1, 1), a, b, between, 1e-3);
    }

    @Test
    @Tag("gpu")
    void sizesOfNothingAndOfOne() {
        compare(PLAIN, random(FLOAT32, 0, K), random(FLOAT32, K, N), random(FLOAT32, 0, N), 0);
        compare(PLAIN.scaled(1, 2), random(FLOAT32, M, 0), random(FLOAT32, 0, N), random(FLOAT32, M, N), 4e-6);
        compare(PLAIN, random(FLOAT32, M, 0), random(FLOAT32, 0, N), random(FLOAT32, M, N), 0);
        compare(PLAIN, random(FLOAT32, 1, K), random(FLOAT32, K, 1), random(FLOAT32, 1, 1), 4e-6);
        compare(PLAIN, random(FLOAT32, M, 1), random(FLOAT32, 1, N), random(FLOAT32, M, N), 4e-6);
    }

    @Test
    @Tag("gpu")
    void withBetaOfNothingNaNsDoNoHarm() {
        Handle c = random(FLOAT32, M, N);
        call("aten::fill_", box(c), box(Double.NaN));
        Handle a = random(FLOAT32, M, K);
        Handle b = random(FLOAT32, K, N);
        gemm(PLAIN, a, b, c, null);
        assertThat(doublesOf(c)).doesNotContain(Double.NaN);
    }

    @Test
    @Tag("gpu")
    void itIsOrderedWithOperators() {
        Handle eye = onDevice(tensorOf(call("aten::eye", box(256))), FLOAT32);
        Handle x = random(FLOAT32, 256, 256);
        double[] expected = doublesOf(x);
        for (int i = 0; i < 50; i++) {
            Handle y = onDevice(empty(FLOAT32, 256, 256), FLOAT32);
            gemm(PLAIN.scaled(2, 0), eye, x, y, null);
            x = tensorOf(call("aten::mul", box(y), box(0.5)));
        }
        assertThat(doublesOf(x)).containsExactly(expected);
    }

    @Test
    @Tag("gpu")
    void whatItCannotTakeIsRefused() {
        Handle here = floats(new float[4], 2, 2);
        Handle there = random(FLOAT32, 2, 2);
        Handle result = random(FLOAT32, 2, 2);
        assertRefused(PLAIN, here, here, floats(new float[4], 2, 2), null, "expected tensors on a CUDA device");
        assertRefused(PLAIN, here, there, result, null, "one device, got cpu, cuda:0 and cuda:0");
        assertRefused(PLAIN, there, there, there, null, "C over A");
        assertRefused(PLAIN, there, random(FLOAT32, 3, 2), result, null, "op(B) of 3x2");
        assertRefused(PLAIN.finished(GemmEpilogue.BIAS), there, there, result, null, "expected a bias");
        assertRefused(PLAIN.finished(GemmEpilogue.RELU), random(FLOAT32, 2, 0), random(FLOAT32, 0, 2), result, null,
                "length 0");
    }

    private void assertRefused(GemmSettings settings, Handle a, Handle b, Handle c, Handle bias, String words) {
        assertThatThrownBy(() -> gemm(settings, a, b, c, bias)).isInstanceOf(BadArgumentException.class)
                .hasMessageContaining(words);
    }

    @Test
    @Tag("gpu")
    void aVirtualThreadIsRefused() {
        Handle a = random(FLOAT32, 2, 2);
        Handle c = random(FLOAT32, 2, 2);
        try (PreparedGemm prepared = cublas().prepare(PLAIN, a, a, c, null);
                var threads = Executors.newVirtualThreadPerTaskExecutor()) {
            assertThatThrownBy(() -> threads.submit(() -> gemm(PLAIN, a, a, c, null)).get())
                    .isInstanceOf(ExecutionException.class).hasCauseInstanceOf(UnsupportedFeatureException.class);
            assertThatThrownBy(() -> threads.submit(prepared::run).get())
                    .isInstanceOf(ExecutionException.class).hasCauseInstanceOf(UnsupportedFeatureException.class);
        }
    }

    // Prepared

    @Test
    @Tag("gpu")
    void aPreparedGemmReadsItsTensorsAnewAndOutlivesTheirHandles() {
        Handle a = onDevice(tensorOf(call("aten::eye", box(64))), FLOAT32);
        Handle b = random(FLOAT32, 64, 64);
        Handle c = random(FLOAT32, 64, 64);
        Handle sameB = own(binding.retain(b));
        Handle sameC = own(binding.retain(c));
        try (PreparedGemm prepared = cublas().prepare(PLAIN, a, b, c, null)) {
            assertThat(prepared.bufferBytes()).isZero();
            a.close();
            b.close();
            c.close();
            for (int i = 0; i < 3; i++) {
                call("aten::mul_", box(sameB), box(2.0));
                prepared.run();
                assertThat(doublesOf(sameC)).containsExactly(doublesOf(sameB));
            }
        }
    }

    @Test
    @Tag("gpu")
    void aPreparedGemmRunsOnAnotherThread() throws Exception {
        Handle a = random(FLOAT32, M, K);
        Handle b = random(FLOAT32, K, N);
        Handle c = random(FLOAT32, M, N);
        gemm(PLAIN, a, b, c, null);
        double[] expected = doublesOf(c);
        call("aten::zero_", box(c));
        try (PreparedGemm prepared = cublas().prepare(PLAIN, a, b, c, null)) {
            // The other thread has a handle of its own, on the same default stream.
            Thread thread = new Thread(prepared::run);
            thread.start();
            thread.join();
        }
        assertThat(doublesOf(c)).containsExactly(expected);
    }

    @Test
    @Tag("gpu")
    void aClosedGemmIsRefused() {
        PreparedGemm prepared = cublas().prepare(PLAIN, random(FLOAT32, 2, 2), random(FLOAT32, 2, 2),
                random(FLOAT32, 2, 2), null);
        prepared.close();
        prepared.close();
        assertThatThrownBy(prepared::run).isInstanceOf(IllegalStateException.class).hasMessageContaining("gemm");
    }

    // Epilogues: cuBLASLt

    /** GELU's slope is at most 1.13, and a device's tanh instruction is off by 2^-11. */
    @ParameterizedTest
    @Tag("gpu")
    @CsvSource({"FLOAT32, 6, 6, 4e-6", "FLOAT32_FAST_TF32, 6, 6, 2e-3", "FLOAT32, 5, 5, 1e-3", "FLOAT32, 15, 15, 8e-3",
        "FLOAT32, 5, 6, 4e-6"})
    void everyEpilogueKeepsTheBound(CublasComputeType compute, int operands, int result, double bound) {
        for (GemmEpilogue epilogue : GemmEpilogue.values()) {
            for (boolean transposed : new boolean[] {false, true}) {
                for (double[] factors : new double[][] {{1, 0}, {0.5, 2}}) {
                    // Multiples of 8 throughout: cuBLASLt has more algorithms for them.
                    GemmSettings settings = GemmSettings.of(compute).transposed(transposed, !transposed)
                            .scaled(factors[0], factors[1]).finished(epilogue);
                    Handle a = random(operands, transposed ? new long[] {K, M} : new long[] {M, K});
                    Handle b = random(operands, transposed ? new long[] {K, 40} : new long[] {40, K});
                    Handle bias = epilogue.hasBias() ? random(result, 40) : null;
                    compare(settings, a, b, random(result, M, 40), bias,
                            epilogue.activation() == GemmEpilogue.GELU ? 1.2 * bound + 5e-4 : 1.2 * bound);
                }
            }
        }
    }

    @Test
    @Tag("gpu")
    void epiloguesOfViewsAndBatches() {
        GemmSettings settings = PLAIN.finished(GemmEpilogue.RELU_BIAS);
        Handle bias = random(FLOAT32, 40);
        compare(settings, random(FLOAT32, 5, M, K), random(FLOAT32, K, 40), random(FLOAT32, 5, M, 40), bias, 4e-6);
        compare(settings, random(FLOAT32, 5, M, K), random(FLOAT32, 5, K, 40), random(FLOAT32, 5, M, 40), bias, 4e-6);
        Handle wide = random(FLOAT32, M, 120);
        compare(settings, random(FLOAT32, M, K), transpose(random(FLOAT32, 40, K)), slice(wide, 1, 40, 80), bias, 4e-6);
        compare(settings, random(FLOAT32, 0, K), random(FLOAT32, K, 40), random(FLOAT32, 0, 40), bias, 0);
    }

    @Test
    @Tag("gpu")
    void theWorkspaceKeepsItsLimitAndIsGivenBack() {
        GemmSettings settings = GemmSettings.of(CublasComputeType.FLOAT32).finished(GemmEpilogue.GELU_BIAS);
        // A long sum for a small result: split, where there is a workspace for its parts.
        Handle a = random(FLOAT16, 64, 16384);
        Handle b = random(FLOAT16, 16384, 64);
        Handle bias = random(FLOAT16, 64);
        for (long limit : new long[] {0, 1 << 16, GemmSettings.DEFAULT_WORKSPACE_LIMIT}) {
            try (PreparedGemm prepared = cublas().prepare(settings.workspace(limit), a, b, random(FLOAT16, 64, 64),
                    bias)) {
                assertThat(prepared.bufferBytes()).isBetween(0L, limit);
                prepared.run();
                prepared.run();
            }
        }
    }

    private void gemm(GemmSettings settings, Handle a, Handle b, Handle c, Handle bias) {
        try (PreparedGemm prepared = cublas().prepare(settings, a, b, c, bias)) {
            prepared.run();
        }
    }

    // The reference

    private void compare(GemmSettings settings, Handle a, Handle b, Handle c, double bound) {
        compare(settings, a, b, c, null, bound);
    }

    private void compare(GemmSettings settings, Handle a, Handle b, Handle c, Handle bias, double bound) {
        double[] shift = bias == null ? null : doublesOf(bias);
        Handle before = onCpu(c);
        Handle exactA = transposedIf(settings.transposeA(), onCpu(a));
        Handle exactB = transposedIf(settings.transposeB(), onCpu(b));
        double[] product = doublesOf(tensorOf(call("aten::matmul", box(exactA), box(exactB))));
        double[] size = doublesOf(tensorOf(call("aten::matmul", box(tensorOf(call("aten::abs", box(exactA)))),
                box(tensorOf(call("aten::abs", box(exactB)))))));
        double[] start = doublesOf(before);
        gemm(settings, a, b, c, bias);
        double[] found = doublesOf(c);
        assertThat(found).hasSameSizeAs(product);
        for (int i = 0; i < found.length; i++) {
            double added = shift == null ? 0 : shift[i % shift.length];
            double expected = activated(settings.epilogue(),
                    settings.alpha() * product[i] + settings.beta() * start[i] + added);
            double scale = Math.abs(settings.alpha()) * size[i] + Math.abs(settings.beta() * start[i])
                    + Math.abs(added);
            if (!(Math.abs(found[i] - expected) <= bound * scale)) {
                assertThat(found[i]).as(settings + ", element " + i + ", within " + bound * scale).isEqualTo(expected);
            }
        }
    }

    private static double activated(GemmEpilogue epilogue, double x) {
        return switch (epilogue.activation()) {
            case RELU -> Math.max(0, x);
            case GELU -> 0.5 * x * (1 + Math.tanh(Math.sqrt(2 / Math.PI) * (x + 0.044715 * x * x * x)));
            default -> x;
        };
    }

    private Handle random(int dtype, long... shape) {
        return onDevice(tensorOf(call("aten::randn", longs(shape))), dtype);
    }

    /** Skips the test where there is no device. */
    private Handle onDevice(Handle tensor, int dtype) {
        cublas();
        return tensorOf(call("aten::to", box(tensor), CUDA, box(dtype)));
    }

    /** In FP64, so that a comparison rounds nothing. */
    private Handle onCpu(Handle tensor) {
        return tensorOf(call("aten::to", box(tensor), new BoxedValue.DeviceValue("cpu"), box(FLOAT64)));
    }

    private Handle slice(Handle tensor, int dimension, long from, long to) {
        return tensorOf(call("aten::slice", box(tensor), box(dimension), box(from), box(to)));
    }

    private Handle transpose(Handle tensor) {
        return tensorOf(call("aten::transpose", box(tensor), box(-2), box(-1)));
    }

    private Handle transposedIf(boolean transposed, Handle tensor) {
        return transposed ? transpose(tensor) : tensor;
    }

    private double[] doublesOf(Handle tensor) {
        Handle plain = tensorOf(call("aten::contiguous", box(onCpu(tensor))));
        return memory(plain).toArray(ValueLayout.JAVA_DOUBLE);
    }
}
