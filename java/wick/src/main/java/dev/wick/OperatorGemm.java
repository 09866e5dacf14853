package dev.wick;

import dev.wick.binding.BoxedValue;
import dev.wick.binding.CallSettings;
import dev.wick.binding.CublasComputeType;
import dev.wick.binding.GemmEpilogue;
import dev.wick.binding.GemmPlan;
import dev.wick.binding.GemmSettings;
import dev.wick.binding.GradMode;
import dev.wick.binding.Handle;
import dev.wick.binding.PreparedGemm;
import dev.wick.binding.TensorDescription;
import dev.wick.binding.TorchBinding;
import dev.wick.error.UnsupportedFeatureException;
import java.util.ArrayList;
import java.util.List;

/**
 * A gemm by LibTorch's operators: a list of calls whose arguments were made beforehand; one thread at a time.
 *
 * <p>What is rounded when is the same as with cuBLAS. Where an operator would round in between, which it does whenever
 * halves pass from one to the next, the work is done in float32 and rounded once at the end.
 */
final class OperatorGemm extends PreparedGemm {
    private final TorchBinding binding = Engine.binding();
    private final List<Handle> held = new ArrayList<>();
    private final List<Step> steps = new ArrayList<>();
    private final CallSettings calls;
    private long bufferBytes;

    /** One call. */
    private record Step(Handle operator, BoxedValue[] arguments) {
    }

    /**
     * Prepares the calls.
     *
     * @param bias  null where the epilogue has none
     * @param calls of the operators; in inference mode, which alone may write to tensors that were made in it
     */
    OperatorGemm(GemmPlan plan, GemmSettings settings, Tensor a, Tensor b, Tensor c, Tensor bias, CallSettings calls) {
        this.calls = calls;
        if (plan.compute() == CublasComputeType.FLOAT16_PEDANTIC) {
            throw new UnsupportedFeatureException("gemm: " + plan.compute() + " asks for sums in float16, and "
                    + "LibTorch's operators add up in float32: take FLOAT16, which allows that, or a CUDA device");
        }
        try {
            if (!plan.isEmpty()) {
                prepare(plan, settings, a, b, c, bias);
            }
        } catch (RuntimeException e) {
            held.forEach(Handle::close);
            throw e;
        }
    }

    private void prepare(GemmPlan plan, GemmSettings settings, Tensor a, Tensor b, Tensor c, Tensor bias) {
        boolean inSingle = inSingle(settings, a.dtype(), c.dtype());
        boolean apart = inSingle && c.dtype() != DType.FLOAT32;
        Handle result = apart ? single(c) : retained(c);
        if (apart && plan.beta() != 0) {
            step("aten::copy_", "", result, retained(c));
        }
        boolean batched = c.dimensions() == 3;
        Handle left = operand(inSingle ? copied(a) : retained(a), a.description(), settings.transposeA(), c);
        Handle right = operand(inSingle ? copied(b) : retained(b), b.description(), settings.transposeB(), c);
        if (plan.alpha() == 1 && plan.beta() == 0) {
            // Fewer arguments to bind, which counts for small matrices.
            step(batched ? "aten::bmm" : "aten::mm", "out", left, right,
                    keyword("out", new BoxedValue.TensorValue(result)));
        } else {
            step(batched ? "aten::baddbmm_" : "aten::addmm_", "", result, left, right,
                    keyword("beta", new BoxedValue.DoubleValue(plan.beta())),
                    keyword("alpha", new BoxedValue.DoubleValue(plan.alpha())));
        }
        if (bias != null) {
            // Converted on the way where the result is wider: that is exact.
            step("aten::add_", "Tensor", result, retained(bias));
        }
        switch (settings.epilogue().activation()) {
            case RELU -> step("aten::relu_", "", result);
            case GELU -> step("aten::gelu_", "", result, keyword("approximate", new BoxedValue.StringValue("tanh")));
            default -> {
                // Nothing follows.
            }
        }
        if (apart) {
            step("aten::copy_", "", retained(c), result);
        }
    }

    /** Whether operands are converted to float32, and the result rounded from it. */
    private static boolean inSingle(GemmSettings settings, DType operands, DType result) {
        boolean halves = operands == DType.FLOAT16 || operands == DType.BFLOAT16;
        // LibTorch has kernels for float16 on few processors, and elsewhere a plain loop.
        return halves && (operands == DType.FLOAT16 || result == DType.FLOAT32
                || settings.epilogue() != GemmEpilogue.DEFAULT);
    }

    private Handle retained(Tensor tensor) {
        return hold(binding.retain(tensor.usableHandle()));
    }

    /** A float32 tensor of the same shape. */
    private Handle single(Tensor tensor) {
        TensorDescription is = tensor.description();
        bufferBytes += is.elementCount() * Float.BYTES;
        return hold(binding.emptyTensor(is.sizes(), DType.FLOAT32.code(), is.deviceType(), is.deviceIndex(),
                GradMode.NO_GRAD));
    }

    /** A float32 tensor that every run fills with the elements anew. */
    private Handle copied(Tensor tensor) {
        Handle copy = single(tensor);
        step("aten::copy_", "", copy, retained(tensor));
        return copy;
    }

    /** A view that is op(tensor), as often as C has matrices. */
    private Handle operand(Handle tensor, TensorDescription is, boolean transposed, Tensor c) {
        Handle view = tensor;
        if (transposed) {
            view = view("aten::transpose", "int", view, new BoxedValue.IntValue(-2), new BoxedValue.IntValue(-1));
        }
        boolean alike = is.sizes().length == c.dimensions()
                && (c.dimensions() == 2 || is.sizes()[0] == c.size(0));
        return alike ? view : view("aten::expand", "", view,
                new BoxedValue.LongArrayValue(new long[] {c.size(0), -1, -1}));
    }

    private Handle view(String name, String overload, Handle tensor, BoxedValue... more) {
        BoxedValue[] arguments = new BoxedValue[1 + more.length];
        arguments[0] = new BoxedValue.TensorValue(tensor);
        System.arraycopy(more, 0, arguments, 1, more.length);
        BoxedValue made = binding.callOperator(binding.findOperator(name, overload), CallSettings.NO_GRAD, arguments);
        return hold(((BoxedValue.TensorValue) made).tensor());
    }

    private static BoxedValue keyword(String name, BoxedValue value) {
        return new BoxedValue.KeywordValue(name, value);
    }

    /** Adds a call; tensors are handles. */
    private void step(String name, String overload, Object... arguments) {
        BoxedValue[] boxed = new BoxedValue[arguments.length];
        for (int i = 0; i < boxed.length; i++) {
            boxed[i] = arguments[i] instanceof Handle tensor ? new BoxedValue.TensorValue(tensor)
                    : (BoxedValue) arguments[i];
        }
        steps.add(new Step(binding.findOperator(name, overload), boxed));
    }

    private Handle hold(Handle handle) {
        held.add(handle);
        return handle;
    }

    @Override
    public void run() {
        acquire();
        try {
            for (Step step : steps) {
                BoxedValue same = binding.callOperator(step.operator(), calls, step.arguments());
                ((BoxedValue.TensorValue) same).tensor().close();
            }
        } finally {
            release();
        }
    }

    @Override
    public long bufferBytes() {
        return bufferBytes;
    }

    @Override
    protected void free() {
        held.forEach(Handle::close);
    }
}
