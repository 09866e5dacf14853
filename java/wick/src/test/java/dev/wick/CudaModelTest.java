package dev.wick;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.wick.error.NotFoundException;
import dev.wick.error.TorchException;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** Tensors and models on a GPU give what they give on the CPU. */
class CudaModelTest extends CudaCase {
    /** Of the largest element: cuDNN multiplies FP32 as TF32, with as many bits as FP16 has. */
    private static final double TOLERANCE = 2e-2;

    @BeforeEach
    void needsKernels() {
        assumeRealKernels();
    }

    @Test
    void elementsTravelThereAndBack() {
        try (TensorScope _ = TensorScope.open()) {
            Tensor there = Tensor.of(new float[] {1, -2.5f, 3}, 3).to(DEVICE);
            assertThat(there.device()).isEqualTo(DEVICE);
            assertThat(there.to(DType.FLOAT16).to(Device.CPU).to(DType.FLOAT32).toFloatArray())
                    .containsExactly(1, -2.5f, 3);
        }
    }

    @ParameterizedTest
    @ValueSource(strings = {"mlp", "classifier"})
    void aModelGivesWhatItGivesOnTheCpu(String name) {
        try (TorchScriptModel here = load(name + ".pt");
                TorchScriptModel there = load(resource(name + ".pt"), DEVICE);
                TensorScope _ = TensorScope.open()) {
            Tensor input = Npy.floats(name + ".forward.input.0.npy");
            Tensor expected = here.forward(input);
            // Past the profiling run and the compiled one.
            for (int i = 0; i < 4; i++) {
                Tensor found = there.forward(input.to(DEVICE));
                assertThat(found.device()).isEqualTo(DEVICE);
                assertThat(TensorDifference.between(found, expected).within(TOLERANCE, 0)).as("call %d", i).isTrue();
            }
        }
    }

    @ParameterizedTest
    @ValueSource(strings = {"clip-vit-mini", "clip-rn-mini"})
    void publishedHalfArchivesRunInTheirHalves(String name) {
        try (TorchScriptModel model = load(resource(name + ".f16.cuda.pt"), DEVICE);
                TensorScope _ = TensorScope.open()) {
            Tensor features = model.call("encode_image", Npy.floats(name + ".image.npy").to(DEVICE)).tensor();
            assertThat(features.dtype()).isEqualTo(DType.FLOAT16);
            assertThat(TensorDifference.between(features, Npy.floats(name + ".f16.image_features.npy"))
                    .within(TOLERANCE, 0)).isTrue();
        }
    }

    @Test
    void aTensorOnTheOtherDeviceIsAnErrorAndTheModelStaysUsable() {
        try (TorchScriptModel model = load(resource("mlp.pt"), DEVICE); TensorScope _ = TensorScope.open()) {
            Tensor input = Npy.floats("mlp.forward.input.0.npy");
            assertThatThrownBy(() -> model.forward(input)).isInstanceOf(TorchException.class)
                    .hasMessageContaining("device");
            assertThat(model.forward(input.to(DEVICE)).device()).isEqualTo(DEVICE);
        }
    }

    @Test
    void aNumberThatDoesNotExistIsRefused() {
        Device beyond = Device.cuda(Engine.get().cudaDevices().size());
        assertThatThrownBy(() -> Tensor.empty(beyond, DType.FLOAT32, 1)).isInstanceOf(NotFoundException.class)
                .hasMessageContaining("no " + beyond);
    }
}
