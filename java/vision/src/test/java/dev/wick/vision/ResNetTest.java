package dev.wick.vision;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.within;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import dev.wick.DType;
import dev.wick.Device;
import dev.wick.DeviceMemory;
import dev.wick.Engine;
import dev.wick.Model;
import dev.wick.Operator;
import dev.wick.Tensor;
import dev.wick.TensorScope;
import dev.wick.TorchScriptModel;
import dev.wick.Value;
import dev.wick.binding.CallSettings;
import dev.wick.binding.TorchBinding;
import dev.wick.error.BadArgumentException;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.EnumSource;
import org.junit.jupiter.params.provider.ValueSource;

/** The residual networks against torchvision's. */
class ResNetTest extends ArchitectureCase {
    // What it is made of

    /**
     * Parameters, running means and variances in float32, and a counter of 8 bytes for each of the 53 normalisations.
     */
    @Test
    void resNet50TakesWhatItsTensorsTake() {
        assumeTrue(Engine.get().missingFeatures().get(TorchBinding.MEMORY) == null, "no figures");
        ResNet.RESNET50.build(0).close();
        long before = DeviceMemory.of(Device.CPU).allocatedBytes().current();
        try (TorchScriptModel _ = ResNet.RESNET50.build(0)) {
            assertThat(DeviceMemory.of(Device.CPU).allocatedBytes().current() - before)
                    .isEqualTo(25_557_032 * 4 + 2 * 26_560 * 4 + 53 * 8);
        }
        assertThat(DeviceMemory.of(Device.CPU).allocatedBytes().current()).isEqualTo(before);
    }

    @ParameterizedTest
    @CsvSource({"RESNET18, 11689512", "RESNET50, 25557032", "RESNET101, 44549160"})
    void parametersAreCountedAsInTorchvision(ResNet architecture, long count) {
        try (TorchScriptModel model = architecture.build(0); TensorScope _ = TensorScope.open()) {
            assertThat(model.parameters().values().stream().mapToLong(Tensor::elementCount).sum()).isEqualTo(count);
        }
    }

    @ParameterizedTest
    @EnumSource
    void namesDtypesAndShapesAreThoseOfTorchvisionsStateDict(ResNet architecture) {
        try (TorchScriptModel model = architecture.build(0)) {
            assertStateDict(model, Fixture.stateDict("torchvision/" + architecture.architectureName()));
        }
    }

    @Test
    void architecturesAreFoundByName() {
        assertThat(Architecture.names()).containsExactly("resnet18", "resnet50", "resnet101", "efficientnet-b0",
                "clip-rn50", "clip-rn101", "clip-rn50x4", "clip-rn50x16", "clip-rn50x64", "clip-vit-b-32",
                "clip-vit-b-16", "clip-vit-l-14", "clip-vit-l-14-336");
        assertThat(Architecture.named("resnet50")).contains(ResNet.RESNET50);
        assertThat(Architecture.named("RESNET50")).isEmpty();
    }

    // Its first weights

    @ParameterizedTest
    @EnumSource
    void aSeedGivesTorchvisionsWeights(ResNet architecture) {
        float[] expected = Fixture.floats("torchvision/" + architecture.architectureName() + ".seed0.npy");
        try (TorchScriptModel model = architecture.build(0)) {
            float[] actual = beginnings(model);

            assertThat(actual).hasSameSizeAs(expected);
            // Equal bits only on the kind of processor that made the fixture: others round logarithms otherwise.
            assertThat(actual).containsExactly(expected, within(1e-6f));
        }
    }

    @Test
    void weightsDependOnTheSeedAndNotOnThreads() {
        int threads = Engine.get().intraOpThreads();
        try (TorchScriptModel first = ResNet.RESNET18.build(7); TorchScriptModel other = ResNet.RESNET18.build(8)) {
            Engine.get().setIntraOpThreads(threads + 1);
            try (TorchScriptModel again = ResNet.RESNET18.build(7); TensorScope _ = TensorScope.open()) {
                Map<String, Tensor> parameters = again.parameters();
                first.parameters().forEach((name, parameter) -> assertThat(
                        Operator.call("aten::equal", parameter, parameters.get(name)).asBoolean()).as(name).isTrue());
                assertThat(beginnings(other)).isNotEqualTo(beginnings(first));
            }
        } finally {
            Engine.get().setIntraOpThreads(threads);
        }
    }

    @ParameterizedTest
    @ValueSource(longs = {-1, 1L << 32})
    void aSeedThatTheGeneratorWouldCutIsRefused(long seed) {
        assertThatThrownBy(() -> ResNet.RESNET18.build(seed)).isInstanceOf(BadArgumentException.class)
                .hasMessageContaining("4294967295").hasMessageContaining(Long.toString(seed));
    }

    @Test
    void theLargestSeedIsTaken() {
        try (TorchScriptModel model = ResNet.RESNET18.build(Architecture.MAXIMUM_SEED)) {
            assertThat(beginnings(model)).isNotEqualTo(Fixture.floats("torchvision/resnet18.seed0.npy"));
        }
    }

