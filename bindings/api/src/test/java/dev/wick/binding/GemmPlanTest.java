package dev.wick.binding;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.wick.error.BadArgumentException;
import dev.wick.error.UnsupportedFeatureException;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Random;
import java.util.concurrent.atomic.AtomicReference;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;
import org.junit.jupiter.params.provider.ValueSource;

/**
 * A plan means what the caller asked for: a column-major interpreter, written after cuBLAS's manual and knowing nothing
 * of rows, carries it out on Java arrays, and a naive row-major product is compared with it.
 */
class GemmPlanTest {
    private static final int FLOAT16 = 5;
    private static final int FLOAT32 = 6;
    private static final int FLOAT64 = 7;
    private static final int BFLOAT16 = 15;
    private static final int CUDA = 1;
    /** What no gemm may touch: small whole numbers multiply and add exactly, this one would be seen. */
    private static final double UNTOUCHED = 1e9;
    private static final GemmSettings PLAIN = GemmSettings.of(CublasComputeType.FLOAT64);

    /** A tensor over a Java array, which pretends to be device memory at an address of its own. */
    private static final class Matrix {
        private static final int ELEMENT_BYTES = 8;
        final double[] memory;
        final long address;
        final int offset;
        final long[] sizes;
        final long[] strides;

        Matrix(int number, int offset, long[] sizes, long[] strides) {
            this.address = ((long) number + 1) << 32;
            this.offset = offset;
            this.sizes = sizes;
            this.strides = strides;
            long last = offset;
            for (int i = 0; i < sizes.length; i++) {
                last += Math.max(0, sizes[i] - 1) * strides[i];
            }
            memory = new double[(int) last + 4];
            Arrays.fill(memory, UNTOUCHED);
        }

        Matrix fill(Random random) {
            for (int batch = 0; batch < batch(); batch++) {
                for (int row = 0; row < rows(); row++) {
                    for (int column = 0; column < columns(); column++) {
                        memory[at(batch, row, column)] = random.nextInt(-4, 5);
                    }
                }
            }
            return this;
        }

        int batch() {
            return sizes.length == 3 ? (int) sizes[0] : 1;
        }

        int rows() {
            return (int) sizes[sizes.length - 2];
        }

        int columns() {
            return (int) sizes[sizes.length - 1];
        }

        int at(int batch, int row, int column) {
            long batchStride = sizes.length == 3 ? strides[0] : 0;
            return (int) (offset + batch * batchStride + row * strides[sizes.length - 2]
                    + column * strides[sizes.length - 1]);
        }

        /** An element, with one matrix serving for a whole batch. */
        double get(int batch, int row, int column) {
            return memory[at(batch() == 1 ? 0 : batch, row, column)];
        }

        @Override
        public String toString() {
            return Arrays.toString(sizes) + " strides " + Arrays.toString(strides);
        }

        TensorDescription description() {
            return GemmPlanTest.description(FLOAT64, address + (long) offset * ELEMENT_BYTES, sizes, strides);
        }
    }

    private static TensorDescription description(int dtype, long data, long[] sizes, long[] strides) {
        int bytes = dtype == FLOAT64 ? 8 : dtype == FLOAT32 ? 4 : 2;
        return new TensorDescription(dtype, CUDA, 0, 0, TensorDescription.STRIDED, sizes, strides,
                Arrays.stream(sizes).reduce(1, (x, y) -> x * y), bytes, data, data, 0, 0);
    }

    private static TensorDescription rowMajor(int dtype, long data, long... sizes) {
        long[] strides = new long[sizes.length];
        long stride = 1;
        for (int i = sizes.length - 1; i >= 0; i--) {
            strides[i] = stride;
            stride *= Math.max(1, sizes[i]);
        }
        return description(dtype, data, sizes, strides);
    }

    private static GemmPlan plan(GemmSettings settings, TensorDescription a, TensorDescription b, TensorDescription c) {
        return GemmPlan.of(settings, a, b, c, null);
    }

    // The two sides

