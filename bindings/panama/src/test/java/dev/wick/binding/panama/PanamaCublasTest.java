package dev.wick.binding.panama;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.within;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import dev.wick.binding.CublasComputeType;
import dev.wick.binding.GemmEpilogue;
import dev.wick.binding.GemmPlan;
import dev.wick.binding.GemmSettings;
import dev.wick.binding.Handle;
import dev.wick.binding.LtMatmulPlan;
import dev.wick.binding.TensorDescription;
import dev.wick.binding.TorchBinding;
import dev.wick.binding.panama.generated.cublas.Cublas;
import dev.wick.binding.panama.generated.cublaslt.CublasLt;
import dev.wick.error.CublasException;
import java.io.InputStream;
import java.lang.foreign.Arena;
import java.lang.foreign.FunctionDescriptor;
import java.lang.foreign.Linker;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.SymbolLookup;
import java.lang.foreign.ValueLayout;
import java.lang.management.ManagementFactory;
import java.lang.reflect.Proxy;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/**
 * Plans arrive at the functions of cuBLAS and cuBLASLt as they were made: a library that stands in for both carries
 * them out on the CPU's memory. Needs a C compiler.
 */
class PanamaCublasTest {
    private static final int FLOAT16 = 5;
    private static final int FLOAT32 = 6;
    private static final int FLOAT64 = 7;
    private static final int BFLOAT16 = 15;
    private static final int CUDA = 1;
    private static final int TF32_MATH = 3;
    private static final long STREAM = 0x5eed;

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
                    source.toString(), "-lm").inheritIO().start().waitFor();
        } catch (java.io.IOException e) {
            assumeTrue(System.getenv("CI") != null, "no " + compiler + " to compile cuBLAS's stand-in with");
        }
        assertThat(status).as("compiling cuBLAS's stand-in").isZero();
        System.load(library.toString());
    }

    /** A handle of the stand-in: its math mode, the one of the last gemm, its stream, the one of the last matmul. */
    private static MemorySegment handle(Arena arena, int mathMode) {
        MemorySegment handle = arena.allocate(24, 8);
        handle.set(ValueLayout.JAVA_INT, 0, mathMode);
        handle.set(ValueLayout.JAVA_INT, 4, -1);
        handle.set(ValueLayout.JAVA_LONG, 8, STREAM);
        return handle;
    }

    private static GemmPlan plan(GemmSettings settings, TensorDescription a, TensorDescription b, TensorDescription c) {
        return GemmPlan.of(settings, a, b, c, null);
    }

    /** Descriptors of cuBLASLt's that were made and not destroyed. */
    private static int live() throws Throwable {
        return standIn("live");
    }

    private static int standIn(String question) throws Throwable {
        return (int) Linker.nativeLinker().downcallHandle(
                SymbolLookup.loaderLookup().findOrThrow("wick_stand_in_" + question),
                FunctionDescriptor.of(ValueLayout.JAVA_INT)).invokeExact();
    }

    /** A tensor's handle, or that of a workspace. */
    private static final class Held extends Handle {
        static int live;
        final MemorySegment memory;

        Held(MemorySegment memory) {
            this.memory = memory;
            live++;
        }

        @Override
        public String kind() {
            return "tensor";
        }

        @Override
        protected void free() {
            live--;
        }
    }

    /** What a prepared gemm asks of LibTorch: a second handle of a tensor, and a workspace. */
    private static TorchBinding torch(Arena arena) {
        return (TorchBinding) Proxy.newProxyInstance(TorchBinding.class.getClassLoader(),
                new Class<?>[] {TorchBinding.class}, (_, method, arguments) -> switch (method.getName()) {
                    case "retain" -> new Held(((Held) arguments[0]).memory);
                    case "emptyTensor" -> new Held(arena.allocate(((long[]) arguments[0])[0]));
                    case "describe" -> tensor(FLOAT32, ((Held) arguments[0]).memory, new long[] {1}, 1);
                    default -> throw new AssertionError("not for a gemm: " + method);
                });
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
            GemmPlan plan = plan(settings, tensor(FLOAT32, a, new long[] {2, 3}, 4, 1),
                    tensor(FLOAT32, b, new long[] {2, 3}, 3, 1), tensor(FLOAT32, c, new long[] {2, 2}, 2, 1));
            new GemmExCall(plan).enqueue(handle(arena, 0));
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
                GemmPlan plan = plan(GemmSettings.of(compute).scaled(0.5, -2),
                        tensor(dtype, a, new long[] {2, 1, 2}, 2, 2, 1),
                        tensor(dtype, b, new long[] {2, 2, 1}, 0, 1, 1),
                        tensor(dtype, c, new long[] {2, 1, 1}, 1, 1, 1));
                new GemmExCall(plan).enqueue(handle(arena, 0));
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
                GemmPlan plan = plan(GemmSettings.of(CublasComputeType.FLOAT32).reducing(reducing), matrix,
                        matrix, result);
                MemorySegment handle = handle(arena, TF32_MATH);
                new GemmExCall(plan).enqueue(handle);
                assertThat(handle.asSlice(0, 8).toArray(ValueLayout.JAVA_INT)).containsExactly(TF32_MATH,
                        plan.mathMode());
            }
        }
    }

    @Test
    void whatCublasRefusesIsSaidInItsWords() {
        try (Arena arena = Arena.ofConfined()) {
            MemorySegment memory = numbers(arena, FLOAT32, 1);
            GemmPlan wrong = new GemmPlan(0, 0, 0, 2, 1, 1, 1, memory.address(), 0, 1, 0, memory.address(), 0, 1, 0, 0,
                    memory.address(), 0, 1, 0, 1, CublasComputeType.FLOAT32, 0, GemmEpilogue.DEFAULT, 0);
            MemorySegment handle = handle(arena, TF32_MATH);
            assertThatThrownBy(() -> new GemmExCall(wrong).enqueue(handle))
                    .isInstanceOfSatisfying(CublasException.class, e -> {
                        assertThat(e.status()).isEqualTo(7);
                        assertThat(e).hasMessage("cublasGemmEx: CUBLAS_STATUS_INVALID_VALUE: a value was refused");
                    });
            assertThat(handle.get(ValueLayout.JAVA_INT, 0)).isEqualTo(TF32_MATH);
        }
    }

    // cuBLASLt

    /** Batches of 2: one row by one B of two columns for both. */
    private static void assertEpilogue(GemmEpilogue epilogue, int dtype, double... expected) throws Throwable {
        try (Arena arena = Arena.ofConfined()) {
            MemorySegment a = numbers(arena, dtype, 1, 2, 3, 4);
            MemorySegment b = numbers(arena, dtype, 5, -1, 6, -2);
            MemorySegment c = numbers(arena, dtype, 1, 2, 3, 4);
            MemorySegment bias = numbers(arena, dtype, 0.5f, 7);
            GemmSettings settings = GemmSettings.of(CublasComputeType.FLOAT32).scaled(0.5, -2).finished(epilogue);
            GemmPlan plan = GemmPlan.of(settings, tensor(dtype, a, new long[] {2, 1, 2}, 2, 2, 1),
                    tensor(dtype, b, new long[] {2, 2, 2}, 0, 2, 1), tensor(dtype, c, new long[] {2, 1, 2}, 2, 2, 1),
                    epilogue.hasBias() ? tensor(dtype, bias, new long[] {2}, 1) : null);
            MemorySegment handle = handle(arena, 0);
            LtMatmulCall call = new LtMatmulCall(LtMatmulPlan.of(plan));
            call.choose(handle, 1024);
            assertThat(call.workspaceBytes()).isEqualTo(512);
            call.useWorkspace(arena.allocate(512).address());
            call.enqueue(handle);
            assertThat(handle.get(ValueLayout.JAVA_LONG, 16)).as("stream").isEqualTo(STREAM);
            for (int i = 0; i < expected.length; i++) {
                assertThat(number(c, dtype, i)).as(epilogue + ", " + i).isCloseTo(expected[i], within(1e-6));
            }
            call.free();
            assertThat(live()).as("descriptors").isZero();
        }
    }

    @Test
    void epiloguesOfABatch() throws Throwable {
        // 0.5 * {17, -5, 39, -11} - 2 * {1, 2, 3, 4}, and the bias {0.5, 7}.
        for (int dtype : new int[] {BFLOAT16, FLOAT32}) {
            assertEpilogue(GemmEpilogue.BIAS, dtype, 7, 0.5, 14, -6.5);
            assertEpilogue(GemmEpilogue.RELU, dtype, 6.5, 0, 13.5, 0);
            assertEpilogue(GemmEpilogue.RELU_BIAS, dtype, 7, 0.5, 14, 0);
        }
        assertEpilogue(GemmEpilogue.GELU, FLOAT32, 6.5, gelu(-6.5), 13.5, gelu(-13.5));
        assertEpilogue(GemmEpilogue.GELU_BIAS, FLOAT32, 7, gelu(0.5), 14, gelu(-6.5));
    }

    private static double gelu(double x) {
        return 0.5 * x * (1 + Math.tanh(0.7978845608028654 * (x + 0.044715 * x * x * x)));
    }

    @Test
    void withoutAnAlgorithmNothingIsLeftBehind() throws Throwable {
        try (Arena arena = Arena.ofConfined()) {
            assertNoAlgorithm(arena, CublasComputeType.FLOAT64, FLOAT64, 1024);
            assertNoAlgorithm(arena, CublasComputeType.FLOAT32, FLOAT16, 0);
        }
        assertThat(live()).as("descriptors").isZero();
    }

    private static void assertNoAlgorithm(Arena arena, CublasComputeType compute, int dtype, long limit) {
        TensorDescription operand = tensor(dtype, numbers(arena, dtype, 1), new long[] {1, 1}, 1, 1);
        TensorDescription result = tensor(dtype, numbers(arena, dtype, 0), new long[] {1, 1}, 1, 1);
        LtMatmulCall call = new LtMatmulCall(LtMatmulPlan.of(plan(GemmSettings.of(compute)
                .finished(GemmEpilogue.GELU), operand, operand, result)));
        assertThatThrownBy(() -> call.choose(handle(arena, 0), limit)).isInstanceOfSatisfying(CublasException.class,
                e -> assertThat(e.status()).isEqualTo(15)).hasMessageContainingAll("no algorithm", compute.name(),
                        "GELU", limit + " bytes");
        call.free();
    }

    @Test
    void whatCublasLtRefusesIsSaidInItsWords() throws Throwable {
        GemmPlan wrong = new GemmPlan(0, 0, 0, 2, 1, 1, 1, 64, 0, 1, 0, 64, 0, 1, 0, 0, 128, 0, 1, 0, 1,
                CublasComputeType.FLOAT32, 0, GemmEpilogue.RELU, 0);
        assertThatThrownBy(() -> new LtMatmulCall(LtMatmulPlan.of(wrong))).isInstanceOf(CublasException.class)
                .hasMessage("cublasLtMatrixLayoutCreate: CUBLAS_STATUS_INVALID_VALUE: a value was refused");
        assertThat(live()).as("descriptors").isZero();
    }

    // Prepared

    /** A, B and C of one element. */
    private static List<Handle> tensors(Arena arena, int dtype) {
        return List.of(new Held(numbers(arena, dtype, 3)), new Held(numbers(arena, dtype, 5)),
                new Held(numbers(arena, dtype, 0)));
    }

    private static TensorDescription[] descriptions(List<Handle> tensors, int dtype, int device) {
        return tensors.stream().map(tensor -> tensor(dtype, ((Held) tensor).memory, new long[] {1, 1}, 1, 1))
                .map(is -> new TensorDescription(is.dtype(), CUDA, device, 0, is.flags(), is.sizes(), is.strides(),
                        1, is.elementSize(), is.data(), is.data(), 0, is.elementSize()))
                .toArray(TensorDescription[]::new);
    }

    /** Of tensors on device 2. */
    private static PanamaGemm prepared(Arena arena, List<Handle> tensors, GemmEpilogue epilogue, long workspaceLimit) {
        GemmSettings settings = GemmSettings.of(CublasComputeType.FLOAT32).finished(epilogue).workspace(workspaceLimit);
        TensorDescription[] on = descriptions(tensors, FLOAT32, 2);
        return new PanamaGemm(torch(arena), plan(settings, on[0], on[1], on[2]), settings, tensors, 0);
    }

    @Test
    void aPreparedGemmWorksOnItsDeviceAndPutsTheOtherBack() throws Throwable {
        try (Arena arena = Arena.ofConfined()) {
            for (GemmEpilogue epilogue : new GemmEpilogue[] {GemmEpilogue.DEFAULT, GemmEpilogue.RELU}) {
                List<Handle> tensors = tensors(arena, FLOAT32);
                MemorySegment c = ((Held) tensors.get(2)).memory;
                PanamaGemm gemm = prepared(arena, tensors, epilogue, 64);
                boolean lt = epilogue != GemmEpilogue.DEFAULT;
                assertThat(gemm.bufferBytes()).isEqualTo(lt ? 32 : 0);
                assertThat(Held.live).isEqualTo(lt ? 7 : 6);
                tensors.forEach(Handle::close);
                for (float a : new float[] {3, -1}) {
                    ((Held) tensors.get(0)).memory.set(ValueLayout.JAVA_FLOAT, 0, a);
                    gemm.run();
                    assertThat(number(c, FLOAT32, 0)).isEqualTo(lt ? Math.max(0, 5 * a) : 5 * a);
                    assertThat(standIn("current_device")).isZero();
                    assertThat(standIn("device_of_last_handle")).isEqualTo(2);
                }
                gemm.close();
                gemm.close();
                assertThatThrownBy(gemm::run).isInstanceOf(IllegalStateException.class)
                        .hasMessage("the gemm is closed");
                assertThat(Held.live).isZero();
                assertThat(live()).as("descriptors").isZero();
            }
        }
    }

    @Test
    void whatCannotBePreparedLeavesNothingBehind() throws Throwable {
        try (Arena arena = Arena.ofConfined()) {
            List<Handle> tensors = tensors(arena, FLOAT64);
            GemmSettings settings = GemmSettings.of(CublasComputeType.FLOAT64).finished(GemmEpilogue.RELU);
            TensorDescription[] on = descriptions(tensors, FLOAT64, 0);
            GemmPlan plan = plan(settings, on[0], on[1], on[2]);
            // The stand-in has no algorithm for FP64.
            assertThatThrownBy(() -> new PanamaGemm(torch(arena), plan, settings, tensors, 0))
                    .isInstanceOf(CublasException.class).hasMessageContaining("no algorithm");
            assertThat(Held.live).isEqualTo(3);
            tensors.forEach(Handle::close);
            assertThat(live()).as("descriptors").isZero();
        }
    }

    @Test
    void aRunMakesNoObject() {
        com.sun.management.ThreadMXBean threads =
                (com.sun.management.ThreadMXBean) ManagementFactory.getThreadMXBean();
        try (Arena arena = Arena.ofConfined()) {
            for (GemmEpilogue epilogue : new GemmEpilogue[] {GemmEpilogue.DEFAULT, GemmEpilogue.RELU}) {
                List<Handle> tensors = tensors(arena, FLOAT32);
                try (PanamaGemm gemm = prepared(arena, tensors, epilogue, 64)) {
                    int runs = 50_000;
                    for (int i = 0; i < runs; i++) {
                        gemm.run();
                    }
                    long before = threads.getCurrentThreadAllocatedBytes();
                    for (int i = 0; i < runs; i++) {
                        gemm.run();
                    }
                    assertThat((threads.getCurrentThreadAllocatedBytes() - before) / (double) runs).isLessThan(0.1);
                }
                tensors.forEach(Handle::close);
            }
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
        assertThat(Map.of(GemmEpilogue.DEFAULT, CublasLt.CUBLASLT_EPILOGUE_DEFAULT(),
                GemmEpilogue.RELU, CublasLt.CUBLASLT_EPILOGUE_RELU(),
                GemmEpilogue.BIAS, CublasLt.CUBLASLT_EPILOGUE_BIAS(),
                GemmEpilogue.RELU_BIAS, CublasLt.CUBLASLT_EPILOGUE_RELU_BIAS(),
                GemmEpilogue.GELU, CublasLt.CUBLASLT_EPILOGUE_GELU(),
                GemmEpilogue.GELU_BIAS, CublasLt.CUBLASLT_EPILOGUE_GELU_BIAS()))
                .hasSize(GemmEpilogue.values().length)
                .allSatisfy((epilogue, code) -> assertThat(epilogue.code()).as(epilogue.name()).isEqualTo(code));
        assertThat(LtMatmulPlan.REDUCTION_IN_COMPUTE_TYPE)
                .isEqualTo(CublasLt.CUBLASLT_REDUCTION_SCHEME_COMPUTE_TYPE());
        assertThat(LtMatmulPlan.REDUCTION_IN_ANY_TYPE).isEqualTo(CublasLt.CUBLASLT_REDUCTION_SCHEME_MASK());
        Map.of(FLOAT16, Cublas.CUDA_R_16F(), FLOAT32, Cublas.CUDA_R_32F(), FLOAT64, Cublas.CUDA_R_64F(), BFLOAT16,
                Cublas.CUDA_R_16BF()).forEach((dtype, code) -> {
                    MemorySegment memory = MemorySegment.ofAddress(1L << 20);
                    TensorDescription operand = tensor(dtype, memory, new long[] {1, 1}, 1, 1);
                    TensorDescription result = tensor(dtype, memory.reinterpret(0), new long[] {0, 1}, 1, 1);
                    GemmSettings settings = GemmSettings.of(dtype == FLOAT64 ? CublasComputeType.FLOAT64
                            : CublasComputeType.FLOAT32);
                    GemmPlan plan = plan(settings, tensor(dtype, memory, new long[] {0, 1}, 1, 1), operand,
                            result);
                    assertThat(plan.aType()).isEqualTo(plan.bType()).isEqualTo(plan.cType()).isEqualTo(code);
                });
    }
}
