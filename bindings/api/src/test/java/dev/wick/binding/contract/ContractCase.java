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
 * <p>The suite runs in the module of each binding, in a JVM for each choice of natives. {@value #DEVICE_PROPERTY} says on
 * which device its tensors and modules are made, {@code cuda:0} say; the CPU without it. What is about host memory stays
 * there: tests of that ask for it by name.
 */
abstract class ContractCase {
    /** Where tensors and modules are made, where a test's subject leaves that open. */
    static final String DEVICE_PROPERTY = "wick.test.device";
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
    static final BoxedValue HOST = new BoxedValue.DeviceValue("cpu");

    /** The device under test. */
    static final String DEVICE_NAME = System.getProperty(DEVICE_PROPERTY, "cpu");
    static final BoxedValue DEVICE = new BoxedValue.DeviceValue(DEVICE_NAME);
    static final int DEVICE_TYPE = deviceType(DEVICE_NAME);
    static final int DEVICE_INDEX = DEVICE_TYPE == CPU ? -1
            : Integer.parseInt(DEVICE_NAME.substring(DEVICE_NAME.indexOf(':') + 1));

    private static final int CUDA = 1;
    private static final long STACK_BYTES = 256L << 20;
    private static TorchBinding opened;

    private static int deviceType(String name) {
        if (!name.matches("cpu|cuda:[0-9]+")) {
            throw new IllegalArgumentException("-D" + DEVICE_PROPERTY + "=" + name + ": expected cpu or cuda:N");
        }
        return name.equals("cpu") ? CPU : CUDA;
    }

    final TorchBinding binding = binding();
    private final List<Handle> owned = new ArrayList<>();
    private long liveBefore;

    /** The one binding on the class path, opened once for all cases of the JVM. */
    static synchronized TorchBinding binding() {
        if (opened == null) {
            TorchBindingProvider provider = ServiceLoader.load(TorchBindingProvider.class).findFirst().orElseThrow();
            opened = provider.open(NativesAtHand.request(provider));
        }
        // Named, so a lack of it is no reason to skip: nothing may pass for tested on it.
        String missing = DEVICE_TYPE == CPU ? null : opened.missingFeatures().get(TorchBinding.CUDA);
        assertThat(missing).as("the device under test, " + DEVICE_NAME).isNull();
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
        return own(binding.emptyTensor(shape, dtype, DEVICE_TYPE, DEVICE_INDEX, GradMode.NO_GRAD));
    }

    final Handle floats(float[] elements, long... shape) {
        return onDevice(hostFloats(elements, shape));
    }

    final Handle int64s(long[] elements, long... shape) {
        Handle tensor = hostEmpty(INT64, shape);
        memory(tensor).copyFrom(MemorySegment.ofArray(elements));
        return onDevice(tensor);
    }

    final Handle ones(long... shape) {
        return tensorOf(call("aten::ones", longs(shape), keyword("device", DEVICE)));
    }

    /** On the CPU, whichever device is under test. */
    final Handle hostEmpty(int dtype, long... shape) {
        return own(binding.emptyTensor(shape, dtype, CPU, -1, GradMode.NO_GRAD));
    }

    /** On the CPU, whichever device is under test. */
    final Handle hostFloats(float[] elements, long... shape) {
        Handle tensor = hostEmpty(FLOAT32, shape);
        memory(tensor).copyFrom(MemorySegment.ofArray(elements));
        return tensor;
    }

    /** The tensor itself where the CPU is under test. */
    final Handle onDevice(Handle tensor) {
        return DEVICE_TYPE == CPU ? tensor : tensorOf(call("aten::to", box(tensor), keyword("device", DEVICE)));
    }

    /** Overwrites a contiguous float32 tensor in place: on the CPU its memory itself, as callers do. */
    final void write(Handle tensor, float... elements) {
        if (DEVICE_TYPE == CPU) {
            memory(tensor).copyFrom(MemorySegment.ofArray(elements));
        } else {
            call("aten::copy_", box(tensor), box(hostFloats(elements, binding.describe(tensor).sizes())));
        }
    }

    /** The memory of a contiguous tensor on the CPU, valid while the tensor lives. */
    final MemorySegment memory(Handle tensor) {
        TensorDescription description = binding.describe(tensor);
        assertThat(description.deviceType()).as("device of a tensor whose memory is read").isEqualTo(CPU);
        return MemorySegment.ofAddress(description.data())
                .reinterpret(description.elementCount() * description.elementSize());
    }

    /** The elements, from whichever device they are on; any thread. */
    final float[] floatsOf(Handle tensor) {
        try (Handle plain = plain(tensor, FLOAT32)) {
            return memory(plain).toArray(ValueLayout.JAVA_FLOAT);
        }
    }

    final long[] longsOf(Handle tensor) {
        try (Handle plain = plain(tensor, INT64)) {
            return memory(plain).toArray(ValueLayout.JAVA_LONG);
        }
    }

    private Handle plain(Handle tensor, int dtype) {
        try (Handle host = tensorOf(binding.callOperator("aten::to", CallSettings.NO_GRAD, box(tensor), HOST,
                box(dtype)))) {
            return tensorOf(binding.callOperator("aten::contiguous", CallSettings.NO_GRAD, box(host)));
        }
    }

    /** How far a float32 result may be from PyTorch's on the CPU: another device sums up in another order. */
    static float tolerance(float onCpu) {
        return DEVICE_TYPE == CPU ? onCpu : 10 * onCpu;
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
        return load(name, DEVICE_TYPE, DEVICE_INDEX);
    }

    final Handle hostLoad(String name) {
        return load(name, CPU, -1);
    }

    private Handle load(String name, int deviceType, int deviceIndex) {
        try (Arena arena = Arena.ofShared()) {
            byte[] bytes = archive(name);
            MemorySegment memory = arena.allocate(bytes.length, 64);
            memory.copyFrom(MemorySegment.ofArray(bytes));
            return own(deep(() -> binding.loadModule(memory, deviceType, deviceIndex, false)));
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