    /** cublasGemmStridedBatchedEx as the manual has it: element (row, column) lies at row + column * ld. */
    private static void interpret(GemmPlan plan, List<Matrix> matrices) {
        boolean plainA = plan.transa() == GemmPlan.OP_N;
        boolean plainB = plan.transb() == GemmPlan.OP_N;
        assertThat(plan.lda()).isGreaterThanOrEqualTo(Math.max(1, plainA ? plan.m() : plan.k()));
        assertThat(plan.ldb()).isGreaterThanOrEqualTo(Math.max(1, plainB ? plan.k() : plan.n()));
        assertThat(plan.ldc()).isGreaterThanOrEqualTo(Math.max(1, plan.m()));
        for (int batch = 0; batch < plan.batchCount(); batch++) {
            for (int i = 0; i < plan.m(); i++) {
                for (int j = 0; j < plan.n(); j++) {
                    double sum = 0;
                    for (int p = 0; p < plan.k(); p++) {
                        long a = plan.strideA() * batch + (plainA ? i + p * plan.lda() : p + i * plan.lda());
                        long b = plan.strideB() * batch + (plainB ? p + j * plan.ldb() : j + p * plan.ldb());
                        sum += read(matrices, plan.a(), a) * read(matrices, plan.b(), b);
                    }
                    long c = plan.strideC() * batch + i + (long) j * plan.ldc();
                    double before = plan.beta() == 0 ? 0 : plan.beta() * read(matrices, plan.c(), c);
                    write(matrices, plan.c(), c, plan.alpha() * sum + before);
                }
            }
        }
    }

    /**
     * cublasLtMatmul as the manual has it: descriptors in CUBLASLT_ORDER_COL, a bias element for each row, then RELU.
     */
    private static void interpretLt(LtMatmulPlan plan, List<Matrix> matrices) {
        GemmPlan gemm = plan.gemm();
        assertThat(gemm.epilogue()).isEqualTo(GemmEpilogue.RELU_BIAS);
        boolean plainA = gemm.transa() == GemmPlan.OP_N;
        boolean plainB = gemm.transb() == GemmPlan.OP_N;
        LtMatmulPlan.Layout a = plan.a();
        LtMatmulPlan.Layout b = plan.b();
        LtMatmulPlan.Layout c = plan.c();
        long inner = plainA ? a.columns() : a.rows();
        for (LtMatmulPlan.Layout layout : List.of(a, b, c)) {
            assertThat(layout.leading()).isGreaterThanOrEqualTo(layout.rows());
            assertThat(layout.batchCount()).isEqualTo(gemm.batchCount());
        }
        assertThat(plainB ? b.rows() : b.columns()).isEqualTo(inner);
        assertThat(plainA ? a.rows() : a.columns()).isEqualTo(c.rows());
        assertThat(plainB ? b.columns() : b.rows()).isEqualTo(c.columns());
        for (int batch = 0; batch < c.batchCount(); batch++) {
            for (int row = 0; row < c.rows(); row++) {
                for (int column = 0; column < c.columns(); column++) {
                    double sum = 0;
                    for (int p = 0; p < inner; p++) {
                        sum += read(matrices, gemm.a(), at(a, batch, plainA ? row : p, plainA ? p : row))
                                * read(matrices, gemm.b(), at(b, batch, plainB ? p : column, plainB ? column : p));
                    }
                    long at = at(c, batch, row, column);
                    double before = gemm.beta() == 0 ? 0 : gemm.beta() * read(matrices, gemm.c(), at);
                    double value = gemm.alpha() * sum + before + read(matrices, gemm.bias(), row);
                    write(matrices, gemm.c(), at, Math.max(0, value));
                }
            }
        }
    }

    private static long at(LtMatmulPlan.Layout layout, int batch, int row, int column) {
        return batch * layout.batchStride() + row + column * layout.leading();
    }

    private static double read(List<Matrix> matrices, long start, long element) {
        long address = start + element * Matrix.ELEMENT_BYTES;
        Matrix matrix = at(matrices, address);
        double value = matrix.memory[index(matrix, address)];
        if (value == UNTOUCHED) {
            throw new AssertionError("read beside the elements of a matrix");
        }
        return value;
    }

    private static void write(List<Matrix> matrices, long start, long element, double value) {
        long address = start + element * Matrix.ELEMENT_BYTES;
        Matrix matrix = at(matrices, address);
        if (matrix != matrices.getLast()) {
            throw new AssertionError("written to another matrix than C");
        }
        matrix.memory[index(matrix, address)] = value;
    }

    private static Matrix at(List<Matrix> matrices, long address) {
        for (Matrix matrix : matrices) {
            if (matrix.address >> 32 == address >> 32) {
                return matrix;
            }
        }
        throw new AssertionError("outside of every matrix");
    }

    private static int index(Matrix matrix, long address) {
        return (int) ((address - matrix.address) / Matrix.ELEMENT_BYTES);
    }

