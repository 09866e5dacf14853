package dev.wick.vision;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.within;

import dev.wick.DType;
import dev.wick.Device;
import dev.wick.Optimization;
import dev.wick.Tensor;
import dev.wick.TensorScope;
import dev.wick.TorchScriptModel;
import dev.wick.error.BadArgumentException;
import dev.wick.error.ModelUnreadableException;
import dev.wick.vision.file.Safetensors;
import dev.wick.vision.image.ImagePreprocessor;
import dev.wick.vision.text.BytePairVocabulary;
import dev.wick.vision.text.ClipTokenizer;
import dev.wick.vision.weights.ClipNames;
import dev.wick.vision.weights.StateDict;
import dev.wick.vision.weights.WeightsMismatchException;
import java.io.IOException;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.nio.file.Path;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** Models that are told by their weights, and the CLIP and the classifiers made of them. */
class PretrainedTest extends ArchitectureCase {
    @TempDir
    private Path directory;

    private static final int PICTURES = 2;
    private static final int SIDE = 64;
    private static final ClipConfiguration TINY = new ClipConfiguration(48, SIDE,
            new ClipConfiguration.ResNetTower(List.of(1, 2, 1, 1), 16), 16, 200, 128, 2, 2,
            ClipConfiguration.Activation.QUICK_GELU);

    /** The model that PyTorch's outputs in the fixtures are of, as an archive or as weights. */
    private Path clip(String name) throws IOException {
        Path file = directory.resolve(name);
        try (TorchScriptModel model = new ClipArchitecture("tiny-rn", TINY).build(0); TensorScope _ = TensorScope.open()) {
            fillByFormula(model);
            if (name.endsWith(".pt")) {
                model.save(file);
            } else {
                Map<String, Tensor> tensors = new LinkedHashMap<>();
                model.parameters().forEach((key, value) -> tensors.put(name.startsWith("module") ? "module." + key : key, value));
                model.buffers().forEach((key, value) -> tensors.put(name.startsWith("module") ? "module." + key : key, value));
                Safetensors.write(file, tensors, Map.of());
            }
        }
        return file;
    }

    private static Tensor texts() {
        long[][] rows = Fixture.texts(3, 16, 200);
        return Tensor.of(java.util.Arrays.stream(rows).flatMapToLong(java.util.Arrays::stream).toArray(), 3, 16);
    }

    private static float[] expected(String what) {
        return Fixture.floats("clip/tiny-rn." + what + ".npy");
    }

    private static void assertClose(float[] found, float[] expected, double tolerance) {
        assertThat(found).hasSameSizeAs(expected);
        for (int i = 0; i < found.length; i++) {
            assertThat((double) found[i]).as("element " + i).isCloseTo(expected[i], within(tolerance));
        }
    }

    @ParameterizedTest
    @ValueSource(strings = {"clip.pt", "clip.safetensors", "module.safetensors"})
    void everyFileOfAClipGivesPyTorchsFeatures(String name) throws IOException {
        try (ClipModel clip = ClipModel.load(clip(name), Device.CPU, DType.FLOAT32); TensorScope _ = TensorScope.open()) {
            assertThat(clip.configuration()).isEqualTo(TINY);
            assertClose(clip.encodeImage(Fixture.image(PICTURES, SIDE)).toFloatArray(), expected("image_features"), 1e-4);
            assertClose(clip.encodeText(texts()).toFloatArray(), expected("text_features"), 1e-4);
            assertThat(clip.preprocessor().width()).isEqualTo(SIDE);
        }
    }

    @Test
    void batchesGiveWhatSingleCallsGive() throws IOException {
        try (ClipModel clip = ClipModel.load(clip("clip.safetensors"), Device.CPU, DType.FLOAT32);
                TensorScope _ = TensorScope.open()) {
            float[] pixels = Fixture.image(PICTURES, SIDE).toFloatArray();
            float[] expected = expected("image_features");
            int pictures = PICTURES;
            try (BatchEncoder encoder = clip.images(pictures + 1, Optimization.NONE)) {
                MemorySegment.copy(pixels, 0, encoder.input(), ValueLayout.JAVA_FLOAT, 0, pixels.length);
                float[][] rows = encoder.run(pictures);
                assertThat(rows).hasDimensions(pictures, clip.configuration().embeddingSize());
                for (int row = 0; row < pictures; row++) {
                    assertClose(rows[row], java.util.Arrays.copyOfRange(expected, row * encoder.width(),
                            (row + 1) * encoder.width()), 1e-4);
                }
                assertThatThrownBy(() -> encoder.run(pictures + 2)).isInstanceOf(BadArgumentException.class);
                assertThatThrownBy(() -> encoder.run(0)).isInstanceOf(BadArgumentException.class);
            }
            assertThatThrownBy(() -> clip.images(0, Optimization.NONE)).isInstanceOf(BadArgumentException.class);
        }
    }

    @ParameterizedTest
    @ValueSource(strings = {"FLOAT16", "BFLOAT16"})
    void halvesAreCloseToFloats(String name) throws IOException {
        try (ClipModel clip = ClipModel.load(clip("clip.pt"), Device.CPU, DType.valueOf(name));
                TensorScope _ = TensorScope.open()) {
            float[] found = clip.encodeImage(Fixture.image(PICTURES, SIDE)).toFloatArray();
            float[] expected = expected("image_features");
            assertThat(Features.dot(Features.normalized(found), Features.normalized(expected))).isGreaterThan(0.999);
            assertThat(clip.dtype()).isEqualTo(DType.valueOf(name));
        }
    }