    // What it computes

    @ParameterizedTest
    @CsvSource({"RESNET18, 2", "RESNET50, 1", "RESNET101, 1"})
    void outputsAreTorchvisions(ResNet architecture, long batch) {
        try (TorchScriptModel model = architecture.build(0)) {
            fillByFormula(model);

            assertClose(forward(model, batch, 224),
                    Fixture.floats("torchvision/" + architecture.architectureName() + ".output.npy"));
        }
    }

    @Test
    void trainingNormalizesByTheBatchAndKeepsStatistics() {
        try (TorchScriptModel model = ResNet.RESNET18.build(0)) {
            fillByFormula(model);
            float[] evaluated = forward(model, 4, 96);
            model.train(true);
            float[] trained = forward(model, 4, 96);

            assertClose(trained, Fixture.floats("torchvision/resnet18.training.output.npy"));
            try (TensorScope _ = TensorScope.open()) {
                Map<String, Tensor> buffers = model.buffers();
                List<Tensor> statistics = List.of(buffers.get("bn1.running_mean"), buffers.get("bn1.running_var"),
                        buffers.get("layer4.1.bn2.running_mean"), buffers.get("layer4.1.bn2.running_var"));
                try (Value together = Operator.call("aten::cat", statistics)) {
                    assertClose(together.tensor().toFloatArray(),
                            Fixture.floats("torchvision/resnet18.training.buffers.npy"));
                }
                buffers.forEach((name, buffer) -> {
                    if (name.endsWith("num_batches_tracked")) {
                        assertThat(buffer.itemLong()).as(name).isEqualTo(1);
                    }
                });
            }
            model.train(false);
            assertThat(forward(model, 4, 96)).isNotEqualTo(evaluated);
            try (Value tracked = model.get("bn1.num_batches_tracked")) {
                assertThat(tracked.tensor().itemLong()).isEqualTo(1);
            }
        }
    }

    @Test
    void gradientsReachEveryParameter() {
        try (TorchScriptModel model = ResNet.RESNET50.build(0); TensorScope _ = TensorScope.open()) {
            model.train(true);
            Tensor output = model.call(CallSettings.GRAD, "forward", Fixture.image(2, 64)).tensor();
            Tensor loss = Operator.call(CallSettings.GRAD, "aten::logsumexp", output, new long[] {0, 1}).tensor();
            Operator.call(CallSettings.GRAD, "aten::backward", loss).close();

            model.parameters().forEach((name, parameter) -> {
                Tensor gradient = Operator.call("prim::grad", parameter).tensor();
                assertThat(gradient.shape()).as(name).containsExactly(parameter.shape());
                assertThat(Operator.call("aten::count_nonzero", gradient).tensor().itemLong()).as(name).isPositive();
            });
        }
    }

    @Test
    void aSavedModelComputesTheSame(@TempDir Path directory) {
        Path file = directory.resolve("resnet50.pt");
        try (TorchScriptModel model = ResNet.RESNET50.build(3)) {
            model.save(file);
            try (TorchScriptModel loaded = Model.load(file)) {
                assertThat(forward(loaded, 1, 64)).isEqualTo(forward(model, 1, 64));
                assertThat(loaded.submodules()).isEqualTo(model.submodules());
            }
        }
    }

    @Test
    void copiesOfOtherDtypesAndFrozenOnesCompute() {
        try (TorchScriptModel model = ResNet.RESNET18.build(0);
                TorchScriptModel half = model.to(DType.BFLOAT16).model();
                TorchScriptModel frozen = model.freeze();
                Tensor image = Fixture.image(1, 64);
                Tensor halfImage = image.to(DType.BFLOAT16);
                Tensor halfOutput = half.forward(halfImage)) {
            float[] exact = forward(model, 1, 64);

            assertClose(forward(frozen, 1, 64), exact);
            assertThat(halfOutput.dtype()).isEqualTo(DType.BFLOAT16);
            float largest = 0;
            for (float element : exact) {
                largest = Math.max(largest, Math.abs(element));
            }
            assertThat(halfOutput.toFloatArray()).containsExactly(exact, within(0.1f * largest));
            try (Value tracked = half.get("bn1.num_batches_tracked")) {
                assertThat(tracked.tensor().dtype()).isEqualTo(DType.INT64);
            }
        }
    }

    @Test
    void anOpenScopeOfTheCallerIsLeftAlone() {
        try (TensorScope scope = TensorScope.open(); TorchScriptModel _ = ResNet.RESNET18.build(0)) {
            assertThat(scope.size()).isZero();
        }
    }

    /** A command that is given a built-in name builds it anew for each use. */
    @Test
    void buildingIsQuick() {
        long least = Long.MAX_VALUE;
        for (int i = 0; i < 3; i++) {
            long start = System.nanoTime();
            ResNet.RESNET50.build(i).close();
            least = Math.min(least, System.nanoTime() - start);
        }
        // Measured: 0.36 s on two cores.
        assertThat(least).isLessThan(3_000_000_000L);
    }
}
