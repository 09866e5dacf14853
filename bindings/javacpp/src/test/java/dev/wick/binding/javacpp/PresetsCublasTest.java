package dev.wick.binding.javacpp;

import static org.assertj.core.api.Assertions.assertThat;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import dev.wick.binding.CublasComputeType;
import dev.wick.binding.GemmPlan;
import dev.wick.binding.GemmSettings;
import dev.wick.binding.TensorDescription;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.SymbolLookup;
import java.lang.foreign.ValueLayout;
import java.util.Random;
import org.bytedeco.cuda.cublas.cublasContext;
import org.bytedeco.cuda.global.cublas;
import org.bytedeco.cuda.global.cudart;
import org.bytedeco.javacpp.Loader;
import org.bytedeco.javacpp.Pointer;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/**
 * The binding's gemm on a GPU with little: the presets' classes for CUDA, on CUDA 13's own libraries of this machine or of
 * pip, on memory of CUDA's. The presets' LibTorch with CUDA, of more than a gigabyte, is not needed for it.
 */
@Tag("gpu")
class PresetsCublasTest {
    private static final String LIBRARY = "org/bytedeco/cuda/linux-x86_64/libjnicublas.so";
    private static final int FLOAT16 = 5;
    private static final int FLOAT32 = 6;
    private static final int FLOAT64 = 7;
    private static final int BFLOAT16 = 15;
    private static final int CUDA = 1;
    private static final int M = 48;
    private static final int N = 33;
    private static final int K = 64;
    /** With these, every product and sum is a whole number that each type holds exactly: below 2048 with FP16's 11 bits. */
    private static final int LARGEST_ELEMENT = 4;

    private static cublasContext handle;

    /** Before each, so that each says why it is skipped. */
    @BeforeEach
    void createHandle() {
        assumeTrue(Loader.class.getClassLoader().getResource(LIBRARY) != null,
                "the presets' natives for cuBLAS are not on the class path: -Pcuda, and the portable bundle, put them there");
        assumeTrue(hasDriver(), "no NVIDIA driver on this machine (libcuda.so.1 cannot be loaded)");
        Loader.load(cublas.class);
        int[] count = new int[1];
        int status = cudart.cudaGetDeviceCount(count);
        assumeTrue(status == cudart.cudaSuccess && count[0] > 0,
                () -> "no CUDA device: " + cudart.cudaGetErrorString(status).getString());
        if (handle == null) {
            cublasContext created = new cublasContext();
            assertThat(cublas.cublasCreate_v2(created)).isEqualTo(cublas.CUBLAS_STATUS_SUCCESS);
            handle = created;
        }
    }

    @AfterAll
    static void destroyHandle() {
        if (handle != null) {
            assertThat(cublas.cublasDestroy_v2(handle)).isEqualTo(cublas.CUBLAS_STATUS_SUCCESS);
        }
    }

    private static boolean hasDriver() {
        try (Arena arena = Arena.ofConfined()) {
            SymbolLookup.libraryLookup("libcuda.so.1", arena);
            return true;
        } catch (IllegalArgumentException e) {
            return false;
        }
    }

    @Test
    void theVersionIsThatOfTheLibraryThatWasFound() {
        assertThat(new JavacppCublas().version()).isBetween(130000, 139999);
    }

    @ParameterizedTest
    @CsvSource({"FLOAT64, 7, 7", "FLOAT64_PEDANTIC, 7, 7", "FLOAT32, 6, 6", "FLOAT32_PEDANTIC, 6, 6",
            "FLOAT32_FAST_TF32, 6, 6", "FLOAT32_FAST_FLOAT16, 6, 6", "FLOAT32_FAST_BFLOAT16, 6, 6", "FLOAT32, 5, 5",
            "FLOAT32, 5, 6", "FLOAT32, 15, 6", "FLOAT16, 5, 5"})
    void everyTypeGivesTheExactProduct(CublasComputeType compute, int operands, int result) {
        for (boolean transposeA : new boolean[] {false, true}) {
            for (boolean transposeB : new boolean[] {false, true}) {
                for (int batches : new int[] {1, 3}) {
                    compare(GemmSettings.of(compute).transposed(transposeA, transposeB).scaled(1, 2), operands, result,
                            batches);
                }
            }
        }
    }

