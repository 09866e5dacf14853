package dev.wick.vision;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.within;

import dev.wick.DType;
import dev.wick.Engine;
import dev.wick.Model;
import dev.wick.Operator;
import dev.wick.Optimization;
import dev.wick.Runner;
import dev.wick.Tensor;
import dev.wick.TensorScope;
import dev.wick.TorchScriptModel;
import dev.wick.Value;
import dev.wick.binding.CallSettings;
import dev.wick.error.TorchException;
import dev.wick.vision.ClipConfiguration.Activation;
import dev.wick.vision.ClipConfiguration.ResNetTower;
import dev.wick.vision.ClipConfiguration.TransformerTower;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;
import org.junit.jupiter.params.provider.MethodSource;

/** CLIP against PyTorch's. */
class ClipTest extends ArchitectureCase {
    private static final int CONTEXT = 16;
    private static final int VOCABULARY = 200;
    private static final int RESOLUTION = 64;
    private static final int TEXTS = 3;
    private static final int PICTURES = 2;
    private static final int CALLS = 4;

    private static final ClipArchitecture RESNET = tiny("tiny-rn",
            new ResNetTower(List.of(1, 2, 1, 1), 16), Activation.QUICK_GELU);
    private static final ClipArchitecture TRANSFORMER = tiny("tiny-vit",
            new TransformerTower(2, 128, 16), Activation.QUICK_GELU);
    private static final ClipArchitecture GELU = tiny("tiny-vit-gelu",
            new TransformerTower(2, 128, 16), Activation.GELU);

    private static ClipArchitecture tiny(String name, ClipConfiguration.VisionTower vision, Activation activation) {
        return new ClipArchitecture(name, new ClipConfiguration(48, RESOLUTION, vision, CONTEXT, VOCABULARY, 128, 2, 2,
                activation));
    }

    static Stream<ClipArchitecture> tiny() {
        return Stream.of(RESNET, TRANSFORMER, GELU);
    }

    private static Tensor texts() {
        long[] tokens = Arrays.stream(Fixture.texts(TEXTS, CONTEXT, VOCABULARY)).flatMapToLong(Arrays::stream)
                .toArray();
        return Tensor.of(tokens, TEXTS, CONTEXT);
    }

    private static float[] expected(ClipArchitecture architecture, String what) {
        return Fixture.floats("clip/" + architecture.architectureName() + "." + what + ".npy");
    }

    private static float[] floats(Tensor tensor) {
        return tensor.to(DType.FLOAT32).toFloatArray();
    }

    // What it is made of

    @ParameterizedTest
    @MethodSource("tiny")
    void namesShapesAndFirstWeightsAreOpenAis(ClipArchitecture architecture) {
        try (TorchScriptModel model = architecture.build(0)) {
            assertStateDict(model, Fixture.stateDict("clip/" + architecture.architectureName()));
            assertSummarized(model, architecture.summary());
            assertThat(beginnings(model)).containsExactly(expected(architecture, "seed0"), within(1e-6f));
        }
    }

    @ParameterizedTest
    @EnumSource(names = {"CLIP_RN50", "CLIP_VIT_B_32"})
    void publishedSizesHaveThePublishedNamesAndWeightsOfASeed(Clip clip) {
        try (TorchScriptModel model = clip.build(0)) {
            assertStateDict(model, Fixture.stateDict("clip/" + clip.architectureName()));
            assertSummarized(model, clip.summary());
            assertThat(beginnings(model)).containsExactly(
                    Fixture.floats("clip/" + clip.architectureName() + ".seed0.npy"), within(1e-6f));
        }
    }

    @Test
    void theArchiveTellsWhatItTakes() {
        try (TorchScriptModel model = RESNET.build(0); TensorScope _ = TensorScope.open()) {
            Map<String, Tensor> buffers = model.buffers();

            assertThat(buffers.get("input_resolution").itemLong()).isEqualTo(RESOLUTION);
            assertThat(buffers.get("context_length").itemLong()).isEqualTo(CONTEXT);
            assertThat(buffers.get("vocab_size").itemLong()).isEqualTo(VOCABULARY);
            assertThat(model.methods()).extracting(Model.Method::name).containsExactlyInAnyOrder("forward",
                    "encode_image", "encode_text");
            assertThat(model.constants()).as("nothing but the query for a dtype or a device").isEmpty();
        }
    }

    @Test
    void weightsDependOnTheSeedAndNotOnThreads() {
        int threads = Engine.get().intraOpThreads();
        try (TorchScriptModel first = RESNET.build(7); TorchScriptModel other = RESNET.build(8)) {
            Engine.get().setIntraOpThreads(threads + 1);
            try (TorchScriptModel again = RESNET.build(7); TensorScope _ = TensorScope.open()) {
                Map<String, Tensor> parameters = again.parameters();
                first.parameters().forEach((name, parameter) -> assertThat(
                        Operator.call("aten::equal", parameter, parameters.get(name)).asBoolean()).as(name).isTrue());
                assertThat(beginnings(other)).isNotEqualTo(beginnings(first));
            }
        } finally {
            Engine.get().setIntraOpThreads(threads);
        }
    }

