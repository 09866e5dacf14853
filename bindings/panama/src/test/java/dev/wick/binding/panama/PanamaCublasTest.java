package dev.wick.binding.panama;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import dev.wick.binding.CublasComputeType;
import dev.wick.binding.GemmPlan;
import dev.wick.binding.GemmSettings;
import dev.wick.binding.TensorDescription;
import dev.wick.binding.panama.generated.cublas.Cublas;
import dev.wick.error.CublasException;
import java.io.InputStream;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Map;
import java.util.TreeMap;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/**
 * Plans arrive at cuBLAS's functions as they were made: a library that stands in for libcublas carries them out on the
 * CPU's memory. Needs a C compiler.
 */
class PanamaCublasTest {
    private static final int FLOAT16 = 5;
    private static final int FLOAT32 = 6;
    private static final int FLOAT64 = 7;
    private static final int BFLOAT16 = 15;
    private static final int CUDA = 1;
    private static final int TF32_MATH = 3;

    @TempDir
    private static Path directory;

    @BeforeAll
    static void loadStandIn() throws Exception {
        String compiler = System.getenv().getOrDefault("CXX", "g++");
        Path source = directory.resolve("stand_in.c");
        try (InputStream in = PanamaCublasTest.class.getResourceAsStream("/cublas/stand_in.c")) {
            Files.copy(in, source);
        }
        Path library = directory.resolve("libcublas.so.0");
        int status = -1;
        try {
            // With -x c a C++ compiler is a C compiler.
            status = new ProcessBuilder(compiler, "-x", "c", "-O1", "-shared", "-fPIC", "-o", library.toString(),
                    source.toString()).inheritIO().start().waitFor();
        } catch (java.io.IOException e) {
            assumeTrue(System.getenv("CI") != null, "no " + compiler + " to compile cuBLAS's stand-in with");
        }
        assertThat(status).as("compiling cuBLAS's stand-in").isZero();
        System.load(library.toString());
    }

    /** A handle of the stand-in: its math mode, and the one of the last gemm. */
    private static MemorySegment handle(Arena arena, int mathMode) {
        return arena.allocateFrom(ValueLayout.JAVA_INT, mathMode, -1);
    }

    private static TensorDescription tensor(int dtype, MemorySegment memory, long[] sizes, long... strides) {
        int bytes = dtype == FLOAT64 ? 8 : dtype == FLOAT32 ? 4 : 2;
        long count = 1;
        for (long size : sizes) {
            count *= size;
        }
        return new TensorDescription(dtype, CUDA, 0, 0, TensorDescription.STRIDED, sizes, strides, count, bytes,
                memory.address(), memory.address(), 0, memory.byteSize());
    }

    @Test
    void theVersionIsPutTogether() {
        assertThat(new PanamaCublas(null).version()).isEqualTo(120804);
    }

    @Test
    void aMatrixProduct() {
        try (Arena arena = Arena.ofConfined()) {
            MemorySegment a = arena.allocateFrom(ValueLayout.JAVA_FLOAT, 1, 2, 3, 99, 4, 5, 6, 99);
            MemorySegment b = arena.allocateFrom(ValueLayout.JAVA_FLOAT, 7, 9, 11, 8, 10, 12);
            MemorySegment c = arena.allocateFrom(ValueLayout.JAVA_FLOAT, 1, 1, 1, 1);
            GemmSettings settings = GemmSettings.of(CublasComputeType.FLOAT32).transposed(false, true).scaled(2, 10);
            GemmPlan plan = GemmPlan.of(settings, tensor(FLOAT32, a, new long[] {2, 3}, 4, 1),
                    tensor(FLOAT32, b, new long[] {2, 3}, 3, 1), tensor(FLOAT32, c, new long[] {2, 2}, 2, 1));
            PanamaCublas.enqueue(handle(arena, 0), plan, arena);
            assertThat(c.toArray(ValueLayout.JAVA_FLOAT)).containsExactly(126, 138, 288, 318);
        }
    }

