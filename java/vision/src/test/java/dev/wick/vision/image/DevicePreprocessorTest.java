package dev.wick.vision.image;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatExceptionOfType;
import static org.assertj.core.api.Assertions.within;

import dev.wick.DType;
import dev.wick.Device;
import dev.wick.Runner;
import dev.wick.Tensor;
import dev.wick.TorchScriptModel;
import dev.wick.binding.CallSettings;
import dev.wick.error.BadArgumentException;
import dev.wick.vision.VisionCase;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.util.Random;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/** The path on the device, here the CPU, beside the one on the host. */
class DevicePreprocessorTest extends VisionCase {
    private static PixelImage noise(int width, int height) {
        byte[] pixels = new byte[3 * width * height];
        new Random(width).nextBytes(pixels);
        return new PixelImage(width, height, pixels);
    }

    private static float[] onHost(ImagePreprocessor recipe, PixelImage image) {
        try (Tensor tensor = recipe.tensor(recipe.pixels(image), 1)) {
            return tensor.toFloatArray();
        }
    }

    @ParameterizedTest
    @CsvSource({"640, 427", "187, 411", "17, 23", "224, 224", "1, 1", "1, 50", "300, 7", "225, 224"})
    void everyPixelIsThatOfTheHost(int width, int height) {
        PixelImage image = noise(width, height);
        for (ImagePreprocessor recipe : new ImagePreprocessor[] {ImagePreprocessor.clip(64),
                ImagePreprocessor.imagenet(56)}) {
            try (DevicePreprocessor fused = DevicePreprocessor.of(recipe, Device.CPU, DType.FLOAT32);
                    Tensor output = fused.apply(image)) {
                assertThat(output.shape()).containsExactly(1, 3, recipe.height(), recipe.width());
                // A level is 1/255 of 1 before it is divided by the deviation, or 0.014.
                assertThat(output.toFloatArray()).containsExactly(onHost(recipe, image), within(1e-6f));
            }
        }
    }

    @Test
    void aPhotoIsPreparedAsOnTheHost() {
        ImagePreprocessor recipe = ImagePreprocessor.clip(224);
        PixelImage image = PixelImage.read(Pictures.PHOTO);
        try (DevicePreprocessor fused = DevicePreprocessor.of(recipe, Device.CPU, DType.FLOAT16);
                Tensor output = fused.apply(image)) {
            assertThat(output.dtype()).isEqualTo(DType.FLOAT16);
            try (Tensor widened = output.to(DType.FLOAT32)) {
                assertThat(widened.toFloatArray()).containsExactly(onHost(recipe, image), within(2e-3f));
            }
        }
    }

    @Test
    void aRunnerTakesPixelsAsTheyAre() {
        ImagePreprocessor recipe = ImagePreprocessor.imagenet(32);
        PixelImage image = noise(90, 60);
        try (DevicePreprocessor fused = DevicePreprocessor.of(recipe, Device.CPU, DType.FLOAT32);
                TorchScriptModel module = fused.forSize(90, 60);
                Runner runner = Runner.of(module, "forward").input(DType.UINT8, 2, 60, 90, 3).build()) {
            MemorySegment input = runner.input(0).segment();
            for (int i = 0; i < 2; i++) {
                MemorySegment.copy(image.pixels(), 0, input, ValueLayout.JAVA_BYTE, i * image.pixels().length,
                        image.pixels().length);
            }
            runner.run();

            float[] host = onHost(recipe, image);
            float[] both = runner.output(0).toFloatArray();
            assertThat(both).hasSize(2 * host.length);
            for (int i = 0; i < both.length; i++) {
                assertThat(both[i]).isCloseTo(host[i % host.length], within(1e-6f));
            }
        }
    }

    @Test
    void wrongPixelsAreRefused() {
        try (DevicePreprocessor fused = DevicePreprocessor.of(ImagePreprocessor.clip(8), Device.CPU, DType.FLOAT32);
                DevicePreprocessor padding = DevicePreprocessor.of(ImagePreprocessor.imagenet(4, 8), Device.CPU,
                        DType.FLOAT32);
                Tensor floats = Tensor.zeros(DType.FLOAT32, 1, 4, 4, 3);
                Tensor planar = Tensor.zeros(DType.UINT8, 1, 3, 4, 4)) {
            assertThatExceptionOfType(BadArgumentException.class)
                    .isThrownBy(() -> fused.apply(CallSettings.INFERENCE, floats))
                    .withMessageContaining("uint8 [batch, height, width, 3]").withMessageContaining("float32");
            assertThatExceptionOfType(BadArgumentException.class)
                    .isThrownBy(() -> fused.apply(CallSettings.INFERENCE, planar));
            assertThatExceptionOfType(BadArgumentException.class).isThrownBy(() -> fused.forSize(0, 4));
            assertThatExceptionOfType(BadArgumentException.class).isThrownBy(() -> padding.forSize(9, 9))
                    .withMessageContaining("padded");
            assertThatExceptionOfType(BadArgumentException.class)
                    .isThrownBy(() -> DevicePreprocessor.of(ImagePreprocessor.clip(8), Device.CPU, DType.INT32));
        }
    }
}