    private static void compare(GemmSettings settings, int operands, int result, int batches) {
        Random random = new Random(batches);
        int[] a = numbers(random, batches * M * K);
        int[] b = numbers(random, batches * K * N);
        int[] c = numbers(random, batches * M * N);
        try (Matrices left = settings.transposeA() ? new Matrices(operands, a, batches, K, M)
                : new Matrices(operands, a, batches, M, K);
                Matrices right = settings.transposeB() ? new Matrices(operands, b, batches, N, K)
                        : new Matrices(operands, b, batches, K, N);
                Matrices product = new Matrices(result, c, batches, M, N)) {
            GemmExCall call = new GemmExCall(GemmPlan.of(settings, left.description(), right.description(),
                    product.description(), null));
            call.enqueue(handle);
            double[] found = product.read();
            for (int batch = 0; batch < batches; batch++) {
                for (int i = 0; i < M; i++) {
                    for (int j = 0; j < N; j++) {
                        int at = (batch * M + i) * N + j;
                        double expected = settings.beta() * c[at];
                        for (int k = 0; k < K; k++) {
                            expected += a[batch * M * K + (settings.transposeA() ? k * M + i : i * K + k)]
                                    * b[batch * K * N + (settings.transposeB() ? j * K + k : k * N + j)];
                        }
                        if (found[at] != expected) {
                            assertThat(found[at]).as(settings + ", batch " + batch + ", [" + i + ", " + j + "]")
                                    .isEqualTo(expected);
                        }
                    }
                }
            }
        }
    }

    private static int[] numbers(Random random, int count) {
        return random.ints(count, -LARGEST_ELEMENT, LARGEST_ELEMENT + 1).toArray();
    }

    /** A batch of matrices in the memory of device 0. */
    private static final class Matrices implements AutoCloseable {
        private final Pointer memory = new Pointer();
        private final int dtype;
        private final long bytes;
        private final long[] sizes;

        Matrices(int dtype, int[] elements, int batches, int rows, int columns) {
            this.dtype = dtype;
            this.bytes = (long) elements.length * elementSize();
            this.sizes = batches == 1 ? new long[] {rows, columns} : new long[] {batches, rows, columns};
            check(cudart.cudaMalloc(memory, bytes));
            try (Arena arena = Arena.ofConfined()) {
                MemorySegment host = arena.allocate(bytes, Double.BYTES);
                for (int i = 0; i < elements.length; i++) {
                    write(host, i, elements[i]);
                }
                check(cudart.cudaMemcpy(memory, new Address(host), bytes, cudart.cudaMemcpyHostToDevice));
            }
        }

        TensorDescription description() {
            long[] strides = new long[sizes.length];
            long count = 1;
            for (int i = sizes.length - 1; i >= 0; i--) {
                strides[i] = count;
                count *= sizes[i];
            }
            return new TensorDescription(dtype, CUDA, 0, 0, TensorDescription.STRIDED, sizes, strides, count,
                    elementSize(), memory.address(), memory.address(), 0, bytes);
        }

        /** What cuBLAS was told to do comes first: both are on the default stream. */
        double[] read() {
            try (Arena arena = Arena.ofConfined()) {
                MemorySegment host = arena.allocate(bytes, Double.BYTES);
                check(cudart.cudaMemcpy(new Address(host), memory, bytes, cudart.cudaMemcpyDeviceToHost));
                double[] elements = new double[(int) (bytes / elementSize())];
                for (int i = 0; i < elements.length; i++) {
                    elements[i] = read(host, i);
                }
                return elements;
            }
        }

        private int elementSize() {
            return dtype == FLOAT64 ? Double.BYTES : dtype == FLOAT32 ? Float.BYTES : Short.BYTES;
        }

        private void write(MemorySegment memory, int i, int value) {
            switch (dtype) {
                case FLOAT64 -> memory.setAtIndex(ValueLayout.JAVA_DOUBLE, i, value);
                case FLOAT32 -> memory.setAtIndex(ValueLayout.JAVA_FLOAT, i, value);
                case FLOAT16 -> memory.setAtIndex(ValueLayout.JAVA_SHORT, i, Float.floatToFloat16(value));
                case BFLOAT16 -> memory.setAtIndex(ValueLayout.JAVA_SHORT, i,
                        (short) (Float.floatToRawIntBits(value) >> Short.SIZE));
                default -> throw new IllegalArgumentException("dtype " + dtype);
            }
        }

        private double read(MemorySegment memory, int i) {
            return switch (dtype) {
                case FLOAT64 -> memory.getAtIndex(ValueLayout.JAVA_DOUBLE, i);
                case FLOAT32 -> memory.getAtIndex(ValueLayout.JAVA_FLOAT, i);
                case FLOAT16 -> Float.float16ToFloat(memory.getAtIndex(ValueLayout.JAVA_SHORT, i));
                case BFLOAT16 -> Float.intBitsToFloat(memory.getAtIndex(ValueLayout.JAVA_SHORT, i) << Short.SIZE);
                default -> throw new IllegalArgumentException("dtype " + dtype);
            };
        }

        private static void check(int status) {
            assertThat(status).as(() -> "CUDA: " + cudart.cudaGetErrorString(status).getString())
                    .isEqualTo(cudart.cudaSuccess);
        }

        @Override
        public void close() {
            check(cudart.cudaFree(memory));
        }
    }
}
