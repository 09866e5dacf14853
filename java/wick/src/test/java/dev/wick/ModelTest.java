package dev.wick;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.wick.binding.TorchBinding.GraphKind;
import dev.wick.error.BadArgumentException;
import dev.wick.error.NotFoundException;
import dev.wick.error.TorchException;
import java.util.List;
import java.util.Map;
import java.util.concurrent.CountDownLatch;
import org.junit.jupiter.api.Test;

class ModelTest extends WickCase {

    @Test
    void plainObjectsAreArguments() {
        try (TorchScriptModel model = load("structures.pt"); Tensor x = Tensor.of(new float[] {1, 2}, 2);
                Value back = model.call("takes_everything", x, 3, 0.5f, true, "text", new int[] {1, 2},
                        new float[] {0.25f}, List.of(x, x), null, Arguments.tuple(9, "nine"), Map.of("key", x),
                        Arguments.complex(1, 2), Device.CPU, List.of("a", "b"), new boolean[] {true, false},
                        List.of(new long[] {1}, List.of(2, 3)), java.util.Arrays.asList(x, null), Map.of(4, 4.5),
                        "anything", Arguments.keyword("default", 7))) {
            assertThat(back.get(1).asLong()).isEqualTo(3);
            assertThat(back.get(5).elements()).extracting(Value::asLong).containsExactly(1L, 2L);
            assertThat(back.get(8).isNone()).isTrue();
            assertThat(back.get(9).get(1).asString()).isEqualTo("nine");
            assertThat(back.get(10).get("key").tensor().toFloatArray()).containsExactly(1, 2);
            assertThat(back.get(11).asComplex()).isEqualTo(new Value.Complex(1, 2));
            assertThat(back.get(12).asDevice()).isEqualTo(Device.CPU);
            assertThat(back.get(17).dict().get(4L).asDouble()).isEqualTo(4.5);
            assertThat(back.get(19).asLong()).isEqualTo(7);
            assertThatThrownBy(() -> back.get(1).asString()).isInstanceOf(BadArgumentException.class)
                    .hasMessageContaining("INT");
            assertThat(back.toString()).contains("'text'").contains("float32");
            try (Value again = model.call("returns_tensor", back.get(0))) {
                assertThat(again.tensor().toFloatArray()).containsExactly(2, 3);
            }
        }
    }

    @Test
    void aStrangeObjectIsNoArgument() {
        try (TorchScriptModel model = load("tiny.pt")) {
            assertThatThrownBy(() -> model.call("forward", new Object())).isInstanceOf(BadArgumentException.class)
                    .hasMessageContaining("java.lang.Object");
            assertThatThrownBy(() -> model.call("backward")).isInstanceOf(NotFoundException.class)
                    .hasMessageContaining("forward");
        }
    }

    @Test
    void whatIsInAModelIsListed() {
        try (TorchScriptModel model = load("structures.pt"); TensorScope scope = TensorScope.open()) {
            assertThat(model.methods()).extracting(Model.Method::name).contains("forward", "increments");
            assertThat(model.parameters()).containsKey("encoder.layer1.0.weight");
            assertThat(model.buffers()).containsOnlyKeys("total", "steps");
            assertThat(model.submodules()).containsKey("encoder.layer1.0");
            assertThat(model.attributes()).extracting(TorchScriptModel.Attribute::name).contains("title");
            assertThat(model.get("title").asString()).isEqualTo("structures");
            model.set("title", "another");
            assertThat(model.get("title").asString()).isEqualTo("another");
            assertThat(model.graph("forward", GraphKind.CODE)).contains("def forward");
            try (TorchScriptModel encoder = model.submodule("encoder")) {
                assertThat(encoder.forward(Tensor.zeros(DType.FLOAT32, 1, 4)).shape()).containsExactly(1, 2);
            }
            assertThat(scope.size()).isPositive();
        }
    }

