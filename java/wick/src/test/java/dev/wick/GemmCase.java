package dev.wick;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.wick.binding.CallSettings;
import dev.wick.binding.CublasComputeType;
import dev.wick.binding.GemmEpilogue;
import dev.wick.error.BadArgumentException;
import java.util.List;
import java.util.Random;
import java.util.function.UnaryOperator;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.EnumSource;

/**
 * A gemm equals the product in FP64 within what its types must round, on whatever device a subclass names.
 *
 * <p>The bound of an element is argued, not tuned. A sum of K products in any order, with every product and every sum
 * rounded, is off by at most K * eps * |A||B| (Higham, Accuracy and Stability, 3.1), where eps is the type's machine
 * epsilon, twice the rounding error, since tensor cores cut off what others round. alpha, beta, the bias and their sums
 * are four more roundings; where operands are rounded first, each product is off by another two of that type's;
 * rounding the result to C's type takes half of that type's epsilon of the result.
 */
abstract class GemmCase extends WickCase {
    private static final int M = 48;
    private static final int N = 40;
    private static final int K = 72;
    private static final double EPSILON_64 = 0x1p-52;
    private static final double EPSILON_32 = 0x1p-23;
    private static final double EPSILON_TF32 = 0x1p-10;
    private static final double EPSILON_16 = 0x1p-10;
    private static final double EPSILON_B16 = 0x1p-7;
    /** The largest slope of GELU. */
    private static final double GELU_SLOPE = 1.13;

    private final Random random = new Random(20);
    private TensorScope scope;

    /** Where the tensors are. */
    abstract Device device();

    /** Whether epilogues of a dtype are promised there. */
    abstract boolean hasEpilogues(DType dtype);

    /** What an evaluation of GELU may be off by, over what bounds its argument, where others round to this epsilon. */
    abstract double geluError(double epsilon);

    @BeforeEach
    void openScope() {
        scope = TensorScope.open();
    }

    @AfterEach
    void closeScope() {
        scope.close();
    }

    // Tensors

    final Tensor random(DType dtype, long... shape) {
        double[] elements = new double[(int) Tensor.elementCount(shape)];
        for (int i = 0; i < elements.length; i++) {
            elements[i] = random.nextGaussian();
        }
        return Tensor.of(elements, shape).to(dtype).to(device());
    }

    private static Tensor transposed(Tensor tensor) {
        return tensor.dimensions() == 2 ? tensor.permute(1, 0) : tensor.permute(0, 2, 1);
    }

    // The reference

