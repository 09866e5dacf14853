package dev.wick.binding.contract;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.within;

import dev.wick.binding.BoxedValue;
import dev.wick.binding.CallSettings;
import dev.wick.binding.GradMode;
import dev.wick.binding.Handle;
import dev.wick.binding.TensorDescription;
import dev.wick.error.BadArgumentException;
import dev.wick.error.NotFoundException;
import dev.wick.error.TorchException;
import java.util.List;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import org.junit.jupiter.api.Test;

/** Any operator by name, with every kind of argument; modes; errors. */
class OperatorContract extends ContractCase {

    @Test
    void anOperatorIsFoundByNameAndOverload() {
        Handle add = binding.findOperator("aten::add", "Tensor");
        Handle sum = tensorOf(own(binding.callOperator(add, CallSettings.NO_GRAD, box(floats(new float[] {1, 2}, 2)),
                box(floats(new float[] {10, 20}, 2)), keyword("alpha", box(2)))));
        assertThat(floatsOf(sum)).containsExactly(21, 42);
    }

    @Test
    void anUnknownOperatorSaysSo() {
        assertThatThrownBy(() -> binding.findOperator("aten::no_such_operator", ""))
                .isInstanceOf(NotFoundException.class).hasMessageContaining("aten::no_such_operator");
        assertThatThrownBy(() -> binding.findOperator("aten::add", "Nonsense"))
                .isInstanceOf(NotFoundException.class).hasMessageContaining("Tensor");
        assertThatThrownBy(() -> binding.callOperator("not even a name", CallSettings.NO_GRAD))
                .isInstanceOf(BadArgumentException.class).hasMessageContaining("not even a name");
        assertThat(binding.operatorSchemas("aten::no_such_operator")).isEmpty();
    }

    @Test
    void schemasAreListed() {
        assertThat(binding.operatorSchemas("aten::add")).anySatisfy(schema -> assertThat(schema)
                .startsWith("aten::add.Tensor(Tensor self, Tensor other, *, Scalar alpha=1)"));
    }

    @Test
    void theOverloadFollowsFromTheArguments() {
        Handle tensor = floats(new float[] {1, 2}, 2);
        assertThat(floatsOf(tensorOf(call("aten::add", box(tensor), box(5))))).containsExactly(6, 7);
        assertThat(floatsOf(tensorOf(call("aten::add", box(tensor), box(tensor))))).containsExactly(2, 4);
        assertThatThrownBy(() -> call("aten::add", box("text"), box(List.of().isEmpty())))
                .isInstanceOf(BadArgumentException.class).hasMessageContaining("aten::add");
    }

    @Test
    void integerListsComeAsArraysAndAsLists() {
        Handle tensor = floats(new float[6], 6);
        assertThat(binding.describe(tensorOf(call("aten::view", box(tensor), longs(2, 3)))).sizes())
                .containsExactly(2, 3);
        assertThat(binding.describe(tensorOf(call("aten::view", box(tensor), list(box(3), box(2))))).sizes())
                .containsExactly(3, 2);
    }

    @Test
    void tensorListsAndOptionalTensorsAreTaken() {
        Handle a = floats(new float[] {1, 2}, 1, 2);
        Handle b = floats(new float[] {3, 4}, 1, 2);
        assertThat(floatsOf(tensorOf(call("aten::cat", list(box(a), box(b)), box(0))))).containsExactly(1, 2, 3, 4);
        Handle weight = floats(new float[] {1, 0, 0, 1}, 2, 2);
        assertThat(floatsOf(tensorOf(call("aten::linear", box(a), box(weight), BoxedValue.NONE)))).containsExactly(1, 2);
        Handle index = int64s(new long[] {1}, 1);
        assertThat(floatsOf(tensorOf(call("aten::index", box(weight), list(BoxedValue.NONE, box(index))))))
                .containsExactly(0, 1);
    }

    @Test
    void scalarsOfEveryKindAreTaken() {
        Handle tensor = floats(new float[] {2}, 1);
        assertThat(floatsOf(tensorOf(call("aten::mul", box(tensor), box(3))))).containsExactly(6);
        assertThat(floatsOf(tensorOf(call("aten::mul", box(tensor), box(0.5))))).containsExactly(1);
        Handle complex = tensorOf(call("aten::mul", box(tensor), new BoxedValue.ComplexValue(0, 1)));
        assertThat(binding.describe(complex).dtype()).isEqualTo(COMPLEX64);
    }

