package dev.wick.vision.image;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatExceptionOfType;

import dev.wick.Tensor;
import dev.wick.error.BadArgumentException;
import dev.wick.vision.VisionCase;
import java.io.IOException;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.List;
import java.util.Random;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;
import org.junit.jupiter.params.provider.ValueSource;

/** Against pixels of torchvision 0.21 with Pillow 11.1. */
class ImagePreprocessorTest extends VisionCase {
    private static Path file(String name) {
        if (name.equals("photo")) {
            return Pictures.PHOTO;
        }
        Path png = Pictures.FOLDER.resolve(name + ".png");
        return Files.exists(png) ? png : Pictures.FOLDER.resolve(name + ".jpg");
    }

    @ParameterizedTest
    @ValueSource(strings = {"photo", "exact224", "exif_rot6", "gradient_landscape", "gray_tiny", "noise_portrait",
            "palette"})
    void clipsPixelsEqualPillows(String name) {
        PixelImage image = ImagePreprocessor.clip(224).pixels(file(name));

        assertThat(Pictures.largestDifference(image.pixels(), Pictures.unzipped(name + ".clip.gz"))).isZero();
    }

    @ParameterizedTest
    @ValueSource(strings = {"photo", "gray_tiny", "palette"})
    void imageNetsPixelsEqualPillows(String name) {
        PixelImage image = ImagePreprocessor.imagenet(256, 224).pixels(file(name));

        assertThat(Pictures.largestDifference(image.pixels(), Pictures.unzipped(name + ".imagenet.gz"))).isZero();
    }

    static List<String> kinds() {
        return Pictures.names();
    }

    @ParameterizedTest
    @MethodSource("kinds")
    void everyKindOfFileIsPreparedAsPillowDoes(String name) {
        PixelImage clip = ImagePreprocessor.clip(Pictures.SIZE).pixels(Pictures.kind(name), name);
        PixelImage imagenet = ImagePreprocessor.imagenet(Pictures.RESIZED, Pictures.SIZE)
                .pixels(Pictures.kind(name), name);

        assertThat(Pictures.largestDifference(clip.pixels(), Pictures.kind(name + ".clip"))).isZero();
        assertThat(Pictures.largestDifference(imagenet.pixels(), Pictures.kind(name + ".imagenet"))).isZero();
    }

    @Test
    void allKindsAreThere() {
        assertThat(Pictures.names()).hasSizeGreaterThan(65);
    }

    /** Of a matrix with every weight, in the widest arithmetic, for all of the result. */
    @ParameterizedTest
    @MethodSource("filters")
    void resizedWindowsEqualTheSlowWholeResult(ResizeFilter filter) {
        Random random = new Random(4);
        List<Picture.Mode> modes = List.of(Picture.Mode.GREY, Picture.Mode.RGB, Picture.Mode.CMYK);
        for (int i = 0; i < 420; i++) {
            // Now and then more rows and columns than are turned at a time.
            boolean large = i % 20 == 0;
            int width = 1 + random.nextInt(large ? 400 : 40);
            int height = 1 + random.nextInt(large ? 600 : 40);
            int toWidth = 1 + random.nextInt(large ? 200 : 40);
            int toHeight = 1 + random.nextInt(40);
            Picture.Mode mode = modes.get(random.nextInt(modes.size()));
            int bands = mode.bands();
            byte[] samples = new byte[bands * width * height];
            random.nextBytes(samples);
            int left = random.nextInt(toWidth);
            int top = random.nextInt(toHeight);
            PillowResize.Window window = new PillowResize.Window(left, top, 1 + random.nextInt(toWidth - left),
                    1 + random.nextInt(toHeight - top));
            byte[] whole = slowly(slowly(samples, width, height, bands, toWidth, filter, false), toWidth, height,
                    bands, toHeight, filter, true);

            Picture resized = PillowResize.resize(new Picture(mode, width, height, samples, null), filter, toWidth,
                    toHeight, window);

            assertThat(resized.samples()).as("%s of %d x %d to %d x %d, %s", mode, width, height, toWidth, toHeight,
                    window).isEqualTo(cropped(whole, toWidth, bands, window));
        }
    }

