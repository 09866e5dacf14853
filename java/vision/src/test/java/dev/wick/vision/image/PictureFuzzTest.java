package dev.wick.vision.image;

import static org.assertj.core.api.Assertions.assertThat;
import static org.junit.jupiter.api.Assertions.assertTimeoutPreemptively;

import java.time.Duration;
import java.util.Arrays;
import java.util.List;
import java.util.Random;
import org.junit.jupiter.api.Test;

/** Damaged files give a picture or one clear error. */
class PictureFuzzTest {
    private static final int FILES = 10_000;
    private static final long SEED = 20_261_122;
    /** A file may say that it is larger than it is. */
    private static final long MOST_PIXELS = 4_000_000;

    @Test
    void damagedFilesGiveAPictureOrAnError() {
        Random random = new Random(SEED);
        List<String> names = Pictures.names();
        ImagePreprocessor recipe = ImagePreprocessor.clip(16).withMaximumPixels(MOST_PIXELS);
        int read = 0;
        int refused = 0;
        for (int i = 0; i < FILES; i++) {
            String name = names.get(i % names.size());
            byte[] bytes = damaged(Pictures.kind(name), random);
            String what = "file " + i + " of " + name;
            try {
                PixelImage image = assertTimeoutPreemptively(Duration.ofSeconds(20), () -> recipe.pixels(bytes, what),
                        what);
                assertThat(image.pixels()).hasSize(3 * 16 * 16);
                read++;
            } catch (PictureException e) {
                assertThat(e.getMessage()).startsWith("cannot read picture " + what + ": ").hasSizeLessThan(1000);
                assertThat(e.reason()).isNotBlank();
                refused++;
            }
        }
        assertThat(read).isGreaterThan(1000);
        assertThat(refused).isGreaterThan(1000);
    }

    private static byte[] damaged(byte[] whole, Random random) {
        byte[] bytes = whole.clone();
        switch (random.nextInt(5)) {
            case 0 -> bytes = Arrays.copyOf(bytes, random.nextInt(bytes.length));
            case 1 -> {
                int from = random.nextInt(bytes.length);
                int count = Math.min(bytes.length - from, 1 + random.nextInt(64));
                for (int i = 0; i < count; i++) {
                    bytes[from + i] = (byte) random.nextInt();
                }
            }
            case 2 -> {
                // Headers are where sizes and kinds stand.
                for (int i = 0; i < 1 + random.nextInt(4); i++) {
                    bytes[random.nextInt(Math.min(bytes.length, 200))] = (byte) random.nextInt();
                }
            }
            default -> {
                for (int i = 0; i < 1 + random.nextInt(8); i++) {
                    bytes[random.nextInt(bytes.length)] ^= (byte) (1 << random.nextInt(8));
                }
            }
        }
        return bytes;
    }
}
