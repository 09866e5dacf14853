package dev.wick.vision.weights;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatExceptionOfType;
import static org.assertj.core.api.Assertions.within;

import dev.wick.DType;
import dev.wick.Model;
import dev.wick.Operator;
import dev.wick.Tensor;
import dev.wick.TensorScope;
import dev.wick.TorchScriptModel;
import dev.wick.vision.ResNet;
import dev.wick.vision.VisionCase;
import dev.wick.vision.file.Safetensors;
import java.io.IOException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import java.util.function.Consumer;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.EnumSource;
import org.junit.jupiter.params.provider.ValueSource;

/** Weights under every family's names, copied into models, against what PyTorch's own models gave. */
class WeightsTest extends VisionCase {
    @TempDir
    private Path directory;

    private StateDict read(String name) {
        return StateDict.read(WeightsFiles.file(directory, name));
    }

    /** The fixture's archive with all of its parameters zero. */
    private TorchScriptModel emptied() {
        TorchScriptModel model = Model.load(WeightsFiles.file(directory, "clip.pt"));
        try (TensorScope _ = TensorScope.open()) {
            model.parameters().values().forEach(each -> Operator.call("aten::zero_", each).close());
        }
        return model;
    }

    private void assertGives(TorchScriptModel model, String expected, double tolerance) {
        try (TensorScope _ = TensorScope.open()) {
            assertClose(model.call("encode_image", WeightsFiles.npy(directory, "image.npy")).tensor(),
                    WeightsFiles.npy(directory, expected + ".image_features.npy"), tolerance);
            assertClose(model.call("encode_text", WeightsFiles.npy(directory, "text.npy")).tensor(),
                    WeightsFiles.npy(directory, expected + ".text_features.npy"), tolerance);
        }
    }

    private static void assertClose(Tensor found, Tensor expected, double tolerance) {
        assertThat(found.shape()).isEqualTo(expected.shape());
        float[] want = expected.toFloatArray();
        float[] got = found.toFloatArray();
        for (int i = 0; i < want.length; i++) {
            assertThat((double) got[i]).as("element " + i).isCloseTo(want[i], within(tolerance));
        }
    }

    @ParameterizedTest
    @ValueSource(strings = {"clip.pth", "clip.legacy.pth", "clip.safetensors", "clip.pt"})
    void everyContainerFillsTheModel(String name) {
        try (TorchScriptModel model = emptied(); StateDict weights = read(name)) {
            Weights.Report report = Weights.load(model, weights);

            assertThat(report.loaded()).hasSize(weights.names().size());
            assertThat(report.missing()).isEmpty();
            assertThat(report.unexpected()).isEmpty();
            assertGives(model, "clip", 1e-5);
        }
    }

    @Test
    void huggingFaceNamesGiveWhatTransformersGives() {
        try (TorchScriptModel model = emptied(); StateDict weights = read("hugging_face.safetensors")) {
            ClipNames.Canonical canonical = ClipNames.canonical(weights).orElseThrow();
            try (StateDict renamed = canonical.weights()) {
                assertThat(canonical.family()).isEqualTo(ClipNames.Family.HUGGING_FACE);
                assertThat(canonical.dropped()).containsExactly("text_model.embeddings.position_ids");
                assertThat(canonical.unknown()).isEmpty();
                assertThat(renamed.shapes().get("transformer.resblocks.1.attn.in_proj_weight")).containsExactly(96, 32);

                Weights.Report report = Weights.load(model, renamed);

                assertThat(report.missing()).containsExactlyInAnyOrder("input_resolution", "context_length",
                        "vocab_size");
                assertGives(model, "hugging_face", 1e-5);
            }
        }
    }