    private static byte[] cropped(byte[] samples, int width, int bands, PillowResize.Window window) {
        byte[] kept = new byte[bands * window.width() * window.height()];
        for (int y = 0; y < window.height(); y++) {
            System.arraycopy(samples, bands * ((window.top() + y) * width + window.left()), kept,
                    bands * y * window.width(), bands * window.width());
        }
        return kept;
    }

    static ResizeFilter[] filters() {
        return ResizeFilter.values();
    }

    private static byte[] slowly(byte[] samples, int width, int height, int bands, int to, ResizeFilter filter,
            boolean vertical) {
        int inputs = vertical ? height : width;
        double scale = (double) inputs / to;
        double wide = Math.max(1, scale);
        int lines = vertical ? width : height;
        byte[] result = new byte[bands * lines * to];
        for (int o = 0; o < to; o++) {
            double centre = (o + 0.5) * scale;
            double[] weights = new double[inputs];
            double sum = 0;
            for (int i = 0; i < inputs; i++) {
                // Pillow leaves out what is beyond the support by its rounding of the ends.
                boolean inside = i >= (int) Math.max(0, centre - filter.support() * wide + 0.5)
                        && i < (int) (centre + filter.support() * wide + 0.5);
                weights[i] = inside ? filter.at((i - centre + 0.5) * (1.0 / wide)) : 0;
                sum += weights[i];
            }
            for (int line = 0; line < lines; line++) {
                for (int band = 0; band < bands; band++) {
                    long total = 1L << 21;
                    for (int i = 0; i < inputs; i++) {
                        int at = vertical ? i * width + line : line * width + i;
                        total += (samples[at * bands + band] & 0xff) * Math.round(weights[i] / sum * (1 << 22));
                    }
                    int at = vertical ? o * width + line : line * to + o;
                    result[at * bands + band] = (byte) Math.clamp(total >> 22, 0, 255);
                }
            }
        }
        return result;
    }

    @Test
    void sizesAndEdgesAreRoundedAsTorchvisionDoes() {
        // int(224 * 427 / 640 ...) of Python, and round half to even of (335 - 224) / 2.
        assertThat(PreprocessedSize.of(640, 427, 224, 224, 224)).isEqualTo(new PreprocessedSize(335, 224,
                new PillowResize.Window(56, 0, 224, 224), 0, 0, false));
        assertThat(PreprocessedSize.of(187, 411, 224, 224, 224)).isEqualTo(new PreprocessedSize(224, 492,
                new PillowResize.Window(0, 134, 224, 224), 0, 0, false));
        assertThat(PreprocessedSize.of(4, 10, 3, 5, 5)).isEqualTo(new PreprocessedSize(3, 7,
                new PillowResize.Window(0, 1, 3, 5), 1, 0, true));
    }

    @Test
    void aLongAndNarrowPictureTakesNoMoreThanTheCrop() {
        byte[] samples = new byte[3 * 60_000];
        Arrays.fill(samples, (byte) 77);
        PixelImage image = ImagePreprocessor.clip(448).pixels(new PixelImage(60_000, 1, samples));

        assertThat(image.width()).isEqualTo(448);
        for (byte each : image.pixels()) {
            assertThat(each).isEqualTo((byte) 77);
        }
    }

    @Test
    void whatIsSmallerThanTheCropIsPaddedWithBlack() {
        byte[] white = new byte[3 * 4];
        Arrays.fill(white, (byte) 255);
        PixelImage image = ImagePreprocessor.imagenet(2, 5).pixels(new PixelImage(2, 2, white));

        int[] rows = new int[5];
        for (int i = 0; i < 25; i++) {
            rows[i / 5] += image.pixels()[3 * i] & 1;
        }
        assertThat(rows).containsExactly(0, 2, 2, 0, 0);
    }

    @Test
    void tensorIsNormalisedAndRepeatedOverTheBatch() {
        byte[] pixels = new byte[3 * 4];
        pixels[0] = (byte) 255;
        pixels[4] = (byte) 128;
        try (Tensor tensor = ImagePreprocessor.imagenet(2).tensor(new PixelImage(2, 2, pixels), 2)) {
            float[] values = tensor.toFloatArray();

            assertThat(tensor.shape()).containsExactly(2, 3, 2, 2);
            assertThat(values[0]).isEqualTo((1f - 0.485f) / 0.229f);
            assertThat(values[5]).isEqualTo((128 / 255f - 0.456f) / 0.224f);
            assertThat(values[8]).isEqualTo(-0.406f / 0.225f);
            assertThat(Arrays.copyOfRange(values, 12, 24)).isEqualTo(Arrays.copyOf(values, 12));
        }
        float[] other = {0.5f, 0.5f, 0.5f};
        try (Tensor tensor = ImagePreprocessor.clip(2).withNormalization(other, other)
                .tensor(new PixelImage(2, 2, pixels), 1)) {
            assertThat(tensor.toFloatArray()[0]).isEqualTo(1f);
            assertThat(tensor.toFloatArray()[1]).isEqualTo(-1f);
        }
    }