    /** Compares one gemm with the product in FP64; {@code c} is null where one is to be made. */
    final void compare(Tensor a, Tensor b, Tensor c, CublasComputeType compute, double alpha, double beta,
            boolean transposeA, boolean transposeB, GemmEpilogue epilogue, Tensor bias) {
        Gemm.Builder builder = Gemm.of(a, b).alpha(alpha).beta(beta).compute(compute).epilogue(epilogue, bias);
        if (transposeA) {
            builder.transposeA();
        }
        if (transposeB) {
            builder.transposeB();
        }
        double[] before = c == null ? null : c.toDoubleArray();
        Tensor result = c == null ? builder.multiply() : builder.into(c).multiply();
        Tensor left = transposeA ? transposed(a) : a;
        Tensor right = transposeB ? transposed(b) : b;
        int m = (int) left.size(-2);
        int n = (int) right.size(-1);
        int k = (int) left.size(-1);
        assertThat(result.size(-2)).isEqualTo(m);
        assertThat(result.size(-1)).isEqualTo(n);
        double[] elementsOfA = left.toDoubleArray();
        double[] elementsOfB = right.toDoubleArray();
        double[] elementsOfBias = bias == null ? null : bias.toDoubleArray();
        double[] found = result.toDoubleArray();
        for (int i = 0; i < found.length; i++) {
            int row = i / n % m;
            int column = i % n;
            int startOfA = elementsOfA.length == m * k ? 0 : i / n / m * m * k;
            int startOfB = elementsOfB.length == k * n ? 0 : i / n / m * k * n;
            double sum = 0;
            double size = 0;
            for (int p = 0; p < k; p++) {
                double product = elementsOfA[startOfA + row * k + p] * elementsOfB[startOfB + p * n + column];
                sum += product;
                size += Math.abs(product);
            }
            double start = beta == 0 ? 0 : beta * before[i];
            double added = bias == null ? 0 : elementsOfBias[column];
            double value = alpha * sum + start + added;
            double scale = Math.abs(alpha) * size + Math.abs(start) + Math.abs(added);
            double expected = activated(epilogue, value);
            double bound = bound(compute, a.dtype(), result.dtype(), k, scale, epilogue, expected);
            if (!(Math.abs(found[i] - expected) <= bound)) {
                assertThat(found[i]).as("%s, %s of %s into %s, alpha %s, beta %s, transposed %s and %s: element %d of "
                        + "%dx%dx%d, within %s", compute, epilogue, a, result, alpha, beta, transposeA, transposeB, i,
                        m, n, k, bound).isEqualTo(expected);
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

    private double bound(CublasComputeType compute, DType operands, DType result, int k, double scale,
            GemmEpilogue epilogue, double expected) {
        double sums = switch (compute) {
            case FLOAT16, FLOAT16_PEDANTIC -> EPSILON_16;
            // The reference's own sum is no more exact than this.
            case FLOAT64, FLOAT64_PEDANTIC -> 2 * EPSILON_64;
            default -> EPSILON_32;
        };
        double factors = switch (compute) {
            case FLOAT32_FAST_TF32 -> 2 * EPSILON_TF32;
            case FLOAT32_FAST_FLOAT16 -> 2 * EPSILON_16;
            case FLOAT32_FAST_BFLOAT16 -> 2 * EPSILON_B16;
            default -> 0;
        };
        double before = ((k + 4) * sums + factors) * scale;
        double after = epilogue.activation() == GemmEpilogue.GELU ? GELU_SLOPE * before + geluError(sums) * scale : before;
        return switch (result) {
            case FLOAT16 -> after + EPSILON_16 / 2 * (Math.abs(expected) + after) + Math.ulp(0f) + 0x1p-25;
            case BFLOAT16 -> after + EPSILON_B16 / 2 * (Math.abs(expected) + after);
            default -> after;
        };
    }

    private void compare(Tensor a, Tensor b, Tensor c) {
        compare(a, b, c, plain(a.dtype()), 1, 0, false, false, GemmEpilogue.DEFAULT, null);
    }

    private static CublasComputeType plain(DType dtype) {
        return dtype == DType.FLOAT64 ? CublasComputeType.FLOAT64 : CublasComputeType.FLOAT32;
    }

    /** One of each way. */
    private List<GemmEpilogue> epilogues(DType dtype) {
        return hasEpilogues(dtype) ? List.of(GemmEpilogue.DEFAULT, GemmEpilogue.RELU) : List.of(GemmEpilogue.DEFAULT);
    }

    // Types

    @ParameterizedTest
    @CsvSource({
        "FLOAT64, FLOAT64, FLOAT64", "FLOAT64_PEDANTIC, FLOAT64, FLOAT64",
        "FLOAT32, FLOAT32, FLOAT32", "FLOAT32_PEDANTIC, FLOAT32, FLOAT32",
        "FLOAT32_FAST_TF32, FLOAT32, FLOAT32", "FLOAT32_FAST_FLOAT16, FLOAT32, FLOAT32",
        "FLOAT32_FAST_BFLOAT16, FLOAT32, FLOAT32",
        "FLOAT32, FLOAT16, FLOAT16", "FLOAT32, BFLOAT16, BFLOAT16", "FLOAT32_PEDANTIC, BFLOAT16, BFLOAT16",
        "FLOAT32, FLOAT16, FLOAT32", "FLOAT32, BFLOAT16, FLOAT32", "FLOAT16, FLOAT16, FLOAT16"})
    void everyTypeKeepsItsBound(CublasComputeType compute, DType operands, DType result) {
        for (boolean transposeA : new boolean[] {false, true}) {
            for (boolean transposeB : new boolean[] {false, true}) {
                for (double[] factors : new double[][] {{1, 0}, {0.5, 2}, {-1.25, -1}}) {
                    Tensor a = transposeA ? random(operands, K, M) : random(operands, M, K);
                    Tensor b = transposeB ? random(operands, N, K) : random(operands, K, N);
                    compare(a, b, random(result, M, N), compute, factors[0], factors[1], transposeA, transposeB,
                            GemmEpilogue.DEFAULT, null);
                    Tensor batchOfA = transposeA ? random(operands, 3, K, M) : random(operands, 3, M, K);
                    compare(batchOfA, b, random(result, 3, M, N), compute, factors[0], factors[1], transposeA,
                            transposeB, GemmEpilogue.DEFAULT, null);
                }
            }
        }
    }

    /** Sums long enough for an accumulator that is too narrow to be far outside of the bound. */
    @ParameterizedTest
    @EnumSource(names = {"FLOAT64", "FLOAT32", "FLOAT16", "BFLOAT16"})
    void longSums(DType dtype) {
        compare(random(dtype, 4, 4096), random(dtype, 4096, 8), null);
        compare(random(dtype, 1, 4096), random(dtype, 4096, 1), null);
        compare(random(dtype, 2, 4, 1024), random(dtype, 2, 1024, 8), null);
    }

    @ParameterizedTest
    @EnumSource(names = {"FLOAT64", "FLOAT32", "FLOAT16", "BFLOAT16"})
    void sizesFromOne(DType dtype) {
        for (int[] sizes : new int[][] {{1, 1, 1}, {1, 8, 3}, {8, 1, 3}, {8, 8, 1}, {1, 1, 9}, {17, 5, 7}}) {
            compare(random(dtype, sizes[0], sizes[2]), random(dtype, sizes[2], sizes[1]), null);
        }
    }

    @Test
    void theResultThatIsMadeHasADtypeOfOnesChoice() {
        Tensor a = random(DType.BFLOAT16, M, K);
        assertThat(Gemm.of(a, random(DType.BFLOAT16, K, N)).multiply().dtype()).isEqualTo(DType.BFLOAT16);
        assertThat(Gemm.of(a, random(DType.BFLOAT16, K, N)).result(DType.FLOAT32).multiply().dtype())
                .isEqualTo(DType.FLOAT32);
    }

    // Layouts

    @ParameterizedTest
    @EnumSource(names = {"FLOAT64", "FLOAT32", "FLOAT16", "BFLOAT16"})
    void viewsAreTakenAsTheyLie(DType dtype) {
        Tensor wide = random(dtype, M, 3 * K);
        Tensor tall = random(dtype, 3 * K, N);
        Tensor a = wide.slice(1, K, 2 * K);
        Tensor b = tall.slice(0, K, 2 * K);
        compare(a, b, null);
        compare(a, random(dtype, N, K).permute(1, 0), null);
        compare(random(dtype, 3 * K, M).slice(0, K, 2 * K).permute(1, 0), b, null);
        compare(random(dtype, K, 3 * M).slice(1, 1, 1 + M), random(dtype, 2 * N, K).slice(0, 3, 3 + N),
                random(dtype, M, N), plain(dtype), 1, 0.5, true, true, GemmEpilogue.DEFAULT, null);
        // A column of a matrix: leading dimension where a length of one says nothing.
        compare(a, random(dtype, K, N).slice(1, 3, 4), null);
        compare(wide.slice(0, 5, 6).slice(1, 0, K), b, null);
    }

    @ParameterizedTest
    @EnumSource(names = {"FLOAT64", "FLOAT32", "FLOAT16", "BFLOAT16"})
    void nothingIsWrittenBesideTheResult(DType dtype) {
        Tensor wide = random(dtype, M, 3 * N);
        double[] left = wide.slice(1, 0, N).toDoubleArray();
        double[] right = wide.slice(1, 2 * N, 3 * N).toDoubleArray();
        for (double beta : new double[] {0, 1}) {
            for (GemmEpilogue epilogue : epilogues(dtype)) {
                compare(random(dtype, M, K), random(dtype, K, N), wide.slice(1, N, 2 * N), plain(dtype), 1, beta,
                        false, false, epilogue, null);
            }
        }
        assertThat(wide.slice(1, 0, N).toDoubleArray()).containsExactly(left);
        assertThat(wide.slice(1, 2 * N, 3 * N).toDoubleArray()).containsExactly(right);
    }

    @ParameterizedTest
    @EnumSource(names = {"FLOAT32", "FLOAT16", "BFLOAT16"})
    void batchesAndBroadcasts(DType dtype) {
        Tensor a = random(dtype, 5, M, K);
        Tensor b = random(dtype, K, N);
        compare(a, random(dtype, 5, K, N), null);
        compare(a, b, null);
        compare(random(dtype, M, K), random(dtype, 5, K, N), null);
        compare(random(dtype, 1, M, K), random(dtype, 5, K, N), null);
        compare(random(dtype, 1, M, K), b, null);
        compare(a, Operator.call("aten::expand", b, new long[] {5, K, N}).tensor(), null);
        // The batch between the rows.
        Tensor between = random(dtype, M, 5, N).permute(1, 0, 2);
        compare(a, b, between, CublasComputeType.FLOAT32, 2, 1, false, false, GemmEpilogue.DEFAULT, null);
        compare(random(dtype, M, 5, K).permute(1, 0, 2), b, null);
    }

    // Factors, and nothing

    @ParameterizedTest
    @EnumSource(names = {"FLOAT64", "FLOAT32", "FLOAT16", "BFLOAT16"})
    void withBetaOfNothingNaNsDoNoHarm(DType dtype) {
        for (int k : new int[] {K, 0}) {
            for (GemmEpilogue epilogue : epilogues(dtype)) {
                Tensor c = filled(random(dtype, M, N), Double.NaN);
                Gemm.of(random(dtype, M, k), random(dtype, k, N)).epilogue(epilogue).into(c).multiply();
                assertThat(c.toDoubleArray()).doesNotContain(Double.NaN);
            }
        }
    }

    private static Tensor filled(Tensor tensor, double value) {
        Operator.call("aten::fill_", tensor, value);
        return tensor;
    }

    @ParameterizedTest
    @EnumSource(names = {"FLOAT64", "FLOAT32", "FLOAT16", "BFLOAT16"})
    void sumsOfNothing(DType dtype) {
        for (double beta : new double[] {0, 2}) {
            compare(random(dtype, M, 0), random(dtype, 0, N), random(dtype, M, N), plain(dtype), 1, beta, false, false,
                    GemmEpilogue.DEFAULT, null);
            compare(random(dtype, 2, M, 0), random(dtype, 0, N), random(dtype, 2, M, N), plain(dtype), 1, beta, false,
                    false, GemmEpilogue.DEFAULT, null);
            compare(random(dtype, M, 0), random(dtype, 0, N), random(dtype, M, N), plain(dtype), 1, beta, false, false,
                    GemmEpilogue.GELU_BIAS, random(dtype, N));
        }
    }

    @Test
    void resultsWithoutElements() {
        assertThat(Gemm.of(random(DType.FLOAT32, 0, K), random(DType.FLOAT32, K, N)).multiply().shape())
                .containsExactly(0, N);
        assertThat(Gemm.of(random(DType.FLOAT16, 0, M, K), random(DType.FLOAT16, K, N)).epilogue(GemmEpilogue.BIAS,
                random(DType.FLOAT16, N)).multiply().shape()).containsExactly(0, M, N);
    }

    // Epilogues

    @ParameterizedTest
    @CsvSource({"FLOAT32, FLOAT32, FLOAT32", "FLOAT32_FAST_TF32, FLOAT32, FLOAT32", "FLOAT32, FLOAT16, FLOAT16",
        "FLOAT32, BFLOAT16, BFLOAT16", "FLOAT32, FLOAT16, FLOAT32", "FLOAT32, BFLOAT16, FLOAT32"})
    void everyEpilogueKeepsTheBound(CublasComputeType compute, DType operands, DType result) {
        for (GemmEpilogue epilogue : GemmEpilogue.values()) {
            for (boolean transposed : new boolean[] {false, true}) {
                for (double[] factors : new double[][] {{1, 0}, {0.5, 2}}) {
                    Tensor a = transposed ? random(operands, K, M) : random(operands, M, K);
                    Tensor b = transposed ? random(operands, K, N) : random(operands, N, K);
                    Tensor bias = epilogue.hasBias() ? random(result, N) : null;
                    compare(a, b, random(result, M, N), compute, factors[0], factors[1], transposed, !transposed,
                            epilogue, bias);
                    compare(transposed ? random(operands, 2, K, M) : random(operands, 2, M, K), b,
                            random(result, 2, M, N), compute, factors[0], factors[1], transposed, !transposed, epilogue,
                            bias);
                }
            }
        }
    }

    // Prepared

    @ParameterizedTest
    @EnumSource(names = {"FLOAT64", "FLOAT32", "FLOAT16", "BFLOAT16"})
    void aRunReadsWhatTheTensorsHoldThen(DType dtype) {
        Tensor a = random(dtype, 16, 16);
        Tensor b = filled(random(dtype, 16, 16), 0);
        Operator.call("aten::fill_", diagonal(b), 1.0);
        try (Gemm gemm = Gemm.of(a, b).prepare()) {
            for (int i = 0; i < 3; i++) {
                Operator.call("aten::mul_", a, 2.0);
                gemm.run();
                assertThat(gemm.result().toDoubleArray()).containsExactly(a.toDoubleArray());
            }
        }
    }

    private static Tensor diagonal(Tensor tensor) {
        return Operator.call("aten::diagonal", tensor).tensor();
    }

    @Test
    void betaAddsAtEveryRun() {
        Tensor one = filled(random(DType.FLOAT32, 1, 1), 1);
        Tensor c = filled(random(DType.FLOAT32, 1, 1), 0);
        try (Gemm gemm = Gemm.of(one, one).beta(1).into(c).prepare()) {
            for (int i = 1; i <= 3; i++) {
                gemm.run();
                assertThat(c.item()).isEqualTo(i);
            }
            assertThat(gemm.result()).isSameAs(c);
        }
        assertThat(c.isClosed()).isFalse();
    }

    @Test
    void whatWasMadeIsClosedWithIt() {
        Gemm gemm = Gemm.of(random(DType.FLOAT32, 2, 2), random(DType.FLOAT32, 2, 2)).prepare();
        Tensor result = gemm.result();
        gemm.close();
        gemm.close();
        assertThat(result.isClosed()).isTrue();
        assertThatThrownBy(gemm::run).isInstanceOf(IllegalStateException.class).hasMessageContaining("gemm is closed");
        assertThatThrownBy(gemm::result).isInstanceOf(IllegalStateException.class);
    }

    @Test
    void aClosedTensorIsRefused() {
        for (int closed = 0; closed < 4; closed++) {
            Tensor[] tensors = {random(DType.FLOAT32, 2, 3), random(DType.FLOAT32, 3, 4), random(DType.FLOAT32, 2, 4),
                random(DType.FLOAT32, 4)};
            try (Gemm gemm = Gemm.of(tensors[0], tensors[1]).epilogue(GemmEpilogue.BIAS, tensors[3]).into(tensors[2])
                    .prepare()) {
                gemm.run();
                tensors[closed].close();
                assertThatThrownBy(gemm::run).isInstanceOf(IllegalStateException.class).hasMessageContaining("closed");
            }
        }
    }

    @Test
    void aTensorThatWasResizedIsRefused() {
        for (int resized = 0; resized < 3; resized++) {
            Tensor[] tensors = {random(DType.FLOAT32, 2, 3), random(DType.FLOAT32, 3, 4), random(DType.FLOAT32, 2, 4)};
            try (Gemm gemm = Gemm.prepare(tensors[0], tensors[1], tensors[2])) {
                gemm.run();
                Operator.call("aten::resize_", tensors[resized], new long[] {1000, 1000});
                assertThatThrownBy(gemm::run).isInstanceOf(IllegalStateException.class)
                        .hasMessageContainingAll("prepare it anew", "ABC".substring(resized, resized + 1));
            }
        }
    }

    @Test
    void tensorsOfInferenceModeAreTaken() {
        Tensor a = random(DType.FLOAT32, M, K);
        Tensor c = Operator.call(CallSettings.INFERENCE, "aten::mm", a, random(DType.FLOAT32, K, N)).tensor();
        assertThat(c.isInference()).isTrue();
        Tensor inferred = Operator.call(CallSettings.INFERENCE, "aten::mul", a, 2.0).tensor();
        compare(inferred, random(DType.FLOAT32, K, N), c);
        compare(transposed(inferred), random(DType.FLOAT32, K, N), c, CublasComputeType.FLOAT32, 1, 1, true, false,
                GemmEpilogue.RELU, null);
    }

    // What is refused, in the same words everywhere

    private void refused(UnaryOperator<Gemm.Builder> how, Tensor a, Tensor b, String... words) {
        assertThatThrownBy(() -> how.apply(Gemm.of(a, b)).multiply()).isInstanceOf(BadArgumentException.class)
                .hasMessageContainingAll("gemm: ", "expected", "got").hasMessageContainingAll(words);
        assertThatThrownBy(() -> how.apply(Gemm.of(a, b)).prepare()).isInstanceOf(BadArgumentException.class)
                .hasMessageContainingAll(words);
    }

    @Test
    void whatDoesNotFitIsRefused() {
        Tensor a = random(DType.FLOAT32, 2, 3);
        Tensor b = random(DType.FLOAT32, 3, 4);
        refused(UnaryOperator.identity(), a, a, "op(A) of 2x3 and op(B) of 2x3");
        refused(Gemm.Builder::transposeA, a, b, "op(A) of 3x2");
        refused(Gemm.Builder::transposeB, a, b, "op(B) of 4x3");
        refused(gemm -> gemm.into(random(DType.FLOAT32, 4, 2)), a, b, "C of 2x4", "got 4x2");
        refused(gemm -> gemm.beta(1), a, b, "named by into()");
        refused(UnaryOperator.identity(), random(DType.FLOAT32, 3), b, "A with 2 dimensions", "[3]");
        refused(UnaryOperator.identity(), a, random(DType.FLOAT64, 3, 4), "one dtype, got float32 and float64");
        refused(gemm -> gemm.compute(CublasComputeType.FLOAT16), a, b, "FLOAT16", "float32");
        refused(gemm -> gemm.result(DType.FLOAT64), a, b, "C of float64");
        refused(gemm -> gemm.into(a), a, random(DType.FLOAT32, 3, 3), "C over A");
        refused(UnaryOperator.identity(), random(DType.FLOAT32, 4, 6).slice(1, 0, 6).permute(1, 0).slice(0, 0, 3),
                Operator.call("aten::as_strided", b, new long[] {4, 2}, new long[] {2, 2}).tensor(), "B row by row");
        refused(gemm -> gemm.epilogue(GemmEpilogue.BIAS), a, b, "a bias");
        refused(gemm -> gemm.epilogue(GemmEpilogue.BIAS, random(DType.FLOAT32, 2)), a, b, "C's 4 columns");
        refused(gemm -> gemm.workspaceLimit(-1), a, b, "-1");
    }

    @Test
    void otherDtypesAreRefused() {
        Tensor numbers = Tensor.of(new long[] {1}, 1, 1).to(device());
        refused(UnaryOperator.identity(), numbers, numbers, "float64, float32, float16 or bfloat16");
    }

    @Test
    void aResultThatAutogradWatchesIsRefused() {
        Tensor c = random(DType.FLOAT32, 2, 2);
        Operator.call("aten::requires_grad_", c).close();
        refused(gemm -> gemm.into(c), random(DType.FLOAT32, 2, 2), random(DType.FLOAT32, 2, 2), "outside autograd");
    }
}
