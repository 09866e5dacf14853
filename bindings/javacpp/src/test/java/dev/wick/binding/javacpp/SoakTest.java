package dev.wick.binding.javacpp;

import static org.assertj.core.api.Assertions.assertThat;

import dev.wick.binding.BoxedValue;
import dev.wick.binding.CallSettings;
import dev.wick.binding.GradMode;
import dev.wick.binding.Handle;
import dev.wick.binding.OnednnGraphCounts;
import dev.wick.binding.TorchBinding;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;

/**
 * Native memory stays flat. The JVM of this test touches its whole heap at the start, so that resident memory tells of
 * native memory alone.
 */
@Tag("soak")
class SoakTest {
    private static final long TOLERANCE = 6L << 20;

    private final TorchBinding binding = Bindings.opened();
    private long liveBefore;

    @BeforeEach
    void countHandles() {
        liveBefore = binding.liveHandles();
    }

    @AfterEach
    void nothingIsLeft() {
        assertThat(binding.liveHandles()).isEqualTo(liveBefore);
        assertThat(Retained.waiting()).isZero();
    }

    private interface Step {
        void run(int index);
    }

    /** By how much resident memory grows, after as much warming up as half the run. */
    private static long growth(String what, int count, Step step) {
        for (int i = 0; i < count / 2; i++) {
            step.run(i);
        }
        long before = Bindings.residentBytes();
        long start = System.nanoTime();
        for (int i = 0; i < count; i++) {
            step.run(i);
        }
        long growth = Bindings.residentBytes() - before;
        System.getLogger(SoakTest.class.getName()).log(System.Logger.Level.INFO,
                "{0}: {1} times, {2} ns each, resident memory {3} KiB more", what, String.valueOf(count),
                String.valueOf((System.nanoTime() - start) / count), String.valueOf(growth >> 10));
        return growth;
    }

    private static void close(BoxedValue value) {
        Bindings.tensorOf(value).close();
    }

    @Test
    void aHundredThousandForwards() {
        try (Handle model = Bindings.load(Bindings.archive("tiny.pt"));
                Handle forward = binding.method(model, "forward");
                Handle input = Bindings.tensor(1, 2, 3)) {
            BoxedValue argument = new BoxedValue.TensorValue(input);
            assertThat(growth("forward", 100_000,
                    i -> close(binding.callMethod(forward, CallSettings.INFERENCE, argument)))).isLessThan(TOLERANCE);
        }
    }

    @Test
    void tensorsMadeOnOneThreadAndClosedOnOthers() throws Exception {
        // One more than there are stripes, so that maker and closers do not all share one.
        try (ExecutorService closers = Executors.newFixedThreadPool(17)) {
            Step step = i -> {
                Handle tensor = Bindings.tensor(1);
                try {
                    closers.submit(tensor::close).get();
                } catch (InterruptedException | ExecutionException e) {
                    throw new IllegalStateException(e);
                }
            };
            growth("warm-up", 20_000, step);
            int places = ValueSlot.places();
            growth("tensors that change threads", 20_000, step);
            assertThat(ValueSlot.places()).isEqualTo(places);
        }
    }

    @Test
    void tenThousandLoads() {
        byte[] archive = Bindings.archive("tiny.pt");
        try (Arena arena = Arena.ofConfined()) {
            MemorySegment memory = arena.allocate(archive.length, 64).copyFrom(MemorySegment.ofArray(archive));
            assertThat(growth("load", 10_000, i -> binding.loadModule(memory, 0, -1, false).close()))
                    .isLessThan(TOLERANCE);
        }
    }

    @Test
    void operatorsOfEveryKindOfArgument() {
        try (Handle tensor = Bindings.tensor(1, 2, 3, 4)) {
            BoxedValue argument = new BoxedValue.TensorValue(tensor);
            assertThat(growth("operators", 10_000, i -> {
                close(binding.callOperator("aten::cat", CallSettings.NO_GRAD,
                        new BoxedValue.ListValue(List.of(argument, argument)), new BoxedValue.IntValue(0)));
                close(binding.callOperator("aten::mul", CallSettings.NO_GRAD, argument,
                        new BoxedValue.ComplexValue(i, 1)));
                close(binding.callOperator("aten::div", CallSettings.NO_GRAD, argument, new BoxedValue.DoubleValue(i),
                        new BoxedValue.KeywordValue("rounding_mode", new BoxedValue.StringValue("floor"))));
                close(binding.callOperator("aten::rand", CallSettings.NO_GRAD,
                        new BoxedValue.LongArrayValue(new long[] {5000 + i % 7}), new BoxedValue.KeywordValue(
                                "generator", new BoxedValue.GeneratorValue(i)),
                        new BoxedValue.KeywordValue("device", new BoxedValue.DeviceValue("cpu"))));
            })).isLessThan(TOLERANCE);
        }
    }

