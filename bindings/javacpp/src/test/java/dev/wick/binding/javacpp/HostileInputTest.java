package dev.wick.binding.javacpp;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.wick.binding.Handle;
import dev.wick.binding.NativesRequest;
import dev.wick.binding.TorchBinding;
import dev.wick.error.BadArgumentException;
import dev.wick.error.ModelUnreadableException;
import dev.wick.error.NativesException;
import dev.wick.error.WickException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.Random;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** What is broken is an error of Wick's, and the JVM lives. */
class HostileInputTest {
    private static final long SEED = 20260101;
    private final TorchBinding binding = Bindings.opened();

    @Test
    void truncatedArchivesAreUnreadable() {
        byte[] archive = Bindings.archive("mlp.pt");
        for (int length = 0; length < archive.length; length += Math.max(1, archive.length / 150)) {
            byte[] cut = Arrays.copyOf(archive, length);
            assertThatThrownBy(() -> Bindings.load(cut)).isInstanceOf(ModelUnreadableException.class)
                    .hasMessageNotContaining("frame #");
        }
    }

    /** The layers above verify checksums first; here a flipped weight may load. Never is it anything but an error. */
    @Test
    void flippedBitsAreAnErrorOrLoad() {
        byte[] archive = Bindings.archive("tiny.pt");
        Random random = new Random(SEED);
        int refused = 0;
        for (int i = 0; i < 400; i++) {
            byte[] flipped = archive.clone();
            flipped[random.nextInt(flipped.length)] ^= (byte) (1 << random.nextInt(8));
            try (Handle module = Bindings.load(flipped)) {
                assertThat(module.isClosed()).isFalse();
            } catch (WickException e) {
                refused++;
            }
        }
        assertThat(refused).isPositive();
    }

    @Test
    void garbageIsUnreadable() {
        Random random = new Random(SEED);
        for (int i = 0; i < 50; i++) {
            byte[] garbage = new byte[random.nextInt(5000)];
            random.nextBytes(garbage);
            assertThatThrownBy(() -> Bindings.load(garbage)).isInstanceOf(ModelUnreadableException.class);
        }
    }

    @Test
    void officialNativesAreRefused(@TempDir Path directory) throws Exception {
        Files.createDirectories(directory.resolve("lib"));
        Files.createFile(directory.resolve("lib/libtorch_cpu.so"));
        NativesRequest request = NativesRequest.official(directory.toString(), "the test");
        assertThat(new JavacppProvider().obstacle(request)).hasValueSatisfying(
                reason -> assertThat(reason).contains("presets' natives only", directory.toString(), "panama"));
        assertThatThrownBy(() -> new JavacppProvider().open(request)).isInstanceOf(NativesException.class)
                .hasMessageContaining("presets' natives only");
    }

    @Test
    void handlesOfTheWrongKindAreRefused() {
        try (Handle tensor = Bindings.tensor(1); Handle module = Bindings.load(Bindings.archive("tiny.pt"))) {
            assertThatThrownBy(() -> binding.methods(tensor)).isInstanceOf(IllegalArgumentException.class);
            assertThatThrownBy(() -> binding.describe(module)).isInstanceOf(IllegalArgumentException.class);
            assertThatThrownBy(() -> binding.run(tensor)).isInstanceOf(IllegalArgumentException.class);
            assertThatThrownBy(() -> binding.method(module, "for\0ward")).isInstanceOf(WickException.class);
            assertThatThrownBy(() -> binding.createModule("a\0b", null)).isInstanceOf(BadArgumentException.class);
        }
    }
}