    @Test
    void textsAreEncodedInBatchesAsOneByOne() {
        ClipConfiguration small = new ClipConfiguration(16, 32, new ClipConfiguration.TransformerTower(1, 64, 16), 16, 514,
                64, 1, 1, ClipConfiguration.Activation.QUICK_GELU);
        ClipTokenizer tokenizer = ClipTokenizer.of(BytePairVocabulary.ofMerges(List.of())).withContextLength(16);
        try (ClipModel clip = ClipModel.build(new ClipArchitecture("small", small), 1, Device.CPU, DType.FLOAT32)) {
            List<String> texts = java.util.stream.IntStream.range(0, 70).mapToObj(i -> "text " + i).toList();
            float[][] rows = clip.encodeTexts(tokenizer, texts);
            assertThat(rows).hasDimensions(70, 16);
            assertClose(clip.encodeTexts(tokenizer, List.of("text 69"))[0], rows[69], 1e-5);
            assertThat(clip.encodeTexts(tokenizer, List.of())).isEmpty();
            assertThat(clip.logitScale()).isCloseTo(1 / 0.07, within(1e-3));
            assertThatThrownBy(() -> clip.encodeTexts(tokenizer.withContextLength(20), texts))
                    .isInstanceOf(BadArgumentException.class).hasMessageContaining("16 tokens a text, got one of 514 and 20");
            try (Tensor wrong = Tensor.zeros(DType.FLOAT32, 1, 3, 16, 16)) {
                assertThatThrownBy(() -> clip.encodeImage(wrong)).isInstanceOf(BadArgumentException.class)
                        .hasMessageContaining("[n, 3, 32, 32], got [1, 3, 16, 16]");
            }
        }
    }

    @Test
    void theFamilyIsTold() throws IOException {
        try (StateDict weights = StateDict.read(clip("clip.safetensors"))) {
            Pretrained.Built built = Pretrained.build(weights, ClipConfiguration.Activation.GELU);
            try (TorchScriptModel _ = built.model()) {
                assertThat(built.family()).contains(ClipNames.Family.OPENAI);
                assertThat(((ClipArchitecture) built.architecture()).configuration())
                        .isEqualTo(TINY.withActivation(ClipConfiguration.Activation.GELU));
            }
        }
    }

    @Test
    void aClassifierIsToldByItsWeights() throws IOException {
        Path file = directory.resolve("resnet18.safetensors");
        try (TorchScriptModel model = ResNet.RESNET18.build(5); TensorScope _ = TensorScope.open()) {
            Map<String, Tensor> tensors = new LinkedHashMap<>(model.parameters());
            tensors.putAll(model.buffers());
            Safetensors.write(file, tensors, Map.of());
            ImagePreprocessor recipe = ImagePreprocessor.imagenet(224);
            try (ImageClassifier loaded = ImageClassifier.load(file, recipe, Device.CPU, DType.FLOAT32)) {
                Tensor picture = Tensor.zeros(DType.FLOAT32, 1, 3, 224, 224);
                assertThat(loaded.logits(picture).toFloatArray())
                        .isEqualTo(model.call("forward", picture).tensor().toFloatArray());
            }
            // What lacks a weight is no ResNet-18 any more, and the nearest is named.
            tensors.remove("fc.bias");
            Safetensors.write(file, tensors, Map.of());
        }
        assertThatThrownBy(() -> Pretrained.load(file, Device.CPU, DType.FLOAT32)).isInstanceOf(BadArgumentException.class)
                .hasMessageContaining("nearest is resnet18, but fc.bias is missing");
    }

    @Test
    void aResidualNetworkOfAnySizeIsToldByItsWeights() throws IOException {
        ResNetArchitecture small = new ResNetArchitecture("small", true, List.of(1, 2, 1, 1), 8, 5, 64);
        Path file = directory.resolve("small.safetensors");
        try (TorchScriptModel model = small.build(3); TensorScope _ = TensorScope.open()) {
            Map<String, Tensor> tensors = new LinkedHashMap<>(model.parameters());
            tensors.putAll(model.buffers());
            Safetensors.write(file, tensors, Map.of());
            try (TorchScriptModel loaded = Pretrained.load(file, Device.CPU, DType.FLOAT32)) {
                Tensor picture = Tensor.zeros(DType.FLOAT32, 1, 3, 64, 64);
                assertThat(loaded.forward(picture).toFloatArray()).isEqualTo(model.forward(picture).toFloatArray());
            }
        }
        try (StateDict weights = StateDict.read(file)) {
            assertThat(Pretrained.architecture(weights))
                    .isEqualTo(new ResNetArchitecture("resnet", true, List.of(1, 2, 1, 1), 8, 5, 224));
        }
    }

    @Test
    void whatIsNoClipIsRefused() throws IOException {
        assertThatThrownBy(() -> ClipModel.of(ResNet.RESNET18.build(0), DType.FLOAT32))
                .isInstanceOf(BadArgumentException.class).hasMessageContaining("it is no CLIP");
        assertThatThrownBy(() -> ClipModel.load(directory.resolve("none.pt"), Device.CPU, DType.FLOAT32))
                .isInstanceOf(ModelUnreadableException.class);
        try (StateDict weights = StateDict.read(clip("clip.safetensors"))) {
            assertThatThrownBy(() -> Pretrained.build(ResNet.RESNET18, weights))
                    .isInstanceOf(WeightsMismatchException.class);
        }
    }
}
