package dev.wick.binding;

import dev.wick.binding.CublasComputeType.ScalarType;
import dev.wick.error.BadArgumentException;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.util.Arrays;
import java.util.Comparator;
import java.util.stream.IntStream;

/**
 * A gemm that has been checked, laid out as the arguments of one call of {@code cublasGemmEx} or {@code
 * cublasGemmStridedBatchedEx}; any thread, immutable. {@link LtMatmulPlan} says the same in cuBLASLt's terms.
 *
 * <p>Tensors on the CPU are checked alike, so that a gemm that runs there runs on a CUDA device.
 *
 * <p>cuBLAS is column-major: what lies row by row here is to cuBLAS the transposed matrix. So it computes the transpose
 * of C, which is op(B)' * op(A)': its A is the caller's B, its B is the caller's A, and its m and n are the columns and
 * rows of C. A matrix that lies row by row comes transposed already, one that lies column by column is transposed by
 * cuBLAS; a transpose that the caller asks for turns this round.
 *
 * <p>Components have the names of cuBLAS's parameters, in cuBLAS's order and with cuBLAS's meaning.
 *
 * @param device     index of the CUDA device of all tensors; -1 where they are on the CPU
 * @param transa     {@code cublasOperation_t}
 * @param transb     {@code cublasOperation_t}
 * @param m          columns of the caller's C
 * @param n          rows of the caller's C
 * @param k          length of each sum
 * @param alpha      rounded to the scale type, as which {@link #writeScalars(MemorySegment)} writes it
 * @param a          address of the caller's B
 * @param aType      {@code cudaDataType}
 * @param lda        elements from one column, to cuBLAS, to the next
 * @param strideA    elements from one matrix of the batch to the next
 * @param b          address of the caller's A
 * @param bType      {@code cudaDataType}
 * @param ldb        as lda
 * @param strideB    as strideA
 * @param beta       as alpha
 * @param c          address of C
 * @param cType      {@code cudaDataType}
 * @param ldc        as lda
 * @param strideC    as strideA
 * @param batchCount matrices
 * @param compute    says {@code cublasComputeType_t} and the scale type
 * @param mathMode   {@code cublasMath_t} that the handle must have during the call
 * @param epilogue   other than {@link GemmEpilogue#DEFAULT} takes cuBLASLt
 * @param bias       address of the bias, of C's type, with an element for each of the caller's columns; 0 without one
 */
