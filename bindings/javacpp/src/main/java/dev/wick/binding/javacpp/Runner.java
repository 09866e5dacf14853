package dev.wick.binding.javacpp;

import dev.wick.binding.BoxedValue;
import dev.wick.binding.CallSettings;
import dev.wick.binding.GradMode;
import dev.wick.binding.Handle;
import dev.wick.error.BadArgumentException;
import dev.wick.error.TorchException;
import dev.wick.error.UnsupportedFeatureException;
import java.util.ArrayList;
import java.util.List;
import org.bytedeco.javacpp.Pointer;
import org.bytedeco.javacpp.PointerScope;
import org.bytedeco.pytorch.Function;
import org.bytedeco.pytorch.GenericDict;
import org.bytedeco.pytorch.GenericDictIterator;
import org.bytedeco.pytorch.IValue;
import org.bytedeco.pytorch.IValueArrayRef;
import org.bytedeco.pytorch.MemoryFormatOptional;
import org.bytedeco.pytorch.Tensor;
import org.bytedeco.pytorch.TupleElements;
import org.bytedeco.pytorch.global.torch;
import org.bytedeco.pytorch.global.torch.MemoryFormat;
import org.bytedeco.pytorch.global.torch.ScalarType;

/** One method bound to fixed inputs; all it needs is made beforehand: a run converts, calls and copies. One thread. */
final class Runner {
    /** An input, and what it is converted into before each run, or null. */
    private record Input(Owned.Value value, Owned.Value buffer) {
    }

    /** Where a result goes, and what the result was the first time. */
    private record Output(Owned.Value value, Tensor tensor, Pointer data, long[] sizes, int dtype, int resultDtype,
            long bytes) {
    }

    private final Owned.Value self;
    private final ModuleState state;
    private final Function function;
    private final CallSettings settings;
    private final Owned.Stack stack = new Owned.Stack();
    private final List<Input> inputs = new ArrayList<>();
    private final List<Owned.Value> defaults = new ArrayList<>();
    private final List<Output> outputs = new ArrayList<>();

    Runner(MethodReference method, CallSettings settings, TensorHandle[] tensors, int computeDtype, int outputDtype) {
        this.self = new Owned.Value(method.self());
        this.state = method.state();
        this.function = method.function();
        this.settings = settings;
        try (CallGuard _ = CallGuard.enter(settings); PointerScope _ = new PointerScope()) {
            ScalarType compute = floating(computeDtype);
            ScalarType output = floating(outputDtype);
            for (TensorHandle tensor : tensors) {
                inputs.add(input(tensor, compute));
            }
            bindDefaults(method.schema());
            call();
            for (Tensor result : results()) {
                outputs.add(output(result, output));
            }
            if (outputs.isEmpty()) {
                throw new BadArgumentException("the method '" + method.schema().name() + "' returns no tensor");
            }
            copyOutputs(results());
            stack.resize(0);
        } catch (RuntimeException e) {
            free();
            throw Errors.of(e);
        }
    }

    private static ScalarType floating(int code) {
        if (code == -1) {
            return null;
        }
        ScalarType type = Codes.scalarType(code);
        if (!torch.isFloatingType(type)) {
            throw new BadArgumentException("expected a floating dtype, got " + Codes.name(type));
        }
        return type;
    }

    private static Input input(TensorHandle handle, ScalarType compute) {
        handle.acquire();
        try {
            Tensor tensor = handle.tensor();
            boolean same = compute == null || !tensor.is_floating_point()
                    || tensor.scalar_type().value == compute.value;
            // The buffer first: making it can fail, and nothing holds the other value yet.
            Owned.Value buffer = same ? null : new Owned.Value(torch.empty_like(tensor, Tensors.cpuOptions(compute),
                    new MemoryFormatOptional(MemoryFormat.Preserve)));
            return new Input(new Owned.Value(handle.value()), buffer);
        } finally {
            handle.release();
        }
    }

