package dev.wick.binding.contract;

import static org.assertj.core.api.Assertions.assertThat;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import dev.wick.binding.BoxedValue;
import dev.wick.binding.BoxedValue.BoolValue;
import dev.wick.binding.BoxedValue.DoubleValue;
import dev.wick.binding.BoxedValue.IntValue;
import dev.wick.binding.BoxedValue.ListValue;
import dev.wick.binding.BoxedValue.StringValue;
import dev.wick.binding.BoxedValue.TensorValue;
import dev.wick.binding.BoxedValue.TupleValue;
import dev.wick.binding.CallSettings;
import dev.wick.binding.GradMode;
import dev.wick.binding.Handle;
import dev.wick.binding.MemoryBinding;
import dev.wick.binding.OnednnGraphBinding;
import dev.wick.binding.TensorDescription;
import dev.wick.binding.TorchBinding;
import dev.wick.binding.TorchBindingProvider;
import java.io.IOException;
import java.io.InputStream;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.util.ArrayList;
import java.util.List;
import java.util.ServiceLoader;
import java.util.concurrent.atomic.AtomicReference;
import java.util.function.Supplier;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;

/**
 * What every case of the contract suite stands on: the binding under test, handles that are closed after each test, and
 * the check that none is left.
 *
 * <p>The suite runs in the module of each binding, in a JVM for each choice of natives.
 */
abstract class ContractCase {
    static final int UINT8 = 0;
    static final int INT8 = 1;
    static final int INT16 = 2;
    static final int INT32 = 3;
    static final int INT64 = 4;
    static final int FLOAT16 = 5;
    static final int FLOAT32 = 6;
    static final int FLOAT64 = 7;
    static final int COMPLEX64 = 9;
    static final int BOOL = 11;
    static final int BFLOAT16 = 15;
    static final int CPU = 0;

    private static final long STACK_BYTES = 256L << 20;
    private static TorchBinding opened;

    final TorchBinding binding = binding();
    private final List<Handle> owned = new ArrayList<>();
    private long liveBefore;

    /** The one binding on the class path, opened once for all cases of the JVM. */
    static synchronized TorchBinding binding() {
        if (opened == null) {
            TorchBindingProvider provider = ServiceLoader.load(TorchBindingProvider.class).findFirst().orElseThrow();
            opened = provider.open(NativesAtHand.request(provider));
        }
        return opened;
    }

    @BeforeEach
    final void countHandles() {
        liveBefore = binding.liveHandles();
    }

    @AfterEach
    final void nothingIsLeft() {
        owned.forEach(Handle::close);
        owned.clear();
        assertThat(binding.liveHandles()).as("live handles").isEqualTo(liveBefore);
    }

    /** Has a handle closed after the test. */
    final <H extends Handle> H own(H handle) {
        owned.add(handle);
        return handle;
    }

    /** Has every tensor in a result closed after the test. */
    final BoxedValue own(BoxedValue value) {
        switch (value) {
            case TensorValue(var handle) -> own(handle);
            case ListValue(var elements) -> elements.forEach(this::own);
            case TupleValue(var elements) -> elements.forEach(this::own);
            case BoxedValue.DictValue(var entries) -> entries.forEach(entry -> {
                own(entry.key());
                own(entry.value());
            });
            default -> {
                // No tensor in it.
            }
        }
        return value;
    }

    // Facets: a test that needs one is skipped without it, and FacetContract sees that the lack is named.

    final MemoryBinding memoryFacet() {
        assumeTrue(binding.memory().isPresent(), () -> binding.missingFeatures().get(TorchBinding.MEMORY));
        return binding.memory().orElseThrow();
    }

    final OnednnGraphBinding onednnGraphFacet() {
        assumeTrue(binding.onednnGraph().isPresent(), () -> binding.missingFeatures().get(TorchBinding.ONEDNN_GRAPH));
        return binding.onednnGraph().orElseThrow();
    }

    // Arguments

    static BoxedValue box(Handle tensor) {
        return new TensorValue(tensor);
    }

    static BoxedValue box(long number) {
        return new IntValue(number);
    }

    static BoxedValue box(double number) {
        return new DoubleValue(number);
    }

    static BoxedValue box(boolean truth) {
        return new BoolValue(truth);
    }

    static BoxedValue box(String text) {
        return new StringValue(text);
    }

    static BoxedValue list(BoxedValue... elements) {
        return new ListValue(List.of(elements));
    }