public record GemmPlan(int device, int transa, int transb, int m, int n, int k, double alpha, long a, int aType,
        int lda, long strideA, long b, int bType, int ldb, long strideB, double beta, long c, int cType, int ldc,
        long strideC, int batchCount, CublasComputeType compute, int mathMode, GemmEpilogue epilogue, long bias) {
    /** {@code CUBLAS_OP_N}. */
    public static final int OP_N = 0;
    /** {@code CUBLAS_OP_T}. */
    public static final int OP_T = 1;
    /** {@code CUBLAS_GEMM_DEFAULT}: cuBLAS picks the kernel. */
    public static final int ALGORITHM = -1;
    /** {@code CUBLAS_DEFAULT_MATH}: the compute type alone says what may be rounded. */
    public static final int DEFAULT_MATH = 0;
    /** {@code CUBLAS_MATH_DISALLOW_REDUCED_PRECISION_REDUCTION}. */
    public static final int DISALLOW_REDUCED_PRECISION_REDUCTION = 16;
    /** What {@link #writeScalars(MemorySegment)} writes to: alpha, then beta at {@link #BETA_OFFSET}. */
    public static final long SCALARS_BYTES = 16;
    public static final long BETA_OFFSET = 8;

    private static final int CPU_DEVICE = 0;
    private static final int CUDA_DEVICE = 1;

    /**
     * Checks a gemm and lays it out.
     *
     * @param bias null where the epilogue has none
     * @throws BadArgumentException if cuBLAS could not be asked for it, or must not be
     */
    public static GemmPlan of(GemmSettings settings, TensorDescription a, TensorDescription b, TensorDescription c,
            TensorDescription bias) {
        checkMatrix("A", a);
        checkMatrix("B", b);
        checkMatrix("C", c);
        if (device(a) != device(c) || device(b) != device(c)) {
            throw new BadArgumentException("gemm: expected A, B and C on one device, got " + deviceName(a) + ", "
                    + deviceName(b) + " and " + deviceName(c));
        }
        checkTypes(settings.compute(), a, b, c);
        double alpha = scalar("alpha", settings.alpha(), settings.compute());
        double beta = scalar("beta", settings.beta(), settings.compute());
        checkBatch("A", a, c);
        checkBatch("B", b, c);
        long rows = settings.transposeA() ? columns(a) : rows(a);
        long inner = settings.transposeA() ? rows(a) : columns(a);
        long columns = settings.transposeB() ? rows(b) : columns(b);
        long innerOfB = settings.transposeB() ? columns(b) : rows(b);
        if (inner != innerOfB) {
            throw new BadArgumentException("gemm: expected op(A) with as many columns as op(B) has rows, got op(A) of "
                    + rows + "x" + inner + " and op(B) of " + innerOfB + "x" + columns);
        }
        if (rows(c) != rows || columns(c) != columns) {
            throw new BadArgumentException("gemm: expected C of " + rows + "x" + columns + ", as op(A) and op(B) make "
                    + "it, got " + rows(c) + "x" + columns(c));
        }
        Layout layoutA = layout("A", a);
        Layout layoutB = layout("B", b);
        Layout layoutC = layout("C", c);
        if (!layoutC.byRows()) {
            throw new BadArgumentException("gemm: expected C row by row, its last stride 1, got strides "
                    + Arrays.toString(c.strides()) + " for sizes " + Arrays.toString(c.sizes()));
        }
        checkResult(c);
        checkDisjoint("A", a, c);
        checkDisjoint("B", b, c);
        checkBias(settings.epilogue(), bias, c);
        return new GemmPlan(device(c), operation(layoutB, settings.transposeB()),
                operation(layoutA, settings.transposeA()), number("columns of C", columns), number("rows of C", rows),
                number("the length of a sum", inner), alpha, b.data(), cudaDataType(b),
                number("B's leading dimension", layoutB.leading()), batchStride(b), a.data(), cudaDataType(a),
                number("A's leading dimension", layoutA.leading()), batchStride(a), beta, c.data(),
                cudaDataType(c), number("C's leading dimension", layoutC.leading()), batchStride(c),
                number("the batch", batch(c)), settings.compute(),
                settings.allowReducedPrecisionReduction() ? DEFAULT_MATH : DISALLOW_REDUCED_PRECISION_REDUCTION,
                settings.epilogue(), bias == null ? 0 : bias.data());
    }

    /**
     * Sizes of the C that two matrices, or batches of them, make.
     *
     * @throws BadArgumentException if one is neither, or of a dtype that no gemm takes
     */
    public static long[] resultSizes(GemmSettings settings, TensorDescription a, TensorDescription b) {
        checkMatrix("A", a);
        checkMatrix("B", b);
        long rows = settings.transposeA() ? columns(a) : rows(a);
        long columns = settings.transposeB() ? rows(b) : columns(b);
        return a.sizes().length == 2 && b.sizes().length == 2 ? new long[] {rows, columns}
                : new long[] {batch(a) == 1 ? batch(b) : batch(a), rows, columns};
    }

    /** Whether the tensors are on a CUDA device. */
    public boolean onCuda() {
        return device >= 0;
    }

    /**
     * For the implementations on cuBLAS.
     *
     * @throws BadArgumentException if the tensors are on the CPU
     */
    public GemmPlan requireCuda() {
        if (!onCuda()) {
            throw new BadArgumentException("gemm: expected tensors on a CUDA device for cuBLAS, got CPU tensors");
        }
        return this;
    }

    /** Whether C has no elements, so that there is nothing to call. */
    public boolean isEmpty() {
        return m == 0 || n == 0 || batchCount == 0;
    }

    /** Whether it takes {@code cublasLtMatmul}, which alone has epilogues. */
    public boolean needsCublasLt() {
        return epilogue != GemmEpilogue.DEFAULT;
    }

    /** Whether, without cuBLASLt, it takes {@code cublasGemmStridedBatchedEx}. */
    public boolean isBatched() {
        return batchCount > 1;
    }

    /** Writes alpha and beta into {@link #SCALARS_BYTES} of memory, as cuBLAS reads them for the compute type. */
    public void writeScalars(MemorySegment scalars) {
        writeScalar(scalars, 0, alpha);
        writeScalar(scalars, BETA_OFFSET, beta);
    }

    private void writeScalar(MemorySegment scalars, long offset, double value) {
        switch (compute.scale()) {
            case FLOAT16 -> scalars.set(ValueLayout.JAVA_SHORT_UNALIGNED, offset, Float.floatToFloat16((float) value));
            case FLOAT64 -> scalars.set(ValueLayout.JAVA_DOUBLE_UNALIGNED, offset, value);
            default -> scalars.set(ValueLayout.JAVA_FLOAT_UNALIGNED, offset, (float) value);
        }
    }

    /** Row by row or column by column, and elements from one to the next. */
    private record Layout(boolean byRows, long leading) {
    }

    private static Layout layout(String name, TensorDescription tensor) {
        int last = tensor.sizes().length - 1;
        long rows = tensor.sizes()[last - 1];
        long columns = tensor.sizes()[last];
        long rowStride = tensor.strides()[last - 1];
        long columnStride = tensor.strides()[last];
        if (isLeading(rows, rowStride, columns, columnStride)) {
            return new Layout(true, rows > 1 ? rowStride : Math.max(1, columns));
        }
        if (isLeading(columns, columnStride, rows, rowStride)) {
            return new Layout(false, columns > 1 ? columnStride : Math.max(1, rows));
        }
        throw new BadArgumentException("gemm: expected " + name + " row by row (strides [n, 1], n at least "
                + Math.max(1, columns) + ") or column by column (strides [1, n], n at least " + Math.max(1, rows)
                + "), got strides " + Arrays.toString(tensor.strides()) + " for sizes "
                + Arrays.toString(tensor.sizes()));
    }

    /** Strides along a dimension of one element say nothing. */
    private static boolean isLeading(long outer, long outerStride, long inner, long innerStride) {
        return (inner <= 1 || innerStride == 1) && (outer <= 1 || outerStride >= Math.max(1, inner));
    }

    /** What cuBLAS is to do with a matrix, of which it wants the transpose of what the caller wants. */
    private static int operation(Layout layout, boolean transposed) {
        return layout.byRows() == transposed ? OP_T : OP_N;
    }

    private static long rows(TensorDescription tensor) {
        return tensor.sizes()[tensor.sizes().length - 2];
    }

    private static long columns(TensorDescription tensor) {
        return tensor.sizes()[tensor.sizes().length - 1];
    }

    private static long batch(TensorDescription tensor) {
        return tensor.sizes().length == 3 ? tensor.sizes()[0] : 1;
    }

    private static long batchStride(TensorDescription tensor) {
        return batch(tensor) == 1 ? 0 : tensor.strides()[0];
    }

    private static int cudaDataType(TensorDescription tensor) {
        return ScalarType.of(tensor.dtype()).cudaDataType;
    }

    private static int device(TensorDescription tensor) {
        return tensor.deviceType() == CUDA_DEVICE ? tensor.deviceIndex() : -1;
    }

    private static String deviceName(TensorDescription tensor) {
        return tensor.deviceType() == CUDA_DEVICE ? "cuda:" + tensor.deviceIndex() : "cpu";
    }

    private static int number(String what, long count) {
        if (count > Integer.MAX_VALUE) {
            throw new BadArgumentException("gemm: cuBLAS counts in 32 bits: expected " + what + " to be at most "
                    + Integer.MAX_VALUE + ", got " + count);
        }
        return (int) count;
    }

    private static void checkMatrix(String name, TensorDescription tensor) {
        checkTensor(name, tensor);
        int dimensions = tensor.sizes().length;
        if (dimensions != 2 && dimensions != 3) {
            throw new BadArgumentException("gemm: expected " + name + " with 2 dimensions, or 3 for a batch, got "
                    + Arrays.toString(tensor.sizes()));
        }
    }

    private static void checkTensor(String name, TensorDescription tensor) {
        if (tensor.deviceType() != CPU_DEVICE && tensor.deviceType() != CUDA_DEVICE) {
            throw new BadArgumentException("gemm: expected " + name + " on the CPU or a CUDA device, got "
                    + "c10::DeviceType " + tensor.deviceType());
        }
        if (!tensor.has(TensorDescription.STRIDED)) {
            throw new BadArgumentException("gemm: expected " + name + " with strides, got c10::Layout "
                    + tensor.layout());
        }
        if (ScalarType.of(tensor.dtype()) == null) {
            throw new BadArgumentException("gemm: expected " + name + " of float64, float32, float16 or bfloat16, got "
                    + "c10::ScalarType " + tensor.dtype());
        }
    }

    private static void checkBias(GemmEpilogue epilogue, TensorDescription bias, TensorDescription c) {
        if (epilogue.hasBias() != (bias != null)) {
            throw new BadArgumentException(bias == null ? "gemm: expected a bias, for the epilogue " + epilogue
                    + ", got none" : "gemm: expected no bias, since the epilogue is " + epilogue + ", got one");
        }
        if (bias == null) {
            return;
        }
        checkTensor("the bias", bias);
        if (device(bias) != device(c)) {
            throw new BadArgumentException("gemm: expected the bias on C's device, " + deviceName(c) + ", got "
                    + deviceName(bias));
        }
        if (bias.dtype() != c.dtype()) {
            throw new BadArgumentException("gemm: expected a bias of C's dtype, " + ScalarType.of(c.dtype()) + ", got "
                    + ScalarType.of(bias.dtype()));
        }
        if (bias.sizes().length != 1 || bias.sizes()[0] != columns(c)) {
            throw new BadArgumentException("gemm: expected a bias with one dimension, of C's " + columns(c)
                    + " columns, got " + Arrays.toString(bias.sizes()));
        }
        if (bias.elementCount() > 1 && bias.strides()[0] != 1) {
            throw new BadArgumentException("gemm: expected a bias with its elements side by side, got a stride of "
                    + bias.strides()[0]);
        }
        checkDisjoint("the bias", bias, c);
    }

    private static void checkTypes(CublasComputeType compute, TensorDescription a, TensorDescription b,
            TensorDescription c) {
        ScalarType typeA = ScalarType.of(a.dtype());
        ScalarType typeB = ScalarType.of(b.dtype());
        ScalarType typeC = ScalarType.of(c.dtype());
        if (typeA != typeB) {
            throw new BadArgumentException("gemm: expected A and B of one dtype, got " + typeA + " and " + typeB);
        }
        if (!compute.takes(typeA, typeC)) {
            throw new BadArgumentException("gemm: expected dtypes that cuBLAS computes in " + compute + ", got A and B "
                    + "of " + typeA + " and C of " + typeC);
        }
    }

    private static double scalar(String name, double value, CublasComputeType compute) {
        double rounded = switch (compute.scale()) {
            case FLOAT16 -> Float.float16ToFloat(Float.floatToFloat16((float) value));
            case FLOAT64 -> value;
            default -> (float) value;
        };
        if (Double.isInfinite(rounded) && !Double.isInfinite(value)) {
            throw new BadArgumentException("gemm: expected " + name + " within the range of " + compute.scale()
                    + ", which " + compute + " takes it in, got " + value);
        }
        return rounded;
    }

    private static void checkBatch(String name, TensorDescription tensor, TensorDescription c) {
        if (tensor.sizes().length == 3 && c.sizes().length == 2) {
            throw new BadArgumentException("gemm: expected C with a batch, since " + name + " has one, got C of "
                    + Arrays.toString(c.sizes()) + " and " + name + " of " + Arrays.toString(tensor.sizes()));
        }
        if (batch(tensor) != batch(c) && batch(tensor) != 1) {
            throw new BadArgumentException("gemm: expected " + name + " with C's batch of " + batch(c) + ", or one "
                    + "matrix for all, got " + Arrays.toString(tensor.sizes()));
        }
    }

    /** Each element of C is written by itself. */
    private static void checkResult(TensorDescription c) {
        if (c.has(TensorDescription.REQUIRES_GRAD)) {
            throw new BadArgumentException("gemm: expected C outside autograd, which sees nothing of a gemm, got a "
                    + "tensor that requires a gradient");
        }
        // Sorted by stride, each dimension must step over all that lies within the ones before it.
        int[] order = IntStream.range(0, c.sizes().length).filter(i -> c.sizes()[i] > 1).boxed()
                .sorted(Comparator.comparingLong(i -> c.strides()[i])).mapToInt(i -> i).toArray();
        long reach = 0;
        for (int i : order) {
            if (c.strides()[i] <= reach && c.elementCount() > 0) {
                throw new BadArgumentException("gemm: expected C with a place for each element, got strides "
                        + Arrays.toString(c.strides()) + " for sizes " + Arrays.toString(c.sizes()));
            }
            reach += (c.sizes()[i] - 1) * c.strides()[i];
        }
    }

    /** Refuses what certainly overlaps; of two matrices interleaved in one block only the caller knows. */
    private static void checkDisjoint(String name, TensorDescription tensor, TensorDescription c) {
        if (tensor.elementCount() == 0 || c.elementCount() == 0) {
            return;
        }
        boolean meet = tensor.data() < c.data() + extent(c) && c.data() < tensor.data() + extent(tensor);
        boolean dense = isDense(tensor) && isDense(c);
        if (meet && (dense || tensor.data() == c.data())) {
            throw new BadArgumentException("gemm: expected C in memory of its own, got C over " + name
                    + ": cuBLAS reads the one while it writes the other");
        }
    }

    private static boolean isDense(TensorDescription tensor) {
        return extent(tensor) == tensor.elementCount() * tensor.elementSize();
    }

    /** Bytes from the first element to the end of the last. */
    private static long extent(TensorDescription tensor) {
        long last = 0;
        for (int i = 0; i < tensor.sizes().length; i++) {
            last += (tensor.sizes()[i] - 1) * tensor.strides()[i];
        }
        return (last + 1) * tensor.elementSize();
    }
}
