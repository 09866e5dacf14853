package dev.wick.study.embedding;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.within;

import dev.wick.DType;
import dev.wick.Optimization;
import dev.wick.study.NativeCase;
import dev.wick.study.StudyProgress;
import dev.wick.study.UnfinishedRuns;
import dev.wick.vision.BatchEncoder;
import dev.wick.vision.ClipArchitecture;
import dev.wick.vision.ClipConfiguration;
import dev.wick.vision.ClipConfiguration.Activation;
import dev.wick.vision.ClipConfiguration.TransformerTower;
import dev.wick.vision.ClipModel;
import dev.wick.vision.image.ImageBatches;
import dev.wick.vision.image.PictureFailure;
import java.awt.image.BufferedImage;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.util.ArrayList;
import java.util.List;
import java.util.Random;
import java.util.stream.Stream;
import javax.imageio.ImageIO;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** Pictures through a model, ended at any point and gone on with. */
class PictureEncodingTest extends NativeCase {
    private static final ClipArchitecture TINY = new ClipArchitecture("tiny", new ClipConfiguration(16, 32,
            new TransformerTower(1, 64, 16), 77, 600, 64, 1, 1, Activation.QUICK_GELU));
    private static final int PICTURES = 41;
    private static final String MODEL = "tiny 1";

    @TempDir
    private Path directory;
    private final List<Path> files = new ArrayList<>();
    private ClipModel clip;

    /** Some broken, and one of each kind twice. */
    @BeforeEach
    void pictures() throws IOException {
        Random random = new Random(5);
        for (int i = 0; i < PICTURES; i++) {
            Path file = directory.resolve(i + ".png");
            if (i % 9 == 4) {
                Files.writeString(file, "not a picture");
            } else {
                BufferedImage image = new BufferedImage(36, 34, BufferedImage.TYPE_INT_RGB);
                int color = random.nextInt(1 << 24);
                for (int at = 0; at < 36 * 34; at++) {
                    image.setRGB(at % 36, at / 36, at % 7 == 0 ? 0 : color);
                }
                ImageIO.write(image, "png", file.toFile());
            }
            files.add(file);
        }
        files.add(13, files.get(4));
        files.add(30, files.get(20));
        clip = ClipModel.of(TINY.build(1), DType.FLOAT32);
    }

    @AfterEach
    void close() {
        clip.close();
    }

    private record Output(Path file, float[] row) {
    }

    /** What somebody who kills it sees. */
    private static final class Killed extends RuntimeException {
        private static final long serialVersionUID = 1L;
    }

    private final List<Output> outputs = new ArrayList<>();
    private final List<PictureFailure> failures = new ArrayList<>();
    private ImageBatches.Summary summary;

    /** @return how many were taken over */
    private long encode(UnfinishedRuns runs, String model, int endAfter, boolean forget) {
        outputs.clear();
        failures.clear();
        int[] step = {0};
        StudyProgress killer = (_, _, total) -> {
            assertThat(total).isEqualTo(files.size());
            if (++step[0] == endAfter) {
                throw new Killed();
            }
        };
        try (BatchEncoder encoder = clip.images(4, Optimization.NONE)) {
            PictureEncoding encoding = new PictureEncoding(encoder, clip.preprocessor()).progress("encoding", killer)
                    .failures(failures::add).keeping(runs, model);
            summary = encoding.encode(files, (file, row) -> outputs.add(new Output(file, row)));
            if (forget) {
                encoding.forget();
            }
            return encoding.resumed();
        }
    }

    private void assertWhole(List<Output> expected, List<PictureFailure> expectedFailures) {
        assertThat(outputs).hasSameSizeAs(expected);
        for (int i = 0; i < expected.size(); i++) {
            assertThat(outputs.get(i).file()).isEqualTo(expected.get(i).file());
            assertThat(outputs.get(i).row()).containsExactly(expected.get(i).row(), within(1e-5f));
        }
        assertThat(failures).containsExactlyElementsOf(expectedFailures);
        assertThat(summary.pictures()).isEqualTo(expected.size());
        assertThat(summary.failed()).isEqualTo(expectedFailures.size());
        assertThat(summary.failures()).containsExactlyElementsOf(expectedFailures);
    }

    private static List<Path> in(Path folder) throws IOException {
        try (Stream<Path> all = Files.list(folder)) {
            return all.toList();
        }
    }

