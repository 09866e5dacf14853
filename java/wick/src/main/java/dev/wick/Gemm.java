package dev.wick;

import dev.wick.binding.CallSettings;
import dev.wick.binding.CublasComputeType;
import dev.wick.binding.GemmEpilogue;
import dev.wick.binding.GemmPlan;
import dev.wick.binding.GemmSettings;
import dev.wick.binding.PreparedGemm;
import dev.wick.binding.TensorDescription;
import dev.wick.error.BadArgumentException;
import java.lang.ref.Reference;
import java.util.Arrays;
import java.util.Objects;
import java.util.stream.Stream;

/**
 * One matrix product, C = epilogue(alpha * op(A) * op(B) + beta * C [+ bias]), prepared once for tensors that stay in
 * place, and run as often as their elements change; one thread at a time.
 *
 * <pre>{@code
 * try (var gemm = Gemm.of(x, weight).transposeB().epilogue(GemmEpilogue.GELU_BIAS, bias).prepare()) {
 *     gemm.run();                      // on CUDA, through panama: makes no Java object, awaits nothing
 *     use(gemm.result());
 * }
 * Tensor product = Gemm.of(a, b).alpha(0.5).multiply();
 * }</pre>
 *
 * <p><b>Shapes</b> are PyTorch's: op(A) is M x K, op(B) is K x N, C is M x N, the bias N. With three dimensions the
 * first is the batch; one matrix of A or B (two dimensions, or a batch of 1) serves all. Nothing is copied to make a
 * tensor fit: A and B must lie row by row or column by column, with any gap between two, C row by row. C shares no
 * memory with them.
 *
 * <p><b>Types.</b> A and B have one dtype, of float64, float32, float16 and bfloat16; C has the same, or float32 where
 * halves are added up in FLOAT32; the bias has C's. alpha and beta are rounded to the type that the {@linkplain
 * Builder#compute compute type} begins with; with a beta of 0 C is not read.
 *
 * <p><b>On a CUDA device</b> it is cuBLAS, or cuBLASLt for an epilogue, with the handle, stream and workspace that
 * LibTorch keeps for the calling thread: {@link #run()} enqueues on the stream that {@link Builder#on} names, or on the
 * device's default stream, in order with the operators there. Only platform threads; run and close on one stream, or
 * synchronise in between. FLOAT32 means FLOAT32: TF32
 * is used where {@link CublasComputeType#FLOAT32_FAST_TF32} asks for it and nowhere else, whatever LibTorch's own
 * switch says. Sums of nothing (K = 0) with an epilogue, which cuBLASLt does not take, are left to operators. For
 * what cuBLASLt has no algorithm, which may be float64 with an epilogue, preparing is refused.
 *
 * <p><b>On the CPU</b> it is the BLAS at hand by way of LibTorch's operators, with the same checks and the same
 * rounding; any thread. float64, float32, and bfloat16 without an epilogue, go to {@code mm}, {@code addmm} and their
 * batched kin as they are. Other halves are converted to float32 at every run, multiplied there, and the result is
 * rounded once: the buffers for that are the gemm's, and {@link #bufferBytes()} says how large. The FAST compute types
 * and FLOAT16 only allow rounding, and nothing is rounded for them here; FLOAT16_PEDANTIC, which demands sums in
 * float16, is refused.
 *
 * <p>It keeps its tensors' memory until it is closed; closing them earlier only means that it cannot run any more.
 */
public final class Gemm extends NativeResource {
    private final PreparedGemm prepared;
    private final Operand[] operands;
    private final Tensor result;
    private final boolean ownsResult;
    /** Null for the current one. */
    private final CudaStream stream;

    private Gemm(PreparedGemm prepared, Operand[] operands, Tensor result, boolean ownsResult, CudaStream stream) {
        super(prepared);
        this.stream = stream;
        this.prepared = prepared;
        this.operands = operands;
        this.result = result;
        this.ownsResult = ownsResult;
    }

    /** Begins to say what is to be multiplied: A * B, unless more is said. */
    public static Builder of(Tensor a, Tensor b) {
        return new Builder(a, b);
    }

    /** Prepares C = A * B. */
    public static Gemm prepare(Tensor a, Tensor b, Tensor c) {
        return of(a, b).into(c).prepare();
    }