    // What it computes

    @ParameterizedTest
    @MethodSource("tiny")
    void featuresAndLogitsArePyTorchs(ClipArchitecture architecture) {
        try (TorchScriptModel model = architecture.build(0); TensorScope _ = TensorScope.open()) {
            fillByFormula(model);
            Tensor images = Fixture.image(PICTURES, RESOLUTION);
            Tensor texts = texts();

            // Several times: the first call profiles, the second compiles, and a fuser may hang on what it compiled.
            for (int i = 0; i < CALLS; i++) {
                assertClose(model.call("encode_image", images).tensor().toFloatArray(),
                        expected(architecture, "image_features"));
                assertClose(model.call("encode_text", texts).tensor().toFloatArray(),
                        expected(architecture, "text_features"));
                List<Value> logits = model.call("forward", images, texts).elements();
                assertClose(floats(logits.get(0).tensor()), expected(architecture, "logits_per_image"));
                assertClose(logits.get(1).tensor().copy().toFloatArray(), expected(architecture, "logits_per_text"));
            }
        }
    }

    @ParameterizedTest
    @MethodSource("tiny")
    void tokensMayBeOf32Or64BitsInAnyNumber(ClipArchitecture architecture) {
        try (TorchScriptModel model = architecture.build(0); TensorScope _ = TensorScope.open()) {
            fillByFormula(model);
            float[] expected = expected(architecture, "text_features");
            Tensor texts = texts();
            assertClose(model.call("encode_text", texts.to(DType.INT32)).tensor().toFloatArray(), expected);

            int size = architecture.configuration().embeddingSize();
            for (int i = 0; i < TEXTS; i++) {
                assertClose(model.call("encode_text", texts.slice(0, i, i + 1)).tensor().toFloatArray(),
                        Arrays.copyOfRange(expected, i * size, (i + 1) * size));
            }
        }
    }

    @ParameterizedTest
    @MethodSource("tiny")
    void whatDoesNotFitIsRefused(ClipArchitecture architecture) {
        try (TorchScriptModel model = architecture.build(0); TensorScope _ = TensorScope.open()) {
            for (long side : new long[] {RESOLUTION / 2, 2 * RESOLUTION}) {
                assertThatThrownBy(() -> model.call("encode_image", Fixture.image(1, side)))
                        .isInstanceOf(TorchException.class);
            }
            for (long length : new long[] {1, CONTEXT - 1, CONTEXT + 1}) {
                Tensor tokens = Tensor.zeros(DType.INT64, 1, length);
                assertThatThrownBy(() -> model.call("encode_text", tokens)).isInstanceOf(TorchException.class);
            }
            Tensor unknown = Tensor.of(new long[CONTEXT], 1, CONTEXT);
            Operator.call("aten::fill_", unknown, (long) VOCABULARY).close();
            assertThatThrownBy(() -> model.call("encode_text", unknown)).isInstanceOf(TorchException.class);
        }
    }

    // Halves

    /** Convolutions, linear layers, attention and projections in halves, the rest in FP32, as it is published. */
    @ParameterizedTest
    @MethodSource("tiny")
    void thePublishedMixtureComputesInHalvesAndNormalizesInFloats(ClipArchitecture architecture) {
        try (TorchScriptModel model = architecture.build(0); TensorScope _ = TensorScope.open()) {
            fillByFormula(model);
            model.parameters().forEach((name, parameter) -> {
                if (isHalfAsPublished(name)) {
                    Operator.call(CallSettings.NO_GRAD, "aten::set_data", parameter, parameter.to(DType.BFLOAT16))
                            .close();
                }
            });
            Tensor images = Fixture.image(PICTURES, RESOLUTION);
            for (Tensor given : List.of(images, images.to(DType.BFLOAT16))) {
                Tensor features = model.call("encode_image", given).tensor();
                assertThat(features.dtype()).isEqualTo(DType.BFLOAT16);
                assertHalfClose(floats(features), expected(architecture, "image_features"));
            }
            assertHalfClose(floats(model.call("encode_text", texts()).tensor()),
                    expected(architecture, "text_features"));
            assertThat(model.call("forward", images, texts()).elements().getFirst().tensor().dtype())
                    .isEqualTo(DType.BFLOAT16);
        }
    }

    private static boolean isHalfAsPublished(String name) {
        return !name.contains("ln_") && !name.contains("bn") && !name.contains("downsample.1")
                && !name.endsWith("embedding") && !name.equals("token_embedding.weight") && !name.equals("logit_scale");
    }