    @Test
    void goesOnAfterAnEndAtAnyPoint() throws IOException {
        encode(UnfinishedRuns.none(), MODEL, -1, true);
        List<Output> expected = List.copyOf(outputs);
        List<PictureFailure> expectedFailures = List.copyOf(failures);
        assertThat(expectedFailures).hasSize(6);
        Random random = new Random(3);
        long resumed = 0;
        for (int round = 0; round < 25; round++) {
            Path folder = directory.resolve("runs" + round);
            UnfinishedRuns runs = UnfinishedRuns.in(folder);
            for (int end = 0; end < 3; end++) {
                int after = 1 + random.nextInt(20);
                try {
                    encode(runs, MODEL, after, true);
                } catch (Killed _) {
                    // As it was meant to.
                }
            }
            resumed += encode(runs, MODEL, -1, true);
            assertWhole(expected, expectedFailures);
            assertThat(in(folder)).isEmpty();
        }
        assertThat(resumed).isGreaterThan(25 * 10);
    }

    @Test
    void whatIsCompleteIsTakenOverUntilItIsForgotten() {
        UnfinishedRuns runs = UnfinishedRuns.in(directory.resolve("runs"));
        encode(runs, MODEL, -1, false);
        List<Output> expected = List.copyOf(outputs);
        List<PictureFailure> expectedFailures = List.copyOf(failures);

        assertThat(encode(runs, MODEL, -1, true)).isEqualTo(files.size());
        assertWhole(expected, expectedFailures);
        assertThat(encode(runs, MODEL, -1, true)).isZero();
        assertWhole(expected, expectedFailures);
    }

    @Test
    void otherModelsAndChangedPicturesBeginAnew() throws IOException {
        UnfinishedRuns runs = UnfinishedRuns.in(directory.resolve("runs"));
        encode(runs, MODEL, -1, false);

        assertThat(encode(runs, "tiny 2", -1, true)).isZero();
        Files.write(files.get(3), new byte[] {1}, StandardOpenOption.APPEND);
        assertThat(encode(runs, MODEL, -1, true)).isZero();
    }

    @Test
    void noStudyFailsForWhatIsKept() throws IOException {
        Path folder = directory.resolve("runs");
        UnfinishedRuns runs = UnfinishedRuns.in(folder);
        encode(runs, MODEL, -1, false);
        List<Output> expected = List.copyOf(outputs);
        List<PictureFailure> expectedFailures = List.copyOf(failures);
        Path names = in(folder).stream().filter(each -> each.toString().endsWith(".names")).findFirst().orElseThrow();

        // Names that are no places of pictures.
        Files.writeString(names, Files.readAllLines(names).getFirst() + "\n+\tseven\n");
        assertThat(encode(runs, MODEL, -1, false)).isZero();
        assertWhole(expected, expectedFailures);
        Files.writeString(names, Files.readAllLines(names).getFirst() + "\n-\t1000000\tbroken\n");
        assertThat(encode(runs, MODEL, -1, false)).isZero();
        assertWhole(expected, expectedFailures);
        // Another's.
        Files.writeString(names, "something else\n");
        assertThat(encode(runs, MODEL, -1, false)).isZero();
        assertWhole(expected, expectedFailures);
        // Nowhere to write.
        Path inTheWay = Files.writeString(directory.resolve("file"), "in the way");
        assertThat(encode(UnfinishedRuns.in(inTheWay), MODEL, -1, true)).isZero();
        assertWhole(expected, expectedFailures);
    }

    @Test
    void twoAtATimeDoNotMeet() throws IOException {
        Path folder = directory.resolve("runs");
        UnfinishedRuns runs = UnfinishedRuns.in(folder);
        assertThatThrownBy(() -> encode(runs, MODEL, 20, true)).isInstanceOf(Killed.class);
        Path rows = in(folder).stream().filter(each -> !each.toString().endsWith(".names")).findFirst().orElseThrow();
        long kept = Files.size(rows);
        assertThat(kept).isPositive();
        try (RowJournal _ = new RowJournal(rows, KeptRows.IDENTITY, clip.configuration().embeddingSize())) {
            assertThat(encode(runs, MODEL, -1, true)).isZero();
        }
        assertThat(Files.size(rows)).isEqualTo(kept);
        assertThat(encode(runs, MODEL, -1, true)).isPositive();
    }
}