    @Test
    void textsDevicesLayoutsAndGeneratorsAreTaken() {
        Handle tensor = floats(new float[] {1, 2, 3, 4}, 2, 2);
        Handle divided = tensorOf(call("aten::div", box(tensor), box(2), keyword("rounding_mode", box("floor"))));
        assertThat(floatsOf(divided)).containsExactly(0, 1, 1, 2);
        Handle zeros = tensorOf(call("aten::zeros", longs(2), keyword("dtype", box(FLOAT64)),
                keyword("layout", box(0)), keyword("device", new BoxedValue.DeviceValue("cpu")),
                keyword("pin_memory", box(false))));
        assertThat(binding.describe(zeros).dtype()).isEqualTo(FLOAT64);
        float[] first = floatsOf(tensorOf(call("aten::rand", longs(4),
                keyword("generator", new BoxedValue.GeneratorValue(7)))));
        float[] second = floatsOf(tensorOf(call("aten::rand", longs(4),
                keyword("generator", new BoxedValue.GeneratorValue(7)))));
        assertThat(first).containsExactly(second);
    }

    @Test
    void doubleListsAreTaken() {
        Handle image = ones(1, 1, 2, 2);
        Handle larger = tensorOf(call("aten::upsample_nearest2d", box(image), BoxedValue.NONE,
                new BoxedValue.DoubleArrayValue(new double[] {2, 3})));
        assertThat(binding.describe(larger).sizes()).containsExactly(1, 1, 4, 6);
    }

    @Test
    void severalResultsAreATuple() {
        List<BoxedValue> results = elementsOf(call("aten::max", box(floats(new float[] {3, 9, 4}, 3)), box(0)));
        assertThat(floatsOf(tensorOf(results.get(0)))).containsExactly(9);
        assertThat(longsOf(tensorOf(results.get(1)))).containsExactly(1);
        assertThat(elementsOf(call("aten::split", box(floats(new float[5], 5)), box(2)))).hasSize(3);
    }

    @Test
    void scalarResultsAreScalars() {
        assertThat(call("aten::item", box(floats(new float[] {1.5f}, 1)))).isEqualTo(new BoxedValue.DoubleValue(1.5));
        assertThat(call("aten::size", box(floats(new float[6], 2, 3)), box(1))).isEqualTo(new BoxedValue.IntValue(3));
        assertThat(call("aten::equal", box(floats(new float[] {1}, 1)), box(floats(new float[] {1}, 1))))
                .isEqualTo(new BoxedValue.BoolValue(true));
    }

    @Test
    void wrongArgumentsAreRefusedWithTheSchema() {
        Handle relu = binding.findOperator("aten::relu", "");
        Handle tensor = floats(new float[] {1}, 1);
        assertThatThrownBy(() -> binding.callOperator(relu, CallSettings.NO_GRAD))
                .isInstanceOf(BadArgumentException.class).hasMessageContaining("aten::relu(Tensor self)");
        assertThatThrownBy(() -> binding.callOperator(relu, CallSettings.NO_GRAD, box(tensor), box(tensor)))
                .isInstanceOf(BadArgumentException.class);
        assertThatThrownBy(() -> binding.callOperator(relu, CallSettings.NO_GRAD, box(1.0)))
                .isInstanceOf(BadArgumentException.class).hasMessageContaining("Tensor");
        assertThatThrownBy(() -> binding.callOperator(relu, CallSettings.NO_GRAD, box(tensor),
                keyword("nonsense", box(1)))).isInstanceOf(BadArgumentException.class)
                .hasMessageContaining("nonsense");
    }

    @Test
    void codesOutOfRangeAreRefused() {
        Handle tensor = floats(new float[] {1}, 1);
        assertThatThrownBy(() -> call("aten::to", box(tensor), keyword("dtype", box(262))))
                .isInstanceOf(BadArgumentException.class);
        assertThatThrownBy(() -> call("aten::contiguous", box(tensor), keyword("memory_format", box(77))))
                .isInstanceOf(BadArgumentException.class);
        assertThatThrownBy(() -> call("aten::zeros", longs(1), keyword("layout", box(-3))))
                .isInstanceOf(BadArgumentException.class);
        assertThatThrownBy(() -> call("aten::zeros", longs(1), keyword("device",
                new BoxedValue.DeviceValue("toaster")))).isInstanceOf(BadArgumentException.class);
    }