    @Test
    void aFileIsWrittenIntoTheCallersMemory() {
        ImagePreprocessor recipe = ImagePreprocessor.clip(32);
        try (Arena arena = Arena.ofConfined(); Tensor tensor = recipe.tensor(Pictures.PHOTO)) {
            MemorySegment memory = arena.allocate(recipe.byteSize(), 4);
            recipe.write(Pictures.PHOTO, memory);

            assertThat(memory.toArray(ValueLayout.JAVA_FLOAT)).isEqualTo(tensor.toFloatArray());
            assertThatExceptionOfType(BadArgumentException.class).isThrownBy(() -> recipe.write(Pictures.PHOTO,
                    memory.asSlice(0, 100))).withMessageContaining("12288");
            assertThatExceptionOfType(BadArgumentException.class).isThrownBy(() -> recipe.write(Pictures.PHOTO,
                    memory.asReadOnly())).withMessageContaining("read-only");
        }
    }

    @Test
    void otherCropsAndSizesAreTaken() {
        PixelImage image = ImagePreprocessor.imagenet(64).withCrop(64, 32).pixels(Pictures.PHOTO);

        assertThat(image.width()).isEqualTo(64);
        assertThat(image.height()).isEqualTo(32);
        assertThatExceptionOfType(BadArgumentException.class).isThrownBy(() -> ImagePreprocessor.clip(0));
    }

    @Test
    void whatIsNoPictureIsRefused(@TempDir Path directory) throws IOException {
        assertRefused(Files.writeString(directory.resolve("a.jpg"), "no picture"), "no format");
        assertRefused(Files.write(directory.resolve("empty.png"), new byte[0]), "empty");
        assertRefused(directory.resolve("b.png"), "there is no such file");
        assertRefused(directory, "directory");
        assertRefused(Files.createSymbolicLink(directory.resolve("circle.png"), directory.resolve("circle.png")),
                "leads nowhere");
        byte[] damaged = Files.readAllBytes(Pictures.FOLDER.resolve("palette.png"));
        damaged[damaged.length / 2] ^= 1;
        assertRefused(Files.write(directory.resolve("damaged.png"), damaged), "checksum");
    }

    @ParameterizedTest
    @ValueSource(strings = {"wide_420_90.jpg", "progressive.jpg", "ycck.jpg", "grey.jpg", "rgba.png", "interlaced.png",
            "palette.gif", "interlaced.gif"})
    void aFileThatIsCutOffIsRefused(String name, @TempDir Path directory) throws IOException {
        byte[] whole = Pictures.kind(name);
        for (int share = 1; share < 8; share++) {
            Path cut = Files.write(directory.resolve(share + name), Arrays.copyOf(whole, whole.length * share / 8));
            assertRefused(cut, name);
        }
    }

    private static void assertRefused(Path file, String message) {
        assertThatExceptionOfType(PictureException.class).isThrownBy(() -> PixelImage.read(file))
                .withMessageContaining(file.toString()).withMessageContaining(message);
    }

    @Test
    void aSmallFileCannotAskForMuchMemory(@TempDir Path directory) throws IOException {
        byte[] large = Pictures.kind("wide_420_90.jpg").clone();
        for (int i = 0; i < large.length; i++) {
            if ((large[i] & 0xff) == 0xff && (large[i + 1] & 0xff) == 0xc0) {
                large[i + 5] = large[i + 7] = 0x30;
                break;
            }
        }
        assertRefused(Files.write(directory.resolve("large.jpg"), large), "cannot hold");
        assertThatExceptionOfType(PictureException.class).isThrownBy(() -> ImagePreprocessor.clip(32)
                .withMaximumPixels(1000).pixels(Pictures.PHOTO)).withMessageContaining("640 x 427");
    }
}