    /** A tensor as it was when the gemm was prepared. */
    private static final class Operand {
        private final String name;
        private final Tensor tensor;
        private TensorDescription known;

        Operand(String name, Tensor tensor) {
            this.name = name;
            this.tensor = tensor;
            this.known = tensor.description();
        }

        /** The prepared call knows addresses: one that has gone elsewhere since must not be used. Makes no object. */
        void check() {
            tensor.usableHandle();
            TensorDescription now = tensor.description();
            if (now != known) {
                if (now.data() != known.data() || !Arrays.equals(now.sizes(), known.sizes())
                        || !Arrays.equals(now.strides(), known.strides())) {
                    throw new IllegalStateException("the gemm was prepared for " + name + " of sizes "
                            + Arrays.toString(known.sizes()) + ", which has been resized or moved in place since (now "
                            + Arrays.toString(now.sizes()) + "): prepare it anew");
                }
                known = now;
            }
        }
    }

    /**
     * Computes C from what the tensors hold now. On a CUDA device the work is enqueued and not awaited.
     *
     * @throws IllegalStateException            if the gemm or one of its tensors is closed, or a tensor was resized
     * @throws dev.wick.error.CublasException   if cuBLAS refuses the call
     * @throws dev.wick.error.UnsupportedFeatureException on a virtual thread, for a CUDA device
     */
    public void run() {
        try {
            checkOpen();
            if (stream != null) {
                stream.checkOpen();
            }
            for (Operand operand : operands) {
                operand.check();
            }
            prepared.run();
        } finally {
            Reference.reachabilityFence(this);
        }
    }

    /** C: the tensor named by {@link Builder#into}, or the gemm's own, which is closed with it. */
    public Tensor result() {
        checkOpen();
        return result;
    }

    /** Bytes that it holds beside the tensors: cuBLASLt's workspace, or float32 copies of halves on the CPU. */
    public long bufferBytes() {
        return prepared.bufferBytes();
    }

    /** Frees what was prepared, and the result unless it was given; closing again does nothing. */
    @Override
    public void close() {
        super.close();
        if (ownsResult) {
            result.close();
        }
    }

    /** What is to be multiplied, and how; one thread. */
    public static final class Builder {
        private final Tensor a;
        private final Tensor b;
        private GemmSettings settings;
        private Tensor bias;
        private Tensor c;
        private DType resultType;
        private CudaStream stream;

        private Builder(Tensor a, Tensor b) {
            this.a = Objects.requireNonNull(a, "a");
            this.b = Objects.requireNonNull(b, "b");
            this.settings = GemmSettings.of(a.dtype() == DType.FLOAT64 ? CublasComputeType.FLOAT64
                    : CublasComputeType.FLOAT32);
            this.resultType = a.dtype();
        }

        /** op(A) is A's transpose; of a batch, of each matrix. */
        public Builder transposeA() {
            settings = settings.transposed(true, settings.transposeB());
            return this;
        }

        /** op(B) is B's transpose; of a batch, of each matrix. */
        public Builder transposeB() {
            settings = settings.transposed(settings.transposeA(), true);
            return this;
        }

        /** Multiplies the product by a factor; 1 unless given. */
        public Builder alpha(double factor) {
            settings = settings.scaled(factor, settings.beta());
            return this;
        }

        /** Adds what C holds, multiplied by a factor; 0 unless given, and then C is not read. */
        public Builder beta(double factor) {
            settings = settings.scaled(settings.alpha(), factor);
            return this;
        }

        /**
         * In what products are added up: FLOAT64 for float64 and FLOAT32 for the others, unless given. {@link
         * CublasComputeType#FLOAT32_FAST_TF32} is TF32.
         */
        public Builder compute(CublasComputeType type) {
            settings = settings.computing(Objects.requireNonNull(type, "type"));
            return this;
        }

        /**
         * Whether parts of a sum may be rounded to C's halves before they are added up; they may not unless this says
         * so. PyTorch's {@code allow_fp16_reduced_precision_reduction} and its like for BF16, which are on there.
         */
        public Builder allowReducedPrecisionReduction(boolean allowed) {
            settings = settings.reducing(allowed);
            return this;
        }