    private static void compare(GemmSettings settings, Matrix a, Matrix b, Matrix c) {
        double[] before = c.memory.clone();
        GemmPlan plan = plan(settings, a.description(), b.description(), c.description());
        assertThat(plan.isEmpty()).isEqualTo(c.batch() * c.rows() * c.columns() == 0);
        assertThat(plan.isBatched()).isEqualTo(c.batch() > 1);
        assertThat(plan.needsCublasLt()).isFalse();
        if (!plan.isEmpty()) {
            interpret(plan, List.of(a, b, c));
        }
        compareMemory(settings, a, b, c, expected(settings, a, b, c, before, null));
        if (!plan.isEmpty() && plan.k() > 0) {
            System.arraycopy(before, 0, c.memory, 0, before.length);
            compareLt(settings.finished(GemmEpilogue.RELU_BIAS), a, b, c);
        }
    }

    private static void compareLt(GemmSettings settings, Matrix a, Matrix b, Matrix c) {
        double[] before = c.memory.clone();
        Matrix bias = new Matrix(3, 1, new long[] {c.columns(), 1}, new long[] {1, 1}).fill(new Random(c.columns()));
        GemmPlan plan = GemmPlan.of(settings, a.description(), b.description(), c.description(), description(FLOAT64,
                bias.address + Matrix.ELEMENT_BYTES, new long[] {c.columns()}, new long[] {1}));
        assertThat(plan.needsCublasLt()).isTrue();
        interpretLt(LtMatmulPlan.of(plan), List.of(a, b, bias, c));
        compareMemory(settings, a, b, c, expected(settings, a, b, c, before, bias));
    }

    /** What C's memory is to hold, by rows. */
    private static double[] expected(GemmSettings settings, Matrix a, Matrix b, Matrix c, double[] before,
            Matrix bias) {
        double[] expected = before.clone();
        int inner = settings.transposeA() ? a.rows() : a.columns();
        for (int batch = 0; batch < c.batch(); batch++) {
            for (int row = 0; row < c.rows(); row++) {
                for (int column = 0; column < c.columns(); column++) {
                    double sum = 0;
                    for (int p = 0; p < inner; p++) {
                        sum += (settings.transposeA() ? a.get(batch, p, row) : a.get(batch, row, p))
                                * (settings.transposeB() ? b.get(batch, column, p) : b.get(batch, p, column));
                    }
                    int at = c.at(batch, row, column);
                    double value = settings.alpha() * sum + (settings.beta() == 0 ? 0 : settings.beta() * before[at]);
                    expected[at] = bias == null ? value : Math.max(0, value + bias.get(0, column, 0));
                }
            }
        }
        return expected;
    }

    private static void compareMemory(GemmSettings settings, Matrix a, Matrix b, Matrix c, double[] expected) {
        // AssertJ's own comparison would take most of the time.
        if (!Arrays.equals(c.memory, expected)) {
            assertThat(c.memory).as(settings + " A " + a + " B " + b + " C " + c).containsExactly(expected);
        }
    }

    // Layouts

    /** Every way in which the elements of a matrix, or of a batch, may lie. */
    private static List<Matrix> operands(int number, Random random, int batch, int rows, int columns, boolean batched) {
        List<Matrix> layouts = new ArrayList<>();
        long row = Math.max(1, columns);
        long column = Math.max(1, rows);
        for (long[] inside : new long[][] {{row, 1}, {row + 3, 1}, {1, column}, {1, column + 2}}) {
            long extent = Math.max(1, rows - 1L) * inside[0] + Math.max(1, columns - 1L) * inside[1] + 1;
            layouts.add(new Matrix(number, 2, new long[] {rows, columns}, inside));
            if (batched) {
                layouts.add(new Matrix(number, 2, new long[] {batch, rows, columns},
                        new long[] {extent + 1, inside[0], inside[1]}));
                layouts.add(new Matrix(number, 0, new long[] {batch, rows, columns},
                        new long[] {0, inside[0], inside[1]}));
                layouts.add(new Matrix(number, 1, new long[] {1, rows, columns},
                        new long[] {7, inside[0], inside[1]}));
            }
        }
        if (batched) {
            // The batch between the rows.
            layouts.add(new Matrix(number, 0, new long[] {batch, rows, columns},
                    new long[] {row, row * Math.max(1, batch), 1}));
        }
        layouts.forEach(matrix -> matrix.fill(random));
        return layouts;
    }

    private static List<Matrix> results(Random random, int batch, int rows, int columns, boolean batched) {
        List<Matrix> layouts = new ArrayList<>();
        long row = Math.max(1, columns);
        for (long stride : new long[] {row, row + 2}) {
            if (batched) {
                layouts.add(new Matrix(2, 1, new long[] {batch, rows, columns},
                        new long[] {stride * Math.max(1, rows) + 3, stride, 1}));
                layouts.add(new Matrix(2, 1, new long[] {batch, rows, columns},
                        new long[] {stride, stride * Math.max(1, batch), 1}));
            } else {
                layouts.add(new Matrix(2, 1, new long[] {rows, columns}, new long[] {stride, 1}));
            }
        }
        layouts.forEach(matrix -> matrix.fill(random));
        return layouts;
    }

