package dev.wick.study.embedding;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.wick.Tensor;
import dev.wick.error.BadArgumentException;
import dev.wick.study.NativeCase;
import dev.wick.vision.file.Npy;
import dev.wick.vision.weights.StateDict;
import java.io.IOException;
import java.nio.channels.FileChannel;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.util.ArrayList;
import java.util.List;
import java.util.Random;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class EmbeddingJournalTest extends NativeCase {
    @TempDir
    private Path directory;

    private static float[][] row(int number) {
        return new float[][] {{number, number + 0.5f, -number}};
    }

    private static String name(int number) {
        return "picture " + number + ".jpg";
    }

    @Test
    void writesWhatItWasGiven() throws IOException {
        Path out = directory.resolve("f.npy");
        try (EmbeddingJournal journal = EmbeddingJournal.open(out, "model a", 3)) {
            journal.add(List.of(name(0), name(1)), new float[][] {row(0)[0], row(1)[0]});
            journal.fail("bad\tname.jpg", "it is\nempty");
            journal.add(List.of(name(2)), row(2));
            journal.finish();
        }
        try (Tensor features = Npy.read(out)) {
            assertThat(features.shape()).containsExactly(3, 3);
            assertThat(features.toFloatArray()).containsExactly(0, 0.5f, 0, 1, 1.5f, -1, 2, 2.5f, -2);
        }
        assertThat(Files.readAllLines(directory.resolve("f.npy.names.txt"))).containsExactly(name(0), name(1), name(2));
        try (var left = Files.list(directory)) {
            assertThat(left.map(each -> each.getFileName().toString())).containsExactlyInAnyOrder("f.npy",
                    "f.npy.names.txt");
        }
    }

    @Test
    void writesSafetensors() throws IOException {
        Path out = directory.resolve("f.safetensors");
        try (EmbeddingJournal journal = EmbeddingJournal.open(out, "model a", 3)) {
            journal.add(List.of(name(7)), row(7));
            journal.finish();
        }
        try (StateDict read = StateDict.readIntoMemory(out)) {
            assertThat(read.tensor("features").toFloatArray()).containsExactly(7, 7.5f, -7);
        }
    }

    /** Whatever was cut off either file, no row is lost that counts, none is there twice, and none is another's. */
    @Test
    void goesOnAfterAnEndAtAnyPoint() throws IOException {
        Random random = new Random(11);
        for (int round = 0; round < 60; round++) {
            Path out = directory.resolve("r" + round + ".npy");
            List<String> all = new ArrayList<>();
            for (int i = 0; i < 40; i++) {
                all.add(name(i));
            }
            int ends = 0;
            boolean finished = false;
            while (!finished) {
                try (EmbeddingJournal journal = EmbeddingJournal.open(out, "model", 3)) {
                    List<String> left = journal.left(all);
                    assertThat(journal.rows() + journal.failed().size()).isEqualTo(journal.resumed());
                    int stop = ends < 4 ? random.nextInt(left.size() + 1) : left.size();
                    for (String each : left.subList(0, stop)) {
                        int number = all.indexOf(each);
                        if (number % 7 == 3) {
                            journal.fail(each, "broken");
                        } else {
                            journal.add(List.of(each), row(number));
                        }
                    }
                    if (stop == left.size() && ends >= 4) {
                        journal.finish();
                        finished = true;
                    }
                }
                if (!finished) {
                    ends++;
                    cut(directory.resolve("r" + round + ".npy.partial"), random);
                    cut(directory.resolve("r" + round + ".npy.partial.names"), random);
                }
            }
            List<String> names = Files.readAllLines(directory.resolve("r" + round + ".npy.names.txt"));
            assertThat(names).doesNotHaveDuplicates().hasSize(40 - 6);
            try (Tensor features = Npy.read(out)) {
                float[] values = features.toFloatArray();
                for (int i = 0; i < names.size(); i++) {
                    assertThat(values[3 * i]).isEqualTo(all.indexOf(names.get(i)));
                }
            }
        }
    }

    private static void cut(Path file, Random random) throws IOException {
        try (FileChannel channel = FileChannel.open(file, StandardOpenOption.WRITE)) {
            // Not into the first line: a process that ends there has done nothing yet.
            channel.truncate(Math.max(Math.min(channel.size(), 40), channel.size() - random.nextInt(60)));
        }
    }

    @Test
    void refusesWhatWasMadeOtherwise() throws IOException {
        Path out = directory.resolve("f.npy");
        try (EmbeddingJournal journal = EmbeddingJournal.open(out, "model a", 3)) {
            journal.add(List.of(name(0)), row(0));
            assertThatThrownBy(() -> EmbeddingJournal.open(out, "model a", 3)).isInstanceOf(BadArgumentException.class)
                    .hasMessageContaining("another process is writing");
        }
        assertThatThrownBy(() -> EmbeddingJournal.open(out, "model b", 3)).isInstanceOf(BadArgumentException.class)
                .hasMessageContaining("other settings").hasMessageContaining("model a");
        EmbeddingJournal.forget(out);
        try (EmbeddingJournal journal = EmbeddingJournal.open(out, "model b", 3)) {
            assertThat(journal.resumed()).isZero();
            assertThatThrownBy(journal::finish).isInstanceOf(BadArgumentException.class)
                    .hasMessageContaining("no row was made");
        }
        assertThatThrownBy(() -> EmbeddingJournal.open(directory.resolve("f.csv"), "model", 3))
                .isInstanceOf(BadArgumentException.class).hasMessageContaining(".npy or .safetensors");
    }
}