        /** What is done to the result before it is rounded. */
        public Builder epilogue(GemmEpilogue epilogue) {
            return epilogue(epilogue, null);
        }

        /** As {@link #epilogue(GemmEpilogue)}, with the bias that it adds to every row. */
        public Builder epilogue(GemmEpilogue epilogue, Tensor bias) {
            settings = settings.finished(Objects.requireNonNull(epilogue, "epilogue"));
            this.bias = bias;
            return this;
        }

        /**
         * Bytes that cuBLASLt's algorithm may ask for, of LibTorch's allocator; {@link
         * GemmSettings#DEFAULT_WORKSPACE_LIMIT} unless given. The gemm holds what the chosen one needs. Without an
         * epilogue, and on the CPU, it means nothing.
         */
        public Builder workspaceLimit(long bytes) {
            settings = settings.workspace(bytes);
            return this;
        }

        /** Runs on a CUDA stream, which must be open whenever the gemm runs; for tensors on its device. */
        public Builder on(CudaStream stream) {
            if (!stream.device().equals(a.device())) {
                throw new BadArgumentException("expected a stream of A's device, " + a.device() + ", got one of "
                        + stream.device());
            }
            this.stream = stream;
            return this;
        }

        /** The tensor to write to, which stays the caller's; otherwise one is made. */
        public Builder into(Tensor result) {
            this.c = Objects.requireNonNull(result, "result");
            return this;
        }

        /** The dtype of a result that is made: A's, or float32 for halves. */
        public Builder result(DType dtype) {
            this.resultType = Objects.requireNonNull(dtype, "dtype");
            return this;
        }

        /**
         * Prepares it.
         *
         * @throws BadArgumentException           if shapes, dtypes, strides or devices do not fit together
         * @throws dev.wick.error.CublasException if cuBLASLt has no algorithm for the epilogue on this device
         * @throws dev.wick.error.UnsupportedFeatureException
         *                                        if cuBLAS cannot be reached, with what has it; on a virtual thread
         *                                        for a CUDA device; for FLOAT16_PEDANTIC on the CPU
         */
        public Gemm prepare() {
            Tensor result = c != null ? c : Tensor.unscoped(a.device(), resultType, madeShape());
            try {
                Operand[] operands = Stream.of(new Operand("A", a), new Operand("B", b), new Operand("C", result),
                        bias == null ? null : new Operand("the bias", bias)).filter(Objects::nonNull)
                        .toArray(Operand[]::new);
                return new Gemm(prepareFor(result), operands, result, c == null, stream);
            } catch (RuntimeException e) {
                closeMade(result);
                throw e;
            }
        }

        /**
         * Computes it once: {@link #prepare()}, {@link #run()} and {@link #close()}.
         *
         * @return the tensor named by {@link #into}, or a new one of the caller's
         */
        public Tensor multiply() {
            Tensor result = c != null ? c : Tensor.empty(a.device(), resultType, madeShape());
            try (PreparedGemm once = prepareFor(result)) {
                once.run();
                return result;
            } catch (RuntimeException e) {
                closeMade(result);
                throw e;
            } finally {
                Reference.reachabilityFence(this);
            }
        }

        private void closeMade(Tensor result) {
            if (c == null) {
                result.close();
            }
        }

        private long[] madeShape() {
            if (settings.beta() != 0) {
                throw new BadArgumentException("gemm: expected a C to multiply by beta, " + settings.beta()
                        + ", named by into(), got none");
            }
            return GemmPlan.resultSizes(settings, a.description(), b.description());
        }

        private PreparedGemm prepareFor(Tensor result) {
            GemmPlan plan = GemmPlan.of(settings, a.description(), b.description(), result.description(),
                    bias == null ? null : bias.description());
            // cuBLASLt takes no sums of length 0.
            boolean nothingToMultiply = plan.needsCublasLt() && plan.k() == 0;
            if (!plan.onCuda() || nothingToMultiply) {
                return new OperatorGemm(plan, settings, a, b, result, bias,
                        stream == null ? CallSettings.INFERENCE : stream.inference());
            }
            return Engine.get().cublas().prepare(settings, a.usableHandle(), b.usableHandle(), result.usableHandle(),
                    bias == null ? null : bias.usableHandle(), stream == null ? 0 : stream.noGrad().cudaStream());
        }
    }
}