    /** Once: the arguments of every run are of the same types. */
    private void bindDefaults(Schema schema) {
        List<Schema.Parameter> parameters = schema.parameters();
        if (inputs.size() + 1 > parameters.size()) {
            throw new BadArgumentException(schema.name() + ": expected at most " + (parameters.size() - 1)
                    + " arguments, got " + inputs.size() + "\nschema: " + schema);
        }
        for (int i = 0; i < inputs.size(); i++) {
            Schema.Parameter parameter = parameters.get(i + 1);
            if (!TypeTree.TENSOR.fits(parameter.type())) {
                throw new BadArgumentException(schema.name() + ": argument '" + parameter.name() + "': expected "
                        + parameter.type() + ", got TENSOR\nschema: " + schema);
            }
        }
        for (Schema.Parameter parameter : parameters.subList(inputs.size() + 1, parameters.size())) {
            if (parameter.defaultValue() == null) {
                throw new BadArgumentException(schema.name() + ": argument '" + parameter.name()
                        + "' is missing\nschema: " + schema);
            }
            defaults.add(new Owned.Value(parameter.defaultValue()));
        }
    }

    void run() {
        try (CallGuard _ = CallGuard.enter(settings)) {
            call();
            IValue result = stack.get(0);
            if (outputs.size() == 1 && result.isTensor()) {
                copyOutputs(List.of(result.toTensor()));
                return;
            }
            try (PointerScope _ = new PointerScope()) {
                copyOutputs(results());
            }
        } catch (RuntimeException e) {
            throw Errors.of(e);
        } finally {
            stack.resize(0);
        }
    }

    private void call() {
        long index = 0;
        stack.resize(1L + inputs.size() + defaults.size());
        stack.put(index++, self);
        for (Input input : inputs) {
            if (input.buffer() != null) {
                convert(input);
            }
            stack.put(index++, input.buffer() != null ? input.buffer() : input.value());
        }
        for (Owned.Value value : defaults) {
            stack.put(index++, value);
        }
        state.markCalled();
        function.run(stack);
    }

    private void convert(Input input) {
        withoutGradients(() -> input.buffer().toTensor().copy_(input.value().toTensor()));
    }

    private void withoutGradients(Runnable copy) {
        if (settings.mode() != GradMode.GRAD) {
            copy.run();
            return;
        }
        org.bytedeco.pytorch.GradMode.set_enabled(false);
        try {
            copy.run();
        } finally {
            org.bytedeco.pytorch.GradMode.set_enabled(true);
        }
    }

    /** The tensors of the result, in order; in the caller's scope. */
    private List<Tensor> results() {
        List<Tensor> found = new ArrayList<>();
        collect(stack.get(0), found, 0);
        return found;
    }

    private static void collect(IValue value, List<Tensor> found, int depth) {
        if (depth > ValueBuilder.MAXIMUM_DEPTH) {
            throw new UnsupportedFeatureException("the result is nested too deeply, or contains itself");
        }
        if (value.isTensor()) {
            Tensor tensor = value.toTensor();
            if (tensor.defined()) {
                found.add(tensor);
            }
        } else if (value.isTuple()) {
            TupleElements elements = value.toTupleRef().elements();
            for (long i = 0; i < elements.size(); i++) {
                collect(elements.get(i), found, depth + 1);
            }
        } else if (value.isList()) {
            IValueArrayRef elements = value.toListRef();
            for (long i = 0; i < elements.size(); i++) {
                collect(elements.at(i), found, depth + 1);
            }
        } else if (value.isGenericDict()) {
            GenericDict dict = value.toGenericDict();
            GenericDictIterator end = dict.end();
            for (GenericDictIterator at = dict.begin(); at.notEquals(end); at.increment()) {
                collect(at.multiply().value(), found, depth + 1);
            }
        }
    }

