package dev.wick.binding.contract;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.wick.binding.BoxedValue;
import dev.wick.binding.CallSettings;
import dev.wick.binding.Handle;
import dev.wick.error.BadArgumentException;
import dev.wick.error.TorchException;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.util.List;
import org.junit.jupiter.api.Test;

/** Prepared calls on fixed inputs. */
class RunnerContract extends ContractCase {

    private Handle runner(Handle module, String name, int computeDtype, int outputDtype, Handle... inputs) {
        try (Handle method = binding.method(module, name)) {
            return own(binding.createRunner(method, CallSettings.INFERENCE, inputs, computeDtype, outputDtype));
        }
    }

    private List<BoxedValue> outputs(Handle runner) {
        return elementsOf(own(binding.runnerOutputs(runner)));
    }

    @Test
    void inputsAreReadAndOutputsFilledInPlace() {
        Handle input = floats(new float[] {1, 2, 3}, 3);
        Handle runner = runner(load("tiny.pt"), "forward", -1, -1, input);
        MemorySegment output = memory(tensorOf(outputs(runner).getFirst()));
        for (int i = 0; i < 100; i++) {
            write(input, i, 2, 3);
            binding.run(runner);
            assertThat(output.getAtIndex(ValueLayout.JAVA_FLOAT, 0)).isEqualTo(i + 1);
        }
        assertThat(memory(tensorOf(outputs(runner).getFirst())).address()).isEqualTo(output.address());
    }

    @Test
    void severalOutputsAreSeveralTensors() {
        Handle input = floats(new float[] {1, 2}, 2);
        Handle runner = runner(load("structures.pt"), "returns_tuple", -1, -1, input);
        assertThat(outputs(runner)).hasSize(2);
        binding.run(runner);
        assertThat(floatsOf(tensorOf(outputs(runner).get(1)))).containsExactly(2, 4);
    }

    @Test
    void computeAndOutputDtypesConvert() {
        Handle module = load("mlp.pt");
        binding.convert(module, BFLOAT16, -1, -1, true);
        Handle input = ones(1, 64);
        Handle asComputed = runner(module, "forward", BFLOAT16, -1, input);
        assertThat(binding.describe(tensorOf(outputs(asComputed).getFirst())).dtype()).isEqualTo(BFLOAT16);
        Handle widened = runner(module, "forward", BFLOAT16, FLOAT32, input);
        assertThat(binding.describe(tensorOf(outputs(widened).getFirst())).dtype()).isEqualTo(FLOAT32);
        binding.run(asComputed);
        binding.run(widened);
        assertThat(floatsOf(tensorOf(outputs(widened).getFirst())))
                .containsExactly(floatsOf(tensorOf(outputs(asComputed).getFirst())));
    }

    @Test
    void aRunnerOutlivesItsModuleAndItsInputHandles() {
        Handle module = hostLoad("tiny.pt");
        Handle input = hostFloats(new float[] {1}, 1);
        Handle runner = runner(module, "forward", -1, -1, input);
        MemorySegment inputMemory = memory(input);
        input.close();
        module.close();
        inputMemory.set(ValueLayout.JAVA_FLOAT, 0, 5);
        binding.run(runner);
        assertThat(floatsOf(tensorOf(outputs(runner).getFirst()))).containsExactly(6);
    }

    @Test
    void aMethodWithoutTensorsIsRefused() {
        Handle module = load("structures.pt");
        assertThatThrownBy(() -> runner(module, "returns_int", -1, -1)).isInstanceOf(BadArgumentException.class);
    }

    @Test
    void wrongInputsAreRefusedWhenItIsMade() {
        Handle module = load("mlp.pt");
        Handle wrong = ones(1, 63);
        assertThatThrownBy(() -> runner(module, "forward", -1, -1, wrong)).isInstanceOf(TorchException.class);
        assertThatThrownBy(() -> runner(module, "forward", -1, -1)).isInstanceOf(BadArgumentException.class);
    }

    @Test
    void outputsOfAnotherShapeAreAnErrorAndTheOldOnesStay() {
        Handle input = floats(new float[] {1, 2, -1}, 3);
        Handle runner = runner(load("structures.pt"), "varies", -1, -1, input);
        binding.run(runner);
        assertThat(floatsOf(tensorOf(outputs(runner).getFirst()))).containsExactly(1, 2);
        write(input, 1, 2, 3);
        assertThatThrownBy(() -> binding.run(runner)).isInstanceOf(TorchException.class);
        assertThat(floatsOf(tensorOf(outputs(runner).getFirst()))).containsExactly(1, 2);
        write(input, 1, 2, -3);
        binding.run(runner);
    }

    @Test
    void nanRunsThrough() {
        Handle input = floats(new float[] {Float.NaN}, 1);
        Handle runner = runner(load("tiny.pt"), "forward", -1, -1, input);
        binding.run(runner);
        assertThat(floatsOf(tensorOf(outputs(runner).getFirst()))).containsExactly(Float.NaN);
    }

    @Test
    void aClosedRunnerDoesNotRun() {
        Handle runner = runner(load("tiny.pt"), "forward", -1, -1, floats(new float[] {1}, 1));
        runner.close();
        assertThatThrownBy(() -> binding.run(runner)).isInstanceOf(IllegalStateException.class);
    }
}
