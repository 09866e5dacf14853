package dev.wick.cli;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatExceptionOfType;
import static org.assertj.core.api.Assertions.within;

import dev.wick.Tensor;
import java.io.IOException;
import java.io.InputStream;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.zip.GZIPInputStream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** Against pixels of torchvision 0.21 with Pillow 11.1. */
class ImageNetInputTest {
    private static final Path PICTURES = Path.of("src/test/resources/pictures");

    @ParameterizedTest
    @ValueSource(strings = {"gray_tiny.png", "palette.png", "exif_rot6.jpg", "../../../../../../examples/photo.jpg"})
    void pixelsEqualPillows(String file) throws IOException {
        Path picture = PICTURES.resolve(file);
        String name = picture.getFileName().toString();
        byte[] expected;
        try (InputStream in = new GZIPInputStream(Files.newInputStream(
                PICTURES.resolve(name.substring(0, name.indexOf('.')) + ".rgb.gz")))) {
            expected = in.readAllBytes();
        }

        PixelImage image = ImageNetInput.pixels(picture, 224, 224);

        assertThat(largestDifference(image.pixels(), expected)).isLessThanOrEqualTo(1);
    }

    private static int largestDifference(byte[] pixels, byte[] expected) {
        assertThat(pixels).hasSameSizeAs(expected);
        int largest = 0;
        for (int i = 0; i < pixels.length; i++) {
            largest = Math.max(largest, Math.abs((pixels[i] & 0xff) - (expected[i] & 0xff)));
        }
        return largest;
    }

    @Test
    void tensorIsNormalisedAndRepeatedOverTheBatch() {
        byte[] pixels = new byte[3 * 4];
        pixels[0] = (byte) 255;
        pixels[4] = (byte) 128;
        try (Tensor tensor = ImageNetInput.tensor(new PixelImage(2, 2, pixels), 2)) {
            float[] values = tensor.toFloatArray();

            assertThat(tensor.shape()).containsExactly(2, 3, 2, 2);
            assertThat(values[0]).isCloseTo((1f - 0.485f) / 0.229f, within(1e-6f));
            assertThat(values[5]).isCloseTo((128 / 255f - 0.456f) / 0.224f, within(1e-6f));
            assertThat(values[8]).isCloseTo(-0.406f / 0.225f, within(1e-6f));
            for (int i = 0; i < 12; i++) {
                assertThat(values[12 + i]).isEqualTo(values[i]);
            }
        }
    }

    @Test
    void otherSizesAreResizedInTheSameProportion() {
        PixelImage image = ImageNetInput.pixels(Cli.ROOT.resolve("examples/photo.jpg"), 64, 64);

        assertThat(image.width()).isEqualTo(64);
        assertThat(image.height()).isEqualTo(64);
    }

    @Test
    void whatIsNoPictureIsRefused(@TempDir Path directory) throws IOException {
        Path text = Files.writeString(directory.resolve("a.jpg"), "no picture");

        assertThatExceptionOfType(CliException.class).isThrownBy(() -> PixelImage.read(text))
                .withMessageContaining("a.jpg").withMessageContaining("no format");
        assertThatExceptionOfType(CliException.class).isThrownBy(() -> PixelImage.read(directory.resolve("b.png")))
                .withMessageContaining("there is no such file");
        byte[] whole = Files.readAllBytes(PICTURES.resolve("palette.png"));
        Path cut = Files.write(directory.resolve("cut.png"), java.util.Arrays.copyOf(whole, 40));
        assertThatExceptionOfType(CliException.class).isThrownBy(() -> PixelImage.read(cut))
                .withMessageContaining("cut.png");
    }
}