    @Test
    void aBatchInEveryType() {
        Map<CublasComputeType, Integer> types = new TreeMap<>(Map.of(CublasComputeType.FLOAT64, FLOAT64,
                CublasComputeType.FLOAT64_PEDANTIC, FLOAT64, CublasComputeType.FLOAT32_FAST_TF32, FLOAT32,
                CublasComputeType.FLOAT32, BFLOAT16, CublasComputeType.FLOAT32_PEDANTIC, FLOAT16,
                CublasComputeType.FLOAT16, FLOAT16));
        types.forEach((compute, dtype) -> {
            try (Arena arena = Arena.ofConfined()) {
                // Batches of 2: one row by one column, and one column for both.
                MemorySegment a = numbers(arena, dtype, 1, 2, 3, 4);
                MemorySegment b = numbers(arena, dtype, 5, 6);
                MemorySegment c = numbers(arena, dtype, 1, 2);
                GemmPlan plan = GemmPlan.of(GemmSettings.of(compute).scaled(0.5, -2),
                        tensor(dtype, a, new long[] {2, 1, 2}, 2, 2, 1),
                        tensor(dtype, b, new long[] {2, 2, 1}, 0, 1, 1),
                        tensor(dtype, c, new long[] {2, 1, 1}, 1, 1, 1));
                PanamaCublas.enqueue(handle(arena, 0), plan, arena);
                assertThat(number(c, dtype, 0)).as(compute.name()).isEqualTo(6.5);
                assertThat(number(c, dtype, 1)).as(compute.name()).isEqualTo(15.5);
            }
        });
    }

    private static MemorySegment numbers(Arena arena, int dtype, float... values) {
        MemorySegment memory = arena.allocate(8L * values.length, 8);
        for (int i = 0; i < values.length; i++) {
            switch (dtype) {
                case FLOAT64 -> memory.setAtIndex(ValueLayout.JAVA_DOUBLE, i, values[i]);
                case FLOAT32 -> memory.setAtIndex(ValueLayout.JAVA_FLOAT, i, values[i]);
                case FLOAT16 -> memory.setAtIndex(ValueLayout.JAVA_SHORT, i, Float.floatToFloat16(values[i]));
                default -> memory.setAtIndex(ValueLayout.JAVA_SHORT, i,
                        (short) (Float.floatToRawIntBits(values[i]) >> Short.SIZE));
            }
        }
        return memory;
    }

    private static double number(MemorySegment memory, int dtype, int i) {
        return switch (dtype) {
            case FLOAT64 -> memory.getAtIndex(ValueLayout.JAVA_DOUBLE, i);
            case FLOAT32 -> memory.getAtIndex(ValueLayout.JAVA_FLOAT, i);
            case FLOAT16 -> Float.float16ToFloat(memory.getAtIndex(ValueLayout.JAVA_SHORT, i));
            default -> Float.intBitsToFloat(memory.getAtIndex(ValueLayout.JAVA_SHORT, i) << Short.SIZE);
        };
    }

    @Test
    void theMathModeHoldsForTheCallAndIsPutBack() {
        try (Arena arena = Arena.ofConfined()) {
            MemorySegment one = numbers(arena, FLOAT32, 1);
            TensorDescription matrix = tensor(FLOAT32, one, new long[] {1, 1}, 1, 1);
            TensorDescription result = tensor(FLOAT32, numbers(arena, FLOAT32, 0), new long[] {1, 1}, 1, 1);
            for (boolean reducing : new boolean[] {false, true}) {
                GemmPlan plan = GemmPlan.of(GemmSettings.of(CublasComputeType.FLOAT32).reducing(reducing), matrix,
                        matrix, result);
                MemorySegment handle = handle(arena, TF32_MATH);
                PanamaCublas.enqueue(handle, plan, arena);
                assertThat(handle.toArray(ValueLayout.JAVA_INT)).containsExactly(TF32_MATH, plan.mathMode());
            }
        }
    }