    private static void compareAll(int batch, int m, int n, int k, boolean batched) {
        Random random = new Random(7);
        for (boolean transposeA : new boolean[] {false, true}) {
            for (boolean transposeB : new boolean[] {false, true}) {
                for (double[] factors : new double[][] {{1, 0}, {2, 3}, {0, 2}}) {
                    GemmSettings settings = PLAIN.transposed(transposeA, transposeB).scaled(factors[0], factors[1]);
                    for (Matrix a : operands(0, random, batch, transposeA ? k : m, transposeA ? m : k, batched)) {
                        for (Matrix b : operands(1, random, batch, transposeB ? n : k, transposeB ? k : n, batched)) {
                            results(random, batch, m, n, batched).forEach(c -> compare(settings, a, b, c));
                        }
                    }
                }
            }
        }
    }

    @Test
    void matricesOfAllLayoutsAndTransposes() {
        for (int[] sizes : new int[][] {{2, 3, 4}, {4, 3, 2}, {3, 3, 3}, {1, 3, 2}, {3, 1, 2}, {3, 2, 1}, {1, 1, 4},
            {4, 1, 1}, {1, 4, 1}, {1, 1, 1}}) {
            compareAll(1, sizes[0], sizes[1], sizes[2], false);
        }
    }

    @Test
    void sizesOfNothing() {
        for (int[] sizes : new int[][] {{0, 3, 4}, {2, 0, 4}, {2, 3, 0}, {0, 0, 0}, {1, 1, 0}, {2, 1, 0}, {0, 1, 1}}) {
            compareAll(1, sizes[0], sizes[1], sizes[2], false);
            compareAll(2, sizes[0], sizes[1], sizes[2], true);
        }
    }

    @ParameterizedTest
    @ValueSource(ints = {1, 2, 3, 0})
    void batches(int batch) {
        compareAll(batch, 2, 3, 2, true);
        compareAll(batch, 3, 1, 2, true);
        compareAll(batch, 1, 2, 3, true);
    }

    @Test
    void theOperandsChangePlaces() {
        GemmPlan plan = plan(PLAIN.transposed(false, true), rowMajor(FLOAT64, 1 << 20, 2, 3),
                rowMajor(FLOAT64, 2 << 20, 5, 3), rowMajor(FLOAT64, 3 << 20, 2, 5));
        assertThat(plan).isEqualTo(new GemmPlan(0, GemmPlan.OP_T, GemmPlan.OP_N, 5, 2, 3, 1, 2 << 20, 1, 3, 0, 1 << 20,
                1, 3, 0, 0, 3 << 20, 1, 5, 0, 1, CublasComputeType.FLOAT64,
                GemmPlan.DISALLOW_REDUCED_PRECISION_REDUCTION, GemmEpilogue.DEFAULT, 0));
        assertThat(plan(PLAIN.reducing(true), rowMajor(FLOAT64, 1 << 20, 1, 1), rowMajor(FLOAT64, 2 << 20, 1, 1),
                rowMajor(FLOAT64, 3 << 20, 1, 1)).mathMode()).isEqualTo(GemmPlan.DEFAULT_MATH);
    }

    // Types

    private static GemmPlan typed(CublasComputeType compute, int operands, int result) {
        return plan(GemmSettings.of(compute), rowMajor(operands, 1 << 20, 2, 2),
                rowMajor(operands, 2 << 20, 2, 2), rowMajor(result, 3 << 20, 2, 2));
    }

    /** The rows of the table at cublasGemmEx, "A/B type, C type" by compute type. */
    private static List<List<Integer>> table(CublasComputeType compute) {
        return switch (compute) {
            case FLOAT16, FLOAT16_PEDANTIC -> List.of(List.of(FLOAT16, FLOAT16));
            case FLOAT32, FLOAT32_PEDANTIC -> List.of(List.of(BFLOAT16, BFLOAT16), List.of(BFLOAT16, FLOAT32),
                    List.of(FLOAT16, FLOAT16), List.of(FLOAT16, FLOAT32), List.of(FLOAT32, FLOAT32));
            case FLOAT32_FAST_FLOAT16, FLOAT32_FAST_BFLOAT16, FLOAT32_FAST_TF32 -> List.of(List.of(FLOAT32, FLOAT32));
            case FLOAT64, FLOAT64_PEDANTIC -> List.of(List.of(FLOAT64, FLOAT64));
        };
    }

