package dev.wick.vision;

import static org.assertj.core.api.Assertions.assertThat;

import dev.wick.Tensor;
import dev.wick.TensorScope;
import dev.wick.TorchScriptModel;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;

/** What tests of architectures share: a built model beside what PyTorch made of the same. */
abstract class ArchitectureCase extends VisionCase {
    /** How far outputs may be from torchvision's, as a share of the largest of them. */
    static final double TOLERANCE = 1e-5;

    static float[] forward(TorchScriptModel model, long batch, long size) {
        try (Tensor image = Fixture.image(batch, size); Tensor output = model.forward(image)) {
            return output.toFloatArray();
        }
    }

    static void fillByFormula(TorchScriptModel model) {
        try (TensorScope _ = TensorScope.open()) {
            model.parameters().forEach(Fixture::fill);
            model.buffers().forEach((name, buffer) -> {
                if (buffer.dtype().isFloating()) {
                    Fixture.fill(name, buffer);
                }
            });
        }
    }

    static void assertClose(float[] actual, float[] expected) {
        assertThat(actual).hasSameSizeAs(expected);
        double largest = 0;
        double difference = 0;
        for (int i = 0; i < expected.length; i++) {
            largest = Math.max(largest, Math.abs(expected[i]));
            // Not Math.max: a NaN must fail.
            double between = Math.abs(actual[i] - (double) expected[i]);
            difference = between <= difference ? difference : between;
        }
        assertThat(difference / largest).isLessThanOrEqualTo(TOLERANCE);
    }

    /** The first elements of every parameter, as the fixtures have them. */
    static float[] beginnings(TorchScriptModel model) {
        List<Float> beginnings = new ArrayList<>();
        try (TensorScope _ = TensorScope.open()) {
            for (Tensor parameter : model.parameters().values()) {
                for (float element : parameter.reshape(-1).slice(0, 0, 4).toFloatArray()) {
                    beginnings.add(element);
                }
            }
        }
        float[] array = new float[beginnings.size()];
        for (int i = 0; i < array.length; i++) {
            array[i] = beginnings.get(i);
        }
        return array;
    }

    static List<Fixture.Entry> entries(Map<String, Tensor> tensors) {
        return tensors.entrySet().stream().map(entry -> Fixture.Entry.of(entry.getKey(), entry.getValue())).toList();
    }

    /** Names, dtypes and shapes, in the order of parameters and in that of buffers. */
    static void assertStateDict(TorchScriptModel model, List<Fixture.Entry> expected) {
        try (TensorScope _ = TensorScope.open()) {
            Map<String, Tensor> parameters = model.parameters();
            Map<String, Tensor> buffers = model.buffers();

            assertThat(entries(parameters)).containsExactlyElementsOf(
                    expected.stream().filter(entry -> !entry.isBuffer()).toList());
            assertThat(entries(buffers)).containsExactlyElementsOf(
                    expected.stream().filter(Fixture.Entry::isBuffer).toList());
            assertThat(parameters.values()).allMatch(Tensor::requiresGrad);
            assertThat(buffers.values()).noneMatch(Tensor::requiresGrad);
        }
    }

    /** What a summary tells of parameters is what the model has. */
    static void assertSummarized(TorchScriptModel model, ArchitectureSummary summary) {
        try (TensorScope _ = TensorScope.open()) {
            Map<String, List<Long>> shapes = new LinkedHashMap<>();
            model.parameters().forEach((name, tensor) -> shapes.put(name,
                    Arrays.stream(tensor.shape()).boxed().toList()));

            assertThat(summary.parameterShapes()).containsExactlyEntriesOf(shapes);
            assertThat(summary.parameters()).isEqualTo(shapes.values().stream()
                    .mapToLong(shape -> shape.stream().reduce(1L, (a, b) -> a * b)).sum());
        }
    }
}