    @Test
    void whatCublasRefusesIsSaidInItsWords() {
        try (Arena arena = Arena.ofConfined()) {
            MemorySegment memory = numbers(arena, FLOAT32, 1);
            GemmPlan wrong = new GemmPlan(0, 0, 0, 2, 1, 1, 1, memory.address(), 0, 1, 0, memory.address(), 0, 1, 0, 0,
                    memory.address(), 0, 1, 0, 1, CublasComputeType.FLOAT32, 0);
            MemorySegment handle = handle(arena, TF32_MATH);
            assertThatThrownBy(() -> PanamaCublas.enqueue(handle, wrong, arena))
                    .isInstanceOfSatisfying(CublasException.class, e -> {
                        assertThat(e.status()).isEqualTo(7);
                        assertThat(e).hasMessage("cublasGemmEx: CUBLAS_STATUS_INVALID_VALUE: a value was refused");
                    });
            assertThat(handle.get(ValueLayout.JAVA_INT, 0)).isEqualTo(TF32_MATH);
        }
    }

    /** What bindings/api writes down in numbers is what the header says. */
    @Test
    void codesAreThoseOfTheHeader() {
        assertThat(Map.of(CublasComputeType.FLOAT16, Cublas.CUBLAS_COMPUTE_16F(),
                CublasComputeType.FLOAT16_PEDANTIC, Cublas.CUBLAS_COMPUTE_16F_PEDANTIC(),
                CublasComputeType.FLOAT32, Cublas.CUBLAS_COMPUTE_32F(),
                CublasComputeType.FLOAT32_PEDANTIC, Cublas.CUBLAS_COMPUTE_32F_PEDANTIC(),
                CublasComputeType.FLOAT32_FAST_FLOAT16, Cublas.CUBLAS_COMPUTE_32F_FAST_16F(),
                CublasComputeType.FLOAT32_FAST_BFLOAT16, Cublas.CUBLAS_COMPUTE_32F_FAST_16BF(),
                CublasComputeType.FLOAT32_FAST_TF32, Cublas.CUBLAS_COMPUTE_32F_FAST_TF32(),
                CublasComputeType.FLOAT64, Cublas.CUBLAS_COMPUTE_64F(),
                CublasComputeType.FLOAT64_PEDANTIC, Cublas.CUBLAS_COMPUTE_64F_PEDANTIC()))
                .hasSize(CublasComputeType.values().length)
                .allSatisfy((compute, code) -> assertThat(compute.code()).as(compute.name()).isEqualTo(code));
        assertThat(GemmPlan.OP_N).isEqualTo(Cublas.CUBLAS_OP_N());
        assertThat(GemmPlan.OP_T).isEqualTo(Cublas.CUBLAS_OP_T());
        assertThat(GemmPlan.ALGORITHM).isEqualTo(Cublas.CUBLAS_GEMM_DEFAULT());
        assertThat(GemmPlan.DEFAULT_MATH).isEqualTo(Cublas.CUBLAS_DEFAULT_MATH());
        assertThat(GemmPlan.DISALLOW_REDUCED_PRECISION_REDUCTION)
                .isEqualTo(Cublas.CUBLAS_MATH_DISALLOW_REDUCED_PRECISION_REDUCTION());
        Map.of(FLOAT16, Cublas.CUDA_R_16F(), FLOAT32, Cublas.CUDA_R_32F(), FLOAT64, Cublas.CUDA_R_64F(), BFLOAT16,
                Cublas.CUDA_R_16BF()).forEach((dtype, code) -> {
                    MemorySegment memory = MemorySegment.ofAddress(1L << 20);
                    TensorDescription operand = tensor(dtype, memory, new long[] {1, 1}, 1, 1);
                    TensorDescription result = tensor(dtype, memory.reinterpret(0), new long[] {0, 1}, 1, 1);
                    GemmSettings settings = GemmSettings.of(dtype == FLOAT64 ? CublasComputeType.FLOAT64
                            : CublasComputeType.FLOAT32);
                    GemmPlan plan = GemmPlan.of(settings, tensor(dtype, memory, new long[] {0, 1}, 1, 1), operand,
                            result);
                    assertThat(plan.aType()).isEqualTo(plan.bType()).isEqualTo(plan.cType()).isEqualTo(code);
                });
    }
}