    @ParameterizedTest
    @EnumSource
    void typesAreThoseOfTheManual(CublasComputeType compute) {
        for (int operands : new int[] {FLOAT16, FLOAT32, FLOAT64, BFLOAT16}) {
            for (int result : new int[] {FLOAT16, FLOAT32, FLOAT64, BFLOAT16}) {
                if (table(compute).contains(List.of(operands, result))) {
                    assertThat(typed(compute, operands, result).compute()).isEqualTo(compute);
                } else {
                    assertThatThrownBy(() -> typed(compute, operands, result))
                            .isInstanceOf(BadArgumentException.class)
                            .hasMessageContainingAll("expected", "got A and B of", compute.name());
                }
            }
        }
    }

    @Test
    void codesAreCudas() {
        assertThat(typed(CublasComputeType.FLOAT32, FLOAT16, FLOAT32)).extracting(GemmPlan::aType, GemmPlan::bType,
                GemmPlan::cType).containsExactly(2, 2, 0);
        assertThat(typed(CublasComputeType.FLOAT32, BFLOAT16, BFLOAT16).cType()).isEqualTo(14);
        assertThat(typed(CublasComputeType.FLOAT64, FLOAT64, FLOAT64).cType()).isEqualTo(1);
    }

    @Test
    void factorsAreWrittenInTheScaleType() {
        assertThat(scalars(CublasComputeType.FLOAT64, FLOAT64).toArray(ValueLayout.JAVA_DOUBLE_UNALIGNED))
                .containsExactly(0.1, -2.5);
        MemorySegment singles = scalars(CublasComputeType.FLOAT32, BFLOAT16);
        assertThat(singles.get(ValueLayout.JAVA_FLOAT_UNALIGNED, 0)).isEqualTo(0.1f);
        assertThat(singles.get(ValueLayout.JAVA_FLOAT_UNALIGNED, GemmPlan.BETA_OFFSET)).isEqualTo(-2.5f);
        MemorySegment halves = scalars(CublasComputeType.FLOAT16, FLOAT16);
        assertThat(halves.get(ValueLayout.JAVA_SHORT_UNALIGNED, 0)).isEqualTo(Float.floatToFloat16(0.1f));
        assertThat(halves.get(ValueLayout.JAVA_SHORT_UNALIGNED, GemmPlan.BETA_OFFSET)).isEqualTo((short) 0xC100);
    }

    private static MemorySegment scalars(CublasComputeType compute, int dtype) {
        MemorySegment scalars = MemorySegment.ofArray(new byte[(int) GemmPlan.SCALARS_BYTES]);
        plan(GemmSettings.of(compute).scaled(0.1, -2.5), rowMajor(dtype, 1 << 20, 2, 2),
                rowMajor(dtype, 2 << 20, 2, 2), rowMajor(dtype, 3 << 20, 2, 2)).writeScalars(scalars);
        return scalars;
    }

    // What is refused

    private static final TensorDescription A = rowMajor(FLOAT64, 1 << 20, 2, 3);
    private static final TensorDescription B = rowMajor(FLOAT64, 2 << 20, 3, 5);
    private static final TensorDescription C = rowMajor(FLOAT64, 3 << 20, 2, 5);

    private static void refused(TensorDescription a, TensorDescription b, TensorDescription c, String... words) {
        refused(PLAIN, a, b, c, words);
    }

    private static void refused(GemmSettings settings, TensorDescription a, TensorDescription b, TensorDescription c,
            String... words) {
        assertThatThrownBy(() -> plan(settings, a, b, c)).isInstanceOf(BadArgumentException.class)
                .hasMessageStartingWith("gemm: ").hasMessageContainingAll("expected", "got")
                .hasMessageContainingAll(words);
    }

    private static TensorDescription with(TensorDescription tensor, int deviceType, int deviceIndex, int layout,
            int flags) {
        return new TensorDescription(tensor.dtype(), deviceType, deviceIndex, layout, flags, tensor.sizes(),
                (flags & TensorDescription.STRIDED) == 0 ? new long[0] : tensor.strides(), tensor.elementCount(),
                tensor.elementSize(), tensor.data(), tensor.storageAddress(), 0, 0);
    }