    private static void assertHalfClose(float[] actual, float[] expected) {
        double largest = 0;
        double difference = 0;
        for (int i = 0; i < expected.length; i++) {
            largest = Math.max(largest, Math.abs(expected[i]));
            double between = Math.abs(actual[i] - (double) expected[i]);
            difference = between <= difference ? difference : between;
        }
        assertThat(difference / largest).isLessThan(0.05);
    }

    @ParameterizedTest
    @MethodSource("tiny")
    void convertedWholeItTakesFloatsAndHalves(ClipArchitecture architecture) {
        try (TorchScriptModel model = architecture.build(0); TensorScope _ = TensorScope.open()) {
            fillByFormula(model);
            Tensor images = Fixture.image(PICTURES, RESOLUTION);
            for (DType dtype : List.of(DType.BFLOAT16, DType.FLOAT16)) {
                try (TorchScriptModel half = model.to(dtype).model()) {
                    for (Tensor given : List.of(images, images.to(dtype))) {
                        Tensor features = half.call("encode_image", given).tensor();
                        assertThat(features.dtype()).isEqualTo(dtype);
                        assertHalfClose(floats(features), expected(architecture, "image_features"));
                    }
                    Tensor features = half.call("encode_text", texts()).tensor();
                    assertThat(features.dtype()).isEqualTo(dtype);
                    assertHalfClose(floats(features), expected(architecture, "text_features"));
                }
            }
        }
    }

    @ParameterizedTest
    @MethodSource("tiny")
    void aRunnerOptimizesBothTowers(ClipArchitecture architecture) {
        try (TorchScriptModel model = architecture.build(0); TensorScope _ = TensorScope.open()) {
            fillByFormula(model);
            Tensor images = Fixture.image(PICTURES, RESOLUTION);
            for (Optimization way : List.of(Optimization.FREEZE, Optimization.OFI, Optimization.AUTO)) {
                try (Runner image = Runner.of(model, "encode_image").input(images).optimize(way).build();
                        Runner text = Runner.of(model, "encode_text").input(texts()).optimize(way).build()) {
                    for (int i = 0; i < CALLS; i++) {
                        image.run();
                        text.run();
                    }
                    assertHalfClose(image.output(0).toFloatArray(), expected(architecture, "image_features"));
                    assertHalfClose(text.output(0).toFloatArray(), expected(architecture, "text_features"));
                }
            }
            // One way: what is tried and compiled a second time in halves would be most of this class's time.
            try (Runner half = Runner.of(model, "encode_image").input(images).compute(DType.BFLOAT16)
                    .optimize(Optimization.FREEZE).build()) {
                half.run();
                assertHalfClose(floats(half.output(0)), expected(architecture, "image_features"));
            }
        }
    }

    @ParameterizedTest
    @MethodSource("tiny")
    void gradientsReachEveryParameter(ClipArchitecture architecture) {
        try (TorchScriptModel model = architecture.build(0); TensorScope _ = TensorScope.open()) {
            fillByFormula(model);
            model.train(true);
            Tensor logits = model.call(CallSettings.GRAD, "forward", Fixture.image(PICTURES, RESOLUTION), texts())
                    .elements().getFirst().tensor();
            Tensor loss = Operator.call(CallSettings.GRAD, "aten::logsumexp", logits, new long[] {0, 1}).tensor();
            Operator.call(CallSettings.GRAD, "aten::backward", loss).close();

            model.parameters().forEach((name, parameter) -> {
                Tensor gradient = Operator.call("prim::grad", parameter).tensor();
                assertThat(gradient.shape()).as(name).containsExactly(parameter.shape());
                assertThat(Operator.call("aten::count_nonzero", gradient).tensor().itemLong()).as(name).isPositive();
            });
        }
    }

    @ParameterizedTest
    @MethodSource("tiny")
    void aSavedModelComputesTheSame(ClipArchitecture architecture, @TempDir Path directory) {
        Path file = directory.resolve("clip.pt");
        try (TorchScriptModel model = architecture.build(3); TensorScope _ = TensorScope.open()) {
            fillByFormula(model);
            model.save(file);
            try (TorchScriptModel loaded = Model.load(file)) {
                Tensor images = Fixture.image(PICTURES, RESOLUTION);
                assertThat(loaded.call("encode_image", images).tensor().toFloatArray())
                        .isEqualTo(model.call("encode_image", images).tensor().toFloatArray());
                assertThat(loaded.call("encode_text", texts()).tensor().toFloatArray())
                        .isEqualTo(model.call("encode_text", texts()).tensor().toFloatArray());
                assertThat(loaded.submodules()).isEqualTo(model.submodules());
            }
        }
    }
}