    static BoxedValue tuple(BoxedValue... elements) {
        return new TupleValue(List.of(elements));
    }

    static BoxedValue longs(long... values) {
        return new BoxedValue.LongArrayValue(values);
    }

    static BoxedValue keyword(String name, BoxedValue value) {
        return new BoxedValue.KeywordValue(name, value);
    }

    // Tensors

    final Handle empty(int dtype, long... shape) {
        return own(binding.emptyTensor(shape, dtype, CPU, -1, GradMode.NO_GRAD));
    }

    final Handle floats(float[] elements, long... shape) {
        Handle tensor = empty(FLOAT32, shape);
        memory(tensor).copyFrom(MemorySegment.ofArray(elements));
        return tensor;
    }

    final Handle int64s(long[] elements, long... shape) {
        Handle tensor = empty(INT64, shape);
        memory(tensor).copyFrom(MemorySegment.ofArray(elements));
        return tensor;
    }

    /** The memory of a contiguous tensor, valid while the tensor lives. */
    final MemorySegment memory(Handle tensor) {
        TensorDescription description = binding.describe(tensor);
        return MemorySegment.ofAddress(description.data())
                .reinterpret(description.elementCount() * description.elementSize());
    }

    final float[] floatsOf(Handle tensor) {
        Handle plain = tensorOf(call("aten::contiguous", box(tensorOf(call("aten::to", box(tensor), box(FLOAT32))))));
        return memory(plain).toArray(ValueLayout.JAVA_FLOAT);
    }

    final long[] longsOf(Handle tensor) {
        Handle plain = tensorOf(call("aten::contiguous", box(tensorOf(call("aten::to", box(tensor), box(INT64))))));
        return memory(plain).toArray(ValueLayout.JAVA_LONG);
    }

    static Handle tensorOf(BoxedValue value) {
        return ((TensorValue) value).tensor();
    }

    static List<BoxedValue> elementsOf(BoxedValue value) {
        return value instanceof ListValue(var elements) ? elements : ((TupleValue) value).elements();
    }

    /** Calls an operator by name without a graph; its result is closed after the test. */
    final BoxedValue call(String operator, BoxedValue... arguments) {
        return own(binding.callOperator(operator, CallSettings.NO_GRAD, arguments));
    }

    // Modules

    /** Loads one of the suite's archives. */
    final Handle load(String name) {
        return load(name, CPU);
    }

    final Handle load(String name, int deviceType) {
        try (Arena arena = Arena.ofShared()) {
            byte[] bytes = archive(name);
            MemorySegment memory = arena.allocate(bytes.length, 64);
            memory.copyFrom(MemorySegment.ofArray(bytes));
            return own(deep(() -> binding.loadModule(memory, deviceType, -1, false)));
        }
    }

    static byte[] archive(String name) {
        try (InputStream in = ContractCase.class.getResourceAsStream("/archives/" + name)) {
            assertThat(in).as("archive " + name).isNotNull();
            return in.readAllBytes();
        } catch (IOException e) {
            throw new java.io.UncheckedIOException(e);
        }
    }

    /** Calls a method in inference mode; its result is closed after the test. */
    final BoxedValue callMethod(Handle module, String name, BoxedValue... arguments) {
        return callMethod(CallSettings.INFERENCE, module, name, arguments);
    }

    final BoxedValue callMethod(CallSettings settings, Handle module, String name, BoxedValue... arguments) {
        try (Handle method = binding.method(module, name)) {
            return own(binding.callMethod(method, settings, arguments));
        }
    }

    final List<String> methodNames(Handle module) {
        return elementsOf(binding.methods(module)).stream()
                .map(row -> ((StringValue) elementsOf(row).getFirst()).value()).toList();
    }

    /** Runs something on a thread with the stack that the binding's deep methods need. */
    static <T> T deep(Supplier<T> work) {
        AtomicReference<T> result = new AtomicReference<>();
        AtomicReference<RuntimeException> failure = new AtomicReference<>();
        Thread thread = new Thread(null, () -> {
            try {
                result.set(work.get());
            } catch (RuntimeException e) {
                failure.set(e);
            }
        }, "deep", STACK_BYTES);
        thread.start();
        try {
            thread.join();
        } catch (InterruptedException e) {
            throw new IllegalStateException(e);
        }
        if (failure.get() != null) {
            throw failure.get();
        }
        return result.get();
    }
}