    @Test
    void tensorsElsewhereAreRefused() {
        int strided = TensorDescription.STRIDED;
        refused(with(A, 0, -1, 0, strided), B, C, "one device", "cpu, cuda:0 and cuda:0");
        refused(A, with(B, 0, -1, 0, strided), C, "one device", "cuda:0, cpu and cuda:0");
        refused(A, B, with(C, 0, -1, 0, strided), "one device", "cuda:0, cuda:0 and cpu");
        refused(A, B, with(C, 14, 0, 0, strided), "C on the CPU or a CUDA device", "14");
        refused(A, with(B, CUDA, 1, 0, strided), C, "one device", "cuda:0, cuda:1 and cuda:0");
        refused(with(A, CUDA, 1, 0, strided), B, C, "cuda:1, cuda:0 and cuda:0");
        refused(with(A, CUDA, 0, 1, 0), B, C, "A with strides", "Layout 1");
        refused(A, B, with(C, CUDA, 0, 0, strided | TensorDescription.REQUIRES_GRAD), "gradient");
    }

    @Test
    void theCpusTensorsAreCheckedAlikeAndAreNotForCublas() {
        int strided = TensorDescription.STRIDED;
        GemmPlan plan = plan(PLAIN, with(A, 0, -1, 0, strided), with(B, 0, -1, 0, strided), with(C, 0, -1, 0, strided));
        assertThat(plan.onCuda()).isFalse();
        assertThatThrownBy(plan::requireCuda).isInstanceOf(BadArgumentException.class)
                .hasMessageContaining("expected tensors on a CUDA device");
        assertThat(plan(PLAIN, A, B, C).requireCuda().device()).isZero();
        refused(with(A, 0, -1, 0, strided), with(B, 0, -1, 0, strided), with(half(C), 0, -1, 0, strided),
                "dtypes that cuBLAS computes in FLOAT64");
    }

    // Epilogues

    private static final TensorDescription BIAS = rowMajor(FLOAT64, 4 << 20, 5);

    private static void refusedBias(GemmEpilogue epilogue, TensorDescription bias, String... words) {
        assertThatThrownBy(() -> GemmPlan.of(PLAIN.finished(epilogue), A, B, C, bias))
                .isInstanceOf(BadArgumentException.class).hasMessageStartingWith("gemm: ")
                .hasMessageContainingAll("expected", "got").hasMessageContainingAll(words);
    }

    @Test
    void aBiasThatDoesNotFitIsRefused() {
        refusedBias(GemmEpilogue.BIAS, null, "a bias", "BIAS", "none");
        refusedBias(GemmEpilogue.RELU, BIAS, "no bias", "RELU");
        refusedBias(GemmEpilogue.DEFAULT, BIAS, "no bias", "DEFAULT");
        refusedBias(GemmEpilogue.GELU_BIAS, rowMajor(FLOAT64, 4 << 20, 2), "C's 5 columns", "[2]");
        refusedBias(GemmEpilogue.GELU_BIAS, rowMajor(FLOAT64, 4 << 20, 1, 5), "one dimension", "[1, 5]");
        refusedBias(GemmEpilogue.BIAS, rowMajor(FLOAT32, 4 << 20, 5), "C's dtype, float64", "float32");
        refusedBias(GemmEpilogue.BIAS, description(FLOAT64, 4 << 20, new long[] {5}, new long[] {2}), "side by side");
        refusedBias(GemmEpilogue.BIAS, rowMajor(FLOAT64, C.data() + 8, 5), "C over the bias");
        refusedBias(GemmEpilogue.BIAS, with(BIAS, 0, -1, 0, TensorDescription.STRIDED), "C's device, cuda:0", "cpu");
        assertThat(GemmPlan.of(PLAIN.finished(GemmEpilogue.BIAS), A, B, C, BIAS).bias()).isEqualTo(4 << 20);
    }

    @Test
    void aBiasHasTheTypeOfTheResult() {
        GemmSettings settings = GemmSettings.of(CublasComputeType.FLOAT32).finished(GemmEpilogue.RELU_BIAS);
        TensorDescription single = rowMajor(FLOAT32, 3 << 20, 2, 5);
        GemmPlan plan = GemmPlan.of(settings, half(A), half(B), single, rowMajor(FLOAT32, 4 << 20, 5));
        assertThat(LtMatmulPlan.of(plan)).extracting(LtMatmulPlan::scaleType, lt -> lt.a().type(), lt -> lt.c().type())
                .containsExactly(0, 2, 0);
        assertThatThrownBy(() -> GemmPlan.of(settings, half(A), half(B), single, half(BIAS)))
                .isInstanceOf(BadArgumentException.class).hasMessageContaining("C's dtype, float32");
    }

