package dev.wick;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import dev.wick.binding.TorchBinding;
import dev.wick.error.BadArgumentException;
import dev.wick.error.NotFoundException;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.lang.management.ManagementFactory;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;

class RunnerTest extends WickCase {

    @ParameterizedTest
    @EnumSource(Optimization.class)
    void everyOptimisationGivesPyTorchsOutput(Optimization optimization) {
        if (optimization == Optimization.ONEDNN) {
            assumeFeature(TorchBinding.ONEDNN_GRAPH);
        }
        try (TorchScriptModel model = load("classifier.pt");
                Tensor input = Npy.floats("classifier.forward.input.0.npy");
                Tensor expected = Npy.floats("classifier.forward.output.npy");
                Runner runner = Runner.of(model, "forward").input(input).optimize(optimization).build()) {
            for (int i = 0; i < 5; i++) {
                runner.run();
                assertThat(TensorDifference.between(runner.output(0), expected).within(1e-4, 1e-5)).isTrue();
            }
            if (optimization == Optimization.AUTO) {
                assertThat(runner.preparation().trials()).extracting(Runner.Trial::optimization)
                        .contains(Optimization.NONE, Optimization.FREEZE, Optimization.OFI, Optimization.ONEDNN);
                assertThat(runner.preparation().trials()).filteredOn(trial -> trial.outcome().equals("taken"))
                        .hasSize(1);
            } else {
                assertThat(runner.preparation().optimization()).isEqualTo(optimization);
            }
        }
    }

    @Test
    void inputsAndOutputsStayInPlace() {
        try (TorchScriptModel model = load("tiny.pt");
                Runner runner = Runner.of(model, "forward").input(DType.FLOAT32, 3).build()) {
            MemorySegment in = runner.input(0).segment();
            MemorySegment out = runner.output(0).segment();
            for (int i = 0; i < 1000; i++) {
                in.setAtIndex(ValueLayout.JAVA_FLOAT, 1, i);
                runner.run();
                assertThat(out.getAtIndex(ValueLayout.JAVA_FLOAT, 1)).isEqualTo(i + 1);
            }
        }
    }

    @Test
    void inputsWithoutAnExampleBeginAsZeros() {
        try (TorchScriptModel model = load("tiny.pt");
                Runner runner = Runner.of(model, "forward").input(DType.FLOAT32, 3).build()) {
            assertThat(runner.input(0).toFloatArray()).containsExactly(0, 0, 0);
        }
    }

    @Test
    void computingInHalfIsACopy() {
        try (TorchScriptModel model = load("mlp.pt");
                Runner runner = Runner.of(model, "forward").input(DType.FLOAT32, 1, 64).compute(DType.BFLOAT16)
                        .output(DType.FLOAT32).build();
                Runner plain = Runner.of(model, "forward").input(DType.FLOAT32, 1, 64).build()) {
            assertThat(runner.preparation().convertedBytes()).isPositive();
            assertThat(runner.input(0).dtype()).isEqualTo(DType.FLOAT32);
            assertThat(runner.output(0).dtype()).isEqualTo(DType.FLOAT32);
            runner.input(0).segment().fill((byte) 0x3e);
            plain.input(0).segment().fill((byte) 0x3e);
            runner.run();
            plain.run();
            assertThat(TensorDifference.between(runner.output(0), plain.output(0)).within(0.1, 1e-3)).isTrue();
        }
    }

    @Test
    void theModelMayBeClosedFirst() {
        TorchScriptModel model = load("tiny.pt");
        try (Runner runner = Runner.of(model, "forward").input(DType.FLOAT32, 1).build()) {
            model.close();
            runner.run();
            assertThat(runner.output(0).item()).isEqualTo(1);
        }
    }

    @Test
    void whatDoesNotFitIsRefusedWhenItIsBuilt() {
        try (TorchScriptModel model = load("mlp.pt")) {
            assertThatThrownBy(() -> Runner.of(model, "backward").build()).isInstanceOf(NotFoundException.class);
            assertThatThrownBy(() -> Runner.of(model, "forward").build()).isInstanceOf(BadArgumentException.class);
            assertThatThrownBy(() -> Runner.of(model, "forward").input(DType.FLOAT32, 1, 63).build())
                    .isInstanceOf(dev.wick.error.TorchException.class);
            assertThatThrownBy(() -> Runner.of(model, "forward").compute(DType.INT32))
                    .isInstanceOf(BadArgumentException.class);
        }
    }

    @Test
    void useAfterCloseIsAnIllegalState() {
        try (TorchScriptModel model = load("tiny.pt")) {
            Runner runner = Runner.of(model, "forward").input(DType.FLOAT32, 1).build();
            MemorySegment out = runner.output(0).segment();
            runner.close();
            runner.close();
            assertThatThrownBy(runner::run).isInstanceOf(IllegalStateException.class);
            assertThatThrownBy(() -> runner.output(0)).isInstanceOf(IllegalStateException.class);
            assertThatThrownBy(() -> out.get(ValueLayout.JAVA_FLOAT, 0)).isInstanceOf(IllegalStateException.class);
        }
    }

    @Test
    void aRunAllocatesNothingInJava() {
        assumeTrue(Engine.get().calls().equals("panama"), "promised for panama alone");
        com.sun.management.ThreadMXBean threads =
                (com.sun.management.ThreadMXBean) ManagementFactory.getThreadMXBean();
        try (TorchScriptModel model = load("tiny.pt");
                Runner runner = Runner.of(model, "forward").input(DType.FLOAT32, 1).build()) {
            for (int i = 0; i < 50_000; i++) {
                runner.run();
            }
            long before = threads.getCurrentThreadAllocatedBytes();
            int runs = 50_000;
            for (int i = 0; i < runs; i++) {
                runner.run();
            }
            assertThat((threads.getCurrentThreadAllocatedBytes() - before) / (double) runs).isLessThan(0.1);
        }
    }

    @Test
    void nativeMemoryIsFlatOverManyRuns() {
        assumeFeature(TorchBinding.MEMORY);
        try (TorchScriptModel model = load("mlp.pt");
                Runner runner = Runner.of(model, "forward").input(DType.FLOAT32, 1, 64).build()) {
            runner.run();
            long before = DeviceMemory.of(Device.CPU).allocatedBytes().current();
            for (int i = 0; i < 20_000; i++) {
                runner.run();
            }
            assertThat(DeviceMemory.of(Device.CPU).allocatedBytes().current()).isEqualTo(before);
        }
    }

    @Test
    void memoryIsBackToWhereItWasAfterClose() {
        assumeFeature(TorchBinding.MEMORY);
        long before = DeviceMemory.of(Device.CPU).allocatedBytes().current();
        for (int i = 0; i < 3; i++) {
            try (TorchScriptModel model = load("mlp.pt");
                    Runner runner = Runner.of(model, "forward").input(DType.FLOAT32, 1, 64).build()) {
                runner.run();
            }
        }
        assertThat(DeviceMemory.of(Device.CPU).allocatedBytes().current()).isEqualTo(before);
    }
}