    @Test
    void whatTheOperatorRefusesKeepsItsMessage() {
        assertThatThrownBy(() -> call("aten::mm", box(floats(new float[6], 2, 3)), box(floats(new float[6], 2, 3))))
                .isInstanceOfSatisfying(TorchException.class, e -> {
                    assertThat(e).hasMessageContaining("mat1 and mat2 shapes cannot be multiplied (2x3 and 2x3)");
                    assertThat(e.getMessage()).doesNotContain("frame #");
                });
    }

    @Test
    void modesHoldForOneCall() {
        Handle weight = tensorOf(call("aten::requires_grad_", box(floats(new float[] {2}, 1)), box(true)));
        TensorDescription graph = binding.describe(tensorOf(own(binding.callOperator("aten::mul", CallSettings.GRAD,
                box(weight), box(3)))));
        assertThat(graph.has(TensorDescription.REQUIRES_GRAD)).isTrue();
        TensorDescription without = binding.describe(tensorOf(call("aten::mul", box(weight), box(3))));
        assertThat(without.has(TensorDescription.REQUIRES_GRAD)).isFalse();
        assertThat(without.has(TensorDescription.INFERENCE)).isFalse();
        TensorDescription inference = binding.describe(tensorOf(own(binding.callOperator("aten::mul",
                CallSettings.INFERENCE, box(weight), box(3)))));
        assertThat(inference.has(TensorDescription.INFERENCE)).isTrue();
        assertThat(binding.describe(empty(FLOAT32, 1)).has(TensorDescription.INFERENCE)).isFalse();
    }

    @Test
    void whatWasMadeInInferenceModeCannotEnterAutograd() {
        Handle weight = tensorOf(call("aten::requires_grad_", box(floats(new float[] {2}, 1)), box(true)));
        Handle made = own(binding.emptyTensor(new long[] {1}, FLOAT32, DEVICE_TYPE, DEVICE_INDEX,
                GradMode.INFERENCE));
        assertThatThrownBy(() -> own(binding.callOperator("aten::mul", CallSettings.GRAD, box(weight), box(made))))
                .isInstanceOf(TorchException.class).hasMessageContainingAll("nference");
    }

    @Test
    void backwardFillsGradients() {
        Handle weight = tensorOf(call("aten::requires_grad_", box(floats(new float[] {3}, 1)), box(true)));
        Handle loss = tensorOf(own(binding.callOperator("aten::mul", CallSettings.GRAD, box(weight), box(weight))));
        own(binding.callOperator("aten::backward", CallSettings.GRAD, box(loss)));
        Handle gradient = tensorOf(own(binding.callOperator("prim::grad", CallSettings.NO_GRAD, box(weight))));
        assertThat(floatsOf(gradient)[0]).isCloseTo(6f, within(1e-6f));
    }

    @Test
    void deeplyNestedArgumentsAreRefused() {
        BoxedValue nested = box(1);
        for (int i = 0; i < 20_000; i++) {
            nested = list(nested);
        }
        BoxedValue deep = nested;
        assertThatThrownBy(() -> call("aten::cat", deep)).isInstanceOf(BadArgumentException.class)
                .hasMessageContaining("nested");
    }

    @Test
    void manyThreadsCallAtOnce() throws Exception {
        Handle tensor = floats(new float[] {1, 2, 3, 4}, 4);
        try (ExecutorService threads = Executors.newVirtualThreadPerTaskExecutor()) {
            List<Future<Boolean>> results = new java.util.ArrayList<>();
            for (int i = 0; i < 200; i++) {
                double factor = i;
                results.add(threads.submit(() -> {
                    try (Handle product = tensorOf(binding.callOperator("aten::mul", CallSettings.INFERENCE,
                            box(tensor), box(factor)))) {
                        return floatsOf(product)[3] == 4 * factor;
                    }
                }));
            }
            for (Future<Boolean> result : results) {
                assertThat(result.get()).isTrue();
            }
        }
    }
}