    /** The outputs belong to the caller, who may use them in any mode. */
    private static Output output(Tensor result, ScalarType wanted) {
        ScalarType dtype = wanted != null && result.is_floating_point() ? wanted
                : Codes.known(result.scalar_type());
        long[] sizes = sizes(result);
        try (CallGuard _ = CallGuard.plain()) {
            Owned.Value value = new Owned.Value(torch.empty(sizes, Tensors.cpuOptions(dtype),
                    new MemoryFormatOptional()));
            Tensor tensor = value.toTensor();
            long bytes = tensor.nbytes();
            return new Output(value, tensor, bytes == 0 ? null : tensor.data_ptr(), sizes, dtype.value,
                    result.scalar_type().value, bytes);
        }
    }

    private static long[] sizes(Tensor tensor) {
        long[] sizes = new long[(int) tensor.dim()];
        for (int i = 0; i < sizes.length; i++) {
            sizes[i] = tensor.size(i);
        }
        return sizes;
    }

    /** All are looked at before any is copied, so that the old contents stay whole. */
    private void copyOutputs(List<Tensor> results) {
        if (results.size() != outputs.size()) {
            throw new TorchException("the method gave " + results.size() + " tensors where it had given "
                    + outputs.size(), null);
        }
        for (int i = 0; i < results.size(); i++) {
            checkForm(results.get(i), outputs.get(i), i);
        }
        for (int i = 0; i < results.size(); i++) {
            copy(results.get(i), outputs.get(i));
        }
    }

    private static void checkForm(Tensor result, Output output, int index) {
        boolean same = result.scalar_type().value == output.resultDtype() && result.dim() == output.sizes().length;
        for (int i = 0; same && i < output.sizes().length; i++) {
            same = result.size(i) == output.sizes()[i];
        }
        if (!same) {
            throw new TorchException("output " + index + " is now "
                    + Codes.name(Codes.known(result.scalar_type())) + " "
                    + java.util.Arrays.toString(sizes(result)) + "; it was "
                    + Codes.name(Codes.scalarType(output.resultDtype())) + " "
                    + java.util.Arrays.toString(output.sizes()), null);
        }
    }

    private void copy(Tensor result, Output output) {
        if (liesAlike(result, output)) {
            // The dispatcher and its iterator cost more than a small model's outputs are worth.
            Pointer.memcpy(output.data(), result.data_ptr(), output.bytes());
        } else if (output.bytes() > 0) {
            withoutGradients(() -> output.tensor().copy_(result));
        }
    }

    private static boolean liesAlike(Tensor result, Output output) {
        // Without storage it is sparse, or laid out as oneDNN likes it.
        return output.bytes() > 0 && output.dtype() == output.resultDtype() && result.has_storage() && result.is_cpu()
                && result.is_contiguous() && !result.is_conj() && !result.is_neg();
    }

    BoxedValue outputs() {
        List<BoxedValue> values = new ArrayList<>();
        for (Output output : outputs) {
            values.add(new BoxedValue.TensorValue(new TensorHandle(ValueSlot.of(output.value()))));
        }
        return new BoxedValue.ListValue(List.copyOf(values));
    }

    /** Once, when nobody runs. */
    void free() {
        for (Input input : inputs) {
            input.value().giveBack();
            if (input.buffer() != null) {
                input.buffer().giveBack();
            }
        }
        defaults.forEach(Owned.Value::giveBack);
        outputs.forEach(output -> output.value().giveBack());
        self.giveBack();
        stack.resize(0);
        stack.giveBack();
    }

    /** A runner's handle. */
    static final class RunnerHandle extends NativeHandle {
        private final Runner runner;

        RunnerHandle(Runner runner) {
            this.runner = runner;
        }

        static RunnerHandle of(Handle handle) {
            return of(handle, RunnerHandle.class);
        }

        Runner runner() {
            return runner;
        }

        @Override
        public String kind() {
            return "runner";
        }

        @Override
        void freeNative() {
            runner.free();
            Retained.drain();
        }
    }
}