    @Test
    void partsOfASumAreRoundedOnlyWhereThatIsAllowed() {
        GemmSettings settings = GemmSettings.of(CublasComputeType.FLOAT32).finished(GemmEpilogue.GELU);
        assertThat(lt(settings, half(C)).reductionSchemeMask()).isEqualTo(LtMatmulPlan.REDUCTION_IN_COMPUTE_TYPE);
        assertThat(lt(settings.reducing(true), half(C)).reductionSchemeMask())
                .isEqualTo(LtMatmulPlan.REDUCTION_IN_ANY_TYPE);
        assertThat(lt(settings, rowMajor(FLOAT32, 3 << 20, 2, 5)).reductionSchemeMask())
                .isEqualTo(LtMatmulPlan.REDUCTION_IN_ANY_TYPE);
    }

    private static LtMatmulPlan lt(GemmSettings settings, TensorDescription c) {
        return LtMatmulPlan.of(plan(settings, half(A), half(B), c));
    }

    @Test
    void alignmentIsThatOfTheAddress() {
        for (long address : new long[] {2, 4, 16, 48, 256, 768, 1024}) {
            TensorDescription a = rowMajor(FLOAT16, (1 << 20) + address, 2, 3);
            LtMatmulPlan plan = LtMatmulPlan.of(plan(GemmSettings.of(CublasComputeType.FLOAT32)
                    .finished(GemmEpilogue.RELU), a, half(B), half(C)));
            // The caller's A is cuBLAS's B.
            assertThat(plan.b().alignment()).isEqualTo((int) Math.min(256, address & -address));
            assertThat(plan.a().alignment()).isEqualTo(256);
        }
    }

    @Test
    void cublasLtIsNotAskedForSumsOfNothing() {
        GemmPlan nothing = plan(PLAIN.finished(GemmEpilogue.RELU), rowMajor(FLOAT64, 1 << 20, 2, 0),
                rowMajor(FLOAT64, 2 << 20, 0, 5), C);
        assertThatThrownBy(() -> LtMatmulPlan.of(nothing)).isInstanceOf(BadArgumentException.class)
                .hasMessageContaining("length 0");
        assertThatThrownBy(() -> PLAIN.workspace(-1)).isInstanceOf(BadArgumentException.class)
                .hasMessageContaining("-1");
    }

    @ParameterizedTest
    @EnumSource
    void anEpilogueIsItsActivationWithOrWithoutABias(GemmEpilogue epilogue) {
        assertThat(epilogue.hasBias()).isEqualTo(epilogue.name().contains("BIAS"));
        assertThat(epilogue.activation().hasBias()).isFalse();
        assertThat(epilogue.activation().code()).isEqualTo(epilogue == GemmEpilogue.BIAS ? GemmEpilogue.DEFAULT.code()
                : epilogue.hasBias() ? epilogue.code() - GemmEpilogue.BIAS.code() : epilogue.code());
    }

    // Types that are refused

    @Test
    void otherDtypesAreRefused() {
        refused(rowMajor(4, 1 << 20, 2, 3), B, C, "float64, float32, float16 or bfloat16", "ScalarType 4");
        refused(rowMajor(FLOAT32, 1 << 20, 2, 3), B, C, "one dtype", "float32 and float64");
        GemmSettings halves = GemmSettings.of(CublasComputeType.FLOAT16);
        refused(halves.scaled(1e6, 0), half(A), half(B), half(C), "alpha", "1000000");
        refused(halves.scaled(1, -1e6), half(A), half(B), half(C), "beta");
        refused(GemmSettings.of(CublasComputeType.FLOAT32).scaled(1e300, 0), half(A), half(B), half(C), "alpha");
        assertThat(plan(PLAIN.scaled(Double.POSITIVE_INFINITY, 1e300), A, B, C).beta()).isEqualTo(1e300);
    }

    private static TensorDescription half(TensorDescription tensor) {
        return rowMajor(FLOAT16, tensor.data(), tensor.sizes());
    }

    @Test
    void shapesThatDoNotFitAreRefused() {
        refused(rowMajor(FLOAT64, 1 << 20, 3), B, C, "A with 2 dimensions", "[3]");
        refused(A, rowMajor(FLOAT64, 2 << 20, 1, 1, 3, 5), C, "B with 2 dimensions", "[1, 1, 3, 5]");
        refused(rowMajor(FLOAT64, 1 << 20, 2, 4), B, C, "op(A) of 2x4", "op(B) of 3x5");
        refused(PLAIN.transposed(true, false), A, B, C, "op(A) of 3x2", "op(B) of 3x5");
        refused(PLAIN.transposed(false, true), A, B, C, "op(A) of 2x3", "op(B) of 5x3");
        refused(A, B, rowMajor(FLOAT64, 3 << 20, 5, 2), "C of 2x5", "got 5x2");
    }