    private Path renamed(String file, java.util.function.UnaryOperator<String> name, Consumer<Map<String, Tensor>> also)
            throws IOException {
        Path target = directory.resolve("renamed.safetensors");
        try (StateDict weights = read(file); TensorScope _ = TensorScope.open()) {
            Map<String, Tensor> tensors = new LinkedHashMap<>();
            weights.names().forEach(each -> tensors.put(name.apply(each), weights.tensor(each)));
            also.accept(tensors);
            Safetensors.write(target, tensors, Map.of());
        }
        return target;
    }

    @Test
    void openClipsTextTowerFindsItsPlace() throws IOException {
        Path file = renamed("clip.safetensors", name -> name.startsWith("visual.") || name.startsWith("logit")
                || name.endsWith("resolution") || name.endsWith("length") || name.endsWith("size") ? name : "text."
                + name,
                tensors -> {
                    tensors.put("text.text_projection.weight", Operator.call("aten::t",
                            tensors.remove("text.text_projection")).tensor());
                    tensors.put("logit_bias", Tensor.of(new float[] {-10}, 1));
                });
        try (TorchScriptModel model = emptied(); StateDict weights = StateDict.read(file)) {
            ClipNames.Canonical canonical = ClipNames.canonical(weights).orElseThrow();
            try (StateDict renamed = canonical.weights()) {
                assertThat(canonical.family()).isEqualTo(ClipNames.Family.OPEN_CLIP_TEXT);
                assertThat(canonical.unknown()).containsExactly("logit_bias");
                assertThatExceptionOfType(WeightsMismatchException.class)
                        .isThrownBy(() -> Weights.load(model, renamed)).satisfies(e ->
                                assertThat(e.unexpected()).containsExactly("logit_bias"));
                assertThat(Weights.loadMatching(model, renamed).unexpected()).containsExactly("logit_bias");
                assertGives(model, "clip", 1e-5);
            }
        }
    }

    @Test
    void prefixesOfParallelTrainingAreTakenOff() throws IOException {
        Path file = renamed("clip.safetensors", name -> "module." + name, _ -> { });
        try (TorchScriptModel model = emptied(); StateDict weights = StateDict.read(file)) {
            assertThat(weights.unwrapped()).containsExactly("module.");
            assertThat(ClipNames.canonical(weights).orElseThrow().family()).isEqualTo(ClipNames.Family.OPENAI);
            Weights.load(model, weights);
            assertGives(model, "clip", 1e-5);
        }
    }

    @Test
    void whatIsNoClipHasNoFamily() {
        try (StateDict weights = read("everything.pth")) {
            assertThat(ClipNames.canonical(weights)).isEmpty();
        }
    }

    @Test
    void everyDifferenceIsListedAndNothingIsCopied() throws IOException {
        Path file = renamed("clip.safetensors", name -> name.equals("visual.proj") ? "visual.projection" : name,
                tensors -> {
            tensors.remove("ln_final.bias");
            tensors.put("text_projection", Tensor.zeros(DType.FLOAT32, 16, 32));
            tensors.put("visual.class_embedding", Tensor.zeros(DType.INT64, 64));
        });
        try (TorchScriptModel model = emptied(); StateDict weights = StateDict.read(file)) {
            assertThatExceptionOfType(WeightsMismatchException.class).isThrownBy(() -> Weights.load(model, weights))
                    .satisfies(e -> {
                        assertThat(e.missing()).containsExactlyInAnyOrder("ln_final.bias", "visual.proj");
                        assertThat(e.unexpected()).containsExactly("visual.projection");
                        assertThat(e.mismatched()).extracting(WeightsMismatchException.Mismatch::name)
                                .containsExactlyInAnyOrder("text_projection", "visual.class_embedding");
                        assertThat(e).hasMessageContaining("renamed.safetensors").hasMessageContaining(
                                "text_projection (expected float32 [32, 16], found float32 [16, 32])")
                                .hasMessageContaining("int64").hasMessageContaining("visual.projection");
                    });
            assertThatExceptionOfType(WeightsMismatchException.class)
                    .isThrownBy(() -> Weights.loadMatching(model, weights))
                    .satisfies(e -> assertThat(e.mismatched()).hasSize(2));
            try (TensorScope _ = TensorScope.open()) {
                assertThat(model.parameters().values()).allMatch(each ->
                        Operator.call("aten::count_nonzero", each).tensor().itemLong() == 0);
            }
        }
    }

