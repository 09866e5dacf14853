package dev.wick.vision;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.within;

import dev.wick.DType;
import dev.wick.Model;
import dev.wick.Operator;
import dev.wick.Tensor;
import dev.wick.TensorScope;
import dev.wick.TorchScriptModel;
import dev.wick.binding.CallSettings;
import java.nio.file.Path;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** The efficient network against torchvision's. */
class EfficientNetTest extends ArchitectureCase {
    private static final String FIXTURE = "torchvision/efficientnet-b0";

    @Test
    void itsStateDictIsTorchvisions() {
        try (TorchScriptModel model = EfficientNet.EFFICIENTNET_B0.build(0); TensorScope _ = TensorScope.open()) {
            assertStateDict(model, Fixture.stateDict(FIXTURE));
            assertSummarized(model, EfficientNet.EFFICIENTNET_B0.summary());
            assertThat(model.parameters().values().stream().mapToLong(Tensor::elementCount).sum()).isEqualTo(5_288_548);
            assertThat(model.buffers().values().stream().mapToLong(Tensor::elementCount).sum()).isEqualTo(42_065);
            assertThat(model.parameters().size() + model.buffers().size()).isEqualTo(360);
        }
    }

    @Test
    void aSeedGivesTorchvisionsWeights() {
        try (TorchScriptModel model = EfficientNet.EFFICIENTNET_B0.build(0)) {
            assertThat(beginnings(model)).containsExactly(Fixture.floats(FIXTURE + ".seed0.npy"), within(1e-6f));
        }
    }

    @Test
    void outputsAreTorchvisions() {
        try (TorchScriptModel model = EfficientNet.EFFICIENTNET_B0.build(0)) {
            fillByFormula(model);

            assertClose(forward(model, 1, 224), Fixture.floats(FIXTURE + ".output.npy"));
        }
    }

    /** Stochastic depth and dropout draw what torchvision's do, in the same order. */
    @Test
    void trainingDrawsAsTorchvisionsDoes() {
        try (TorchScriptModel model = EfficientNet.EFFICIENTNET_B0.build(0)) {
            fillByFormula(model);
            model.train(true);
            Operator.call("aten::manual_seed", 3L).close();

            assertClose(forward(model, 4, 96), Fixture.floats(FIXTURE + ".training.output.npy"));
        }
    }

    @Test
    void gradientsReachEveryParameter() {
        try (TorchScriptModel model = EfficientNet.EFFICIENTNET_B0.build(0); TensorScope _ = TensorScope.open()) {
            model.train(true);
            // A seed that leaves out no block for all pictures.
            Operator.call("aten::manual_seed", 0L).close();
            Tensor output = model.call(CallSettings.GRAD, "forward", Fixture.image(8, 32)).tensor();
            Tensor loss = Operator.call(CallSettings.GRAD, "aten::logsumexp", output, new long[] {0, 1}).tensor();
            Operator.call(CallSettings.GRAD, "aten::backward", loss).close();

            model.parameters().forEach((name, parameter) -> {
                Tensor gradient = Operator.call("prim::grad", parameter).tensor();
                assertThat(Operator.call("aten::count_nonzero", gradient).tensor().itemLong()).as(name).isPositive();
            });
        }
    }

    @Test
    void savedFrozenAndConvertedItComputesTheSame(@TempDir Path directory) {
        Path file = directory.resolve("efficientnet-b0.pt");
        try (TorchScriptModel model = EfficientNet.EFFICIENTNET_B0.build(3);
                TorchScriptModel frozen = model.freeze();
                TorchScriptModel half = model.to(DType.BFLOAT16).model();
                Tensor image = Fixture.image(1, 64);
                Tensor halfImage = image.to(DType.BFLOAT16);
                Tensor halfOutput = half.forward(halfImage)) {
            float[] exact = forward(model, 1, 64);
            model.save(file);
            try (TorchScriptModel loaded = Model.load(file)) {
                assertThat(forward(loaded, 1, 64)).isEqualTo(exact);
            }
            assertClose(forward(frozen, 1, 64), exact);
            assertThat(halfOutput.dtype()).isEqualTo(DType.BFLOAT16);
        }
    }
}