    @Test
    void conversionIsACopyThatSaysHowManyBytes() {
        try (TorchScriptModel model = load("mlp.pt"); TensorScope _ = TensorScope.open()) {
            long elements = model.parameters().values().stream().mapToLong(Tensor::elementCount).sum();
            TorchScriptModel.Conversion conversion = model.to(DType.BFLOAT16);
            try (TorchScriptModel converted = conversion.model()) {
                assertThat(conversion.convertedBytes()).isEqualTo(2 * elements);
                assertThat(converted.parameters().values()).allMatch(each -> each.dtype() == DType.BFLOAT16);
                assertThat(model.parameters().values()).allMatch(each -> each.dtype() == DType.FLOAT32);
            }
            assertThatThrownBy(() -> model.to(DType.INT8)).isInstanceOf(BadArgumentException.class);
        }
    }

    @Test
    void publishedHalfArchivesRunOnTheCpuOnceWidened() {
        for (String name : List.of("clip-vit-mini", "clip-rn-mini")) {
            try (TorchScriptModel loaded = load(name + ".f16.cuda.pt");
                    TorchScriptModel model = loaded.to(DType.FLOAT32).model();
                    TensorScope _ = TensorScope.open()) {
                Tensor image = Npy.floats(name + ".image.npy");
                float[] expected = Npy.floats(name + ".f16.image_features.npy").toFloatArray();
                float[] features = model.call("encode_image", image).tensor().toFloatArray();
                assertThat(features).containsExactly(expected, org.assertj.core.data.Offset.offset(1e-4f));
            }
        }
    }

    @Test
    void useAfterCloseIsAnIllegalState() {
        TorchScriptModel model = load("tiny.pt");
        model.close();
        model.close();
        assertThatThrownBy(model::methods).isInstanceOf(IllegalStateException.class);
        assertThatThrownBy(() -> model.call("forward")).isInstanceOf(IllegalStateException.class);
        assertThatThrownBy(model::freeze).isInstanceOf(IllegalStateException.class);
    }

    @Test
    void aForgottenModelGivesItsMethodsBack() throws Exception {
        long forgotten = Engine.forgotten();
        callAndForget();
        for (int i = 0; i < 200 && Engine.forgotten() == forgotten; i++) {
            System.gc();
            Thread.sleep(10);
        }
        assertThat(Engine.forgotten()).isEqualTo(forgotten + 1);
    }

    private static void callAndForget() {
        TorchScriptModel model = load("tiny.pt");
        try (Tensor input = Tensor.zeros(DType.FLOAT32, 1)) {
            model.forward(input).close();
        }
    }

    @Test
    void closingWhileAnotherThreadRunsIsDefined() throws Exception {
        for (int round = 0; round < 10; round++) {
            TorchScriptModel model = load("classifier.pt");
            CountDownLatch started = new CountDownLatch(1);
            Throwable[] failure = new Throwable[1];
            Thread user = new Thread(() -> {
                try (Tensor input = Tensor.zeros(DType.FLOAT32, 4, 3, 32, 32)) {
                    started.countDown();
                    for (int i = 0; i < 1000; i++) {
                        model.forward(input).close();
                    }
                } catch (Throwable e) {
                    failure[0] = e;
                }
            });
            user.start();
            started.await();
            Thread.sleep(5);
            model.close();
            user.join();
            assertThat(failure[0]).isInstanceOf(IllegalStateException.class);
        }
    }

    @Test
    void errorsOfTheModelAreTorchsOwn() {
        try (TorchScriptModel model = load("mlp.pt"); Tensor wrong = Tensor.zeros(DType.FLOAT32, 1, 3)) {
            assertThatThrownBy(() -> model.forward(wrong)).isInstanceOfSatisfying(TorchException.class,
                    e -> assertThat(e.getMessage()).contains("shapes cannot be multiplied"));
            try (Tensor integers = Tensor.zeros(DType.INT64, 1, 64)) {
                assertThatThrownBy(() -> model.forward(integers)).isInstanceOf(TorchException.class);
            }
        }
    }
}