    @Test
    void weightsOfAnotherArchitectureAreRefused() {
        try (TorchScriptModel model = ResNet.RESNET18.build(0); StateDict weights = read("clip.pth")) {
            assertThatExceptionOfType(WeightsMismatchException.class)
                    .isThrownBy(() -> Weights.loadMatching(model, weights))
                    .satisfies(e -> assertThat(e.missing()).contains("fc.weight"));
        }
    }

    @Test
    void valuesAreConvertedToTheModelsDtype() throws IOException {
        Path half = directory.resolve("half.safetensors");
        try (StateDict weights = read("clip.pth"); TensorScope _ = TensorScope.open()) {
            Map<String, Tensor> tensors = new LinkedHashMap<>();
            weights.names().forEach(name -> tensors.put(name, weights.dtype(name).isFloating()
                    ? weights.tensor(name).to(DType.FLOAT16) : weights.tensor(name)));
            Safetensors.write(half, tensors, Map.of());
        }
        try (TorchScriptModel model = emptied(); StateDict weights = StateDict.read(half)) {
            Weights.load(model, weights);
            assertGives(model, "clip", 2e-2);
            try (Tensor weight = model.get("visual.proj").tensor()) {
                assertThat(weight.dtype()).isEqualTo(DType.FLOAT32);
            }
        }
    }

    @Test
    void parametersThatAreTrainedStayTrainable() {
        try (TorchScriptModel model = ResNet.RESNET18.build(0); TorchScriptModel other = ResNet.RESNET18.build(1);
                TensorScope _ = TensorScope.open()) {
            Map<String, Tensor> tensors = new LinkedHashMap<>(other.parameters());
            tensors.putAll(other.buffers());
            tensors.keySet().removeIf(name -> name.endsWith("num_batches_tracked"));
            Path file = directory.resolve("resnet18.safetensors");
            Safetensors.write(file, tensors, Map.of());
            try (StateDict weights = StateDict.read(file)) {
                Weights.Report report = Weights.load(model, weights);

                assertThat(report.missing()).hasSize(20).allMatch(name -> name.endsWith("num_batches_tracked"));
                assertThat(model.parameters().values()).allMatch(Tensor::requiresGrad);
                try (Tensor weight = model.get("fc.weight").tensor()) {
                    assertThat(Operator.call("aten::equal", weight, tensors.get("fc.weight")).asBoolean()).isTrue();
                }
            }
        } catch (IOException e) {
            throw new java.io.UncheckedIOException(e);
        }
    }

    // OpenAI's archives: mixed halves, with cuda:0 and to(float16) baked in

    @ParameterizedTest
    @EnumSource(value = DType.class, names = {"FLOAT32", "FLOAT16", "BFLOAT16"})
    void publishedArchivesRunInEveryPrecision(DType dtype) {
        for (String name : List.of("clip-vit-mini", "clip-rn-mini")) {
            Path file = WeightsFiles.archive(directory, name + ".f16.cuda.pt");
            try (TorchScriptModel loaded = Model.load(file); TorchScriptModel model = loaded.to(dtype).model();
                    TensorScope _ = TensorScope.open()) {
                for (String what : List.of("image", "text")) {
                    Tensor input = dev.wick.vision.file.Npy.read(WeightsFiles.archive(directory, name + "." + what
                            + ".npy"));
                    Tensor found = model.call("encode_" + what, input.dtype().isFloating() ? input.to(dtype) : input)
                            .tensor();
                    Tensor expected = dev.wick.vision.file.Npy.read(WeightsFiles.archive(directory,
                            name + ".f16." + what + "_features.npy"));
                    assertThat(found.dtype()).isEqualTo(dtype);
                    switch (dtype) {
                        case FLOAT32 -> assertClose(found, expected, 1e-4);
                        case FLOAT16 -> assertThat(cosine(found, expected)).isGreaterThan(0.99999);
                        default -> assertThat(cosine(found, expected)).isGreaterThan(0.9995);
                    }
                }
                assertPatched(model, dtype);
            }
        }
    }