    @Test
    void methodsRunnersCopiesAndQuestions() {
        try (Handle model = Bindings.load(Bindings.archive("structures.pt")); Handle input = Bindings.tensor(1, 2)) {
            BoxedValue argument = new BoxedValue.TensorValue(input);
            assertThat(growth("methods and runners", 500, i -> {
                try (Handle method = binding.method(model, "returns_nested");
                        Handle pair = binding.method(model, "returns_tuple");
                        Handle runner = binding.createRunner(pair, CallSettings.INFERENCE, new Handle[] {input}, -1,
                                -1)) {
                    closeAll(binding.callMethod(method, CallSettings.INFERENCE, argument));
                    binding.run(runner);
                    closeAll(binding.runnerOutputs(runner));
                }
                closeAll(binding.parameters(model));
                closeAll(binding.attributes(model));
                binding.constants(model);
                binding.cloneModule(model).close();
            })).isLessThan(TOLERANCE);
        }
    }

    private static void closeAll(BoxedValue value) {
        switch (value) {
            case BoxedValue.TensorValue(var handle) -> handle.close();
            case BoxedValue.ListValue(var elements) -> elements.forEach(SoakTest::closeAll);
            case BoxedValue.TupleValue(var elements) -> elements.forEach(SoakTest::closeAll);
            case BoxedValue.DictValue(var entries) -> entries.forEach(entry -> closeAll(entry.value()));
            default -> {
                // No tensor in it.
            }
        }
    }

    @Test
    void buildingAndFailingToBuild() {
        assertThat(growth("building", 5_000, i -> {
            try (Handle module = binding.createModule("soak.Built", null); Handle weight = Bindings.tensor(2)) {
                binding.registerParameter(module, "weight", weight);
                binding.define(module, "def forward(self, x):\n    return x * self.weight\n");
                try {
                    binding.define(module, "def broken(self, x):\n    return y\n");
                } catch (dev.wick.error.BadArgumentException e) {
                    assertThat(e).hasMessageContaining("y");
                }
            }
        })).isLessThan(TOLERANCE);
    }

    @Test
    void graphsThatAreFused() {
        byte[] archive = Bindings.archive("classifier.pt");
        CallSettings fused = new CallSettings(GradMode.INFERENCE, 0, true);
        // A model each time: an executor compiles a graph once. oneDNN's own caches are kept small by the build.
        assertThat(growth("fusions", 300, i -> {
            try (Handle model = Bindings.load(archive);
                    Handle frozen = binding.freeze(model, List.of(), true);
                    Handle forward = binding.method(frozen, "forward");
                    Handle input = binding.emptyTensor(new long[] {1, 3, 32, 32}, Bindings.FLOAT32, 0, -1,
                            GradMode.NO_GRAD)) {
                Bindings.memory(input).fill((byte) 0);
                for (int run = 0; run < 3; run++) {
                    close(binding.callMethod(forward, fused, new BoxedValue.TensorValue(input)));
                }
            }
        })).isLessThan(TOLERANCE);
        OnednnGraphCounts counts = binding.onednnGraph().orElseThrow().counts();
        assertThat(counts.groups()).isGreaterThanOrEqualTo(450);
        assertThat(counts.failed()).isZero();
    }

    @Test
    void wrappedMemoryAndItsViews() {
        assertThat(growth("wrapped memory", 20_000, i -> {
            try (Arena arena = Arena.ofConfined()) {
                MemorySegment memory = arena.allocate(4096, 64);
                memory.set(ValueLayout.JAVA_FLOAT, 0, i);
                BoxedValue view;
                try (Handle tensor = binding.wrap(memory, new long[] {1024}, null, Bindings.FLOAT32)) {
                    view = binding.callOperator("aten::view", CallSettings.NO_GRAD, new BoxedValue.TensorValue(tensor),
                            new BoxedValue.LongArrayValue(new long[] {32, 32}));
                }
                // The view outlives the handle: the segment waits for it.
                assertThat(Retained.waiting()).isEqualTo(1);
                close(view);
            }
        })).isLessThan(TOLERANCE);
    }

    @Test
    void convertingAndLookingInside() {
        byte[] archive = Bindings.archive("structures.pt");
        assertThat(growth("conversions", 200, i -> {
            try (Handle model = Bindings.load(archive)) {
                binding.graph(model, "forward", TorchBinding.GraphKind.CODE);
                binding.graph(model, "forward", TorchBinding.GraphKind.INLINED);
                binding.methods(model);
                binding.convert(model, 7, -1, -1, true);
            }
        })).isLessThan(TOLERANCE);
    }

    @Test
    void whatIsNotClosedIsSeen() {
        byte[] archive = Bindings.archive("tiny.pt");
        List<Handle> kept = new ArrayList<>();
        assertThat(growth("loads that are kept", 10_000, i -> kept.add(Bindings.load(archive)))).isGreaterThan(TOLERANCE);
        assertThat(binding.liveHandles()).isEqualTo(liveBefore + kept.size());
        kept.forEach(Handle::close);
    }
}