    @Test
    void batchesThatDoNotFitAreRefused() {
        TensorDescription batched = rowMajor(FLOAT64, 3 << 20, 4, 2, 5);
        refused(rowMajor(FLOAT64, 1 << 20, 4, 2, 3), B, C, "C with a batch", "[4, 2, 3]");
        refused(A, rowMajor(FLOAT64, 2 << 20, 1, 3, 5), C, "C with a batch", "[1, 3, 5]");
        refused(rowMajor(FLOAT64, 1 << 20, 3, 2, 3), B, batched, "A with C's batch of 4", "[3, 2, 3]");
        refused(A, rowMajor(FLOAT64, 2 << 20, 2, 3, 5), batched, "B with C's batch of 4", "[2, 3, 5]");
    }

    @Test
    void stridesThatCublasCannotTakeAreRefused() {
        refused(description(FLOAT64, 1 << 20, new long[] {2, 3}, new long[] {6, 2}), B, C, "A row by row", "[6, 2]");
        refused(description(FLOAT64, 1 << 20, new long[] {2, 3}, new long[] {0, 1}), B, C, "A row by row", "[0, 1]");
        refused(description(FLOAT64, 1 << 20, new long[] {2, 3}, new long[] {2, 1}), B, C, "n at least 3", "[2, 1]");
        refused(A, description(FLOAT64, 2 << 20, new long[] {3, 5}, new long[] {1, 2}), C, "B row by row", "[1, 2]");
        refused(A, B, description(FLOAT64, 3 << 20, new long[] {2, 5}, new long[] {1, 2}), "C row by row", "[1, 2]");
        refused(A, B, description(FLOAT64, 3 << 20, new long[] {2, 5}, new long[] {3, 1}), "C row by row", "[3, 1]");
    }

    @Test
    void aResultWhoseElementsMeetIsRefused() {
        for (long stride : new long[] {0, 1, 4, 9}) {
            refused(A, B, description(FLOAT64, 3 << 20, new long[] {4, 2, 5}, new long[] {stride, 5, 1}),
                    "a place for each element", "[" + stride + ", 5, 1]");
        }
    }

    @Test
    void aResultOverAnOperandIsRefused() {
        refused(A, B, rowMajor(FLOAT64, A.data(), 2, 5), "C over A");
        refused(A, B, rowMajor(FLOAT64, A.data() + 8, 2, 5), "C over A");
        refused(A, B, rowMajor(FLOAT64, B.data() - 8, 2, 5), "C over B");
        // Beside each other in one block.
        plan(PLAIN, A, B, rowMajor(FLOAT64, A.data() + 48, 2, 5));
        plan(PLAIN, description(FLOAT64, 1 << 20, new long[] {2, 3}, new long[] {8, 1}), B,
                description(FLOAT64, (1 << 20) + 24, new long[] {2, 5}, new long[] {8, 1}));
    }

    @Test
    void whatDoesNotFitInto32BitsIsRefused() {
        long huge = 1L << 31;
        TensorDescription one = rowMajor(FLOAT64, 1L << 40, 1, 1);
        TensorDescription tall = rowMajor(FLOAT64, 2L << 40, huge, 1);
        TensorDescription wide = rowMajor(FLOAT64, 3L << 40, 1, huge);
        refused(tall, one, rowMajor(FLOAT64, 4L << 40, huge, 1), "32 bits", "rows of C", "2147483648");
        refused(one, wide, rowMajor(FLOAT64, 4L << 40, 1, huge), "32 bits", "columns of C");
        refused(wide, tall, one, "32 bits", "a sum");
        refused(one, one, rowMajor(FLOAT64, 4L << 40, huge, 1, 1), "the batch");
        refused(description(FLOAT64, 1L << 40, new long[] {2, 3}, new long[] {huge, 1}), B, C, "A's leading dimension");
        refused(A, description(FLOAT64, 1L << 40, new long[] {3, 5}, new long[] {huge, 1}), C, "B's leading dimension");
        refused(A, B, description(FLOAT64, 1L << 40, new long[] {2, 5}, new long[] {huge, 1}), "C's leading dimension");
    }

    @Test
    void aVirtualThreadIsRefused() throws Exception {
        CublasBinding.requirePlatformThread();
        AtomicReference<Throwable> thrown = new AtomicReference<>();
        Thread.ofVirtual().start(() -> {
            try {
                CublasBinding.requirePlatformThread();
            } catch (UnsupportedFeatureException e) {
                thrown.set(e);
            }
        }).join();
        assertThat(thrown.get()).hasMessageContaining("platform thread");
    }
}