    private static void assertPatched(TorchScriptModel model, DType dtype) {
        assertThat(model.constants()).noneMatch(each -> each.value().startsWith("cuda"));
        assertThat(model.constants()).filteredOn(each -> each.kind().equals("dtype")
                && each.value().startsWith("float16")).hasSize(dtype == DType.FLOAT16 ? (int) model.constants().stream()
                        .filter(each -> each.value().equals("float16")).count() : 0);
        Map<String, Long> patched = new TreeMap<>();
        model.patchedConstants().forEach(each -> patched.merge(each.from() + " " + each.to(), each.uses(), Long::sum));
        List<String> expected = new ArrayList<>(List.of("cuda:0 cpu"));
        for (String from : List.of("float16", "float32")) {
            if (!from.equals(dtype.torchName())) {
                expected.add(from + " " + dtype.torchName());
            }
        }
        assertThat(patched).containsOnlyKeys(expected);
        Map<String, Long> inArchive = new TreeMap<>();
        model.archiveConstants().forEach(each -> inArchive.merge(each.value(), each.uses(), Long::sum));
        patched.forEach((change, uses) -> assertThat(uses).isEqualTo(inArchive.get(change.split(" ")[0])));
    }

    private static double cosine(Tensor one, Tensor other) {
        float[] a = one.toFloatArray();
        float[] b = other.toFloatArray();
        double product = 0;
        double first = 0;
        double second = 0;
        for (int i = 0; i < a.length; i++) {
            product += a[i] * b[i];
            first += a[i] * a[i];
            second += b[i] * b[i];
        }
        return product / Math.sqrt(first * second);
    }

    @Test
    void publishedArchivesAreFilesOfWeightsToo() {
        try (StateDict weights = StateDict.read(WeightsFiles.archive(directory, "clip-rn-mini.f16.cuda.pt"));
                TorchScriptModel model = Model.load(directory.resolve("clip-rn-mini.f16.cuda.pt"));
                TorchScriptModel single = model.to(DType.FLOAT32).model()) {
            assertThat(weights.dtype("visual.conv1.weight")).isEqualTo(DType.FLOAT16);
            assertThat(weights.dtype("ln_final.weight")).isEqualTo(DType.FLOAT32);
            assertThat(weights.tensor("input_resolution").itemLong()).isEqualTo(64);
            assertThat(ClipNames.canonical(weights).orElseThrow().unknown()).isEmpty();
            try (TensorScope _ = TensorScope.open()) {
                single.parameters().values().forEach(each -> Operator.call("aten::zero_", each).close());
                Weights.load(single, weights);
                assertClose(single.call("encode_image", dev.wick.vision.file.Npy.read(
                        WeightsFiles.archive(directory, "clip-rn-mini.image.npy"))).tensor(),
                        dev.wick.vision.file.Npy.read(WeightsFiles.archive(directory,
                        "clip-rn-mini.f16.image_features.npy")),
                        1e-4);
            }
        }
    }

    @ParameterizedTest
    @CsvSource({"visual.proj, OPENAI", "vision_model.post_layernorm.weight, HUGGING_FACE",
            "text.ln_final.bias, OPEN_CLIP_TEXT"})
    void familiesAreKnownByTheirNames(String name, ClipNames.Family family) {
        assertThat(ClipNames.family(java.util.Set.of(name))).contains(family);
    }
}
