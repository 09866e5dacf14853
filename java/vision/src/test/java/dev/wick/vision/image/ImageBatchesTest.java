package dev.wick.vision.image;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatExceptionOfType;

import dev.wick.error.BadArgumentException;
import dev.wick.vision.VisionCase;
import java.io.IOException;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Collections;
import java.util.Iterator;
import java.util.List;
import java.util.concurrent.CancellationException;
import java.util.concurrent.atomic.AtomicLong;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class ImageBatchesTest extends VisionCase {
    private static final ImagePreprocessor RECIPE = ImagePreprocessor.clip(16);

    @TempDir
    private Path folder;

    private Path picture(String kind, String name) throws IOException {
        return Files.write(folder.resolve(name), Pictures.kind(kind));
    }

    private static float[] expected(List<Path> files) {
        float[] all = new float[files.size() * 3 * 16 * 16];
        try (Arena arena = Arena.ofConfined()) {
            MemorySegment memory = arena.allocate(Math.max(4, all.length * 4L), 4);
            for (int i = 0; i < files.size(); i++) {
                RECIPE.write(files.get(i), memory.asSlice(i * RECIPE.byteSize()));
            }
            MemorySegment.copy(memory, ValueLayout.JAVA_FLOAT, 0, all, 0, all.length);
        }
        return all;
    }

    @Test
    void picturesComeInOrderAndDamagedOnesAreReported() throws IOException {
        List<Path> files = new ArrayList<>();
        List<Path> good = new ArrayList<>();
        for (int i = 0; i < 23; i++) {
            Path file = picture(i % 2 == 0 ? "rgb.png" : "tall_420_30.jpg", i + ".img");
            files.add(file);
            good.add(file);
        }
        files.add(3, Files.write(folder.resolve("empty.png"), new byte[0]));
        files.add(9, folder);
        files.add(25, folder.resolve("gone.jpg"));
        List<Path> seen = new ArrayList<>();
        List<Integer> sizes = new ArrayList<>();
        List<PictureFailure> failures = new ArrayList<>();
        List<ImageBatches.Progress> progress = new ArrayList<>();

        ImageBatches.Summary summary = ImageBatches.of(RECIPE, 5).threads(3).failures(failures::add)
                .progress(progress::add).forEach(files, batch -> {
                    assertThat(batch.index()).isEqualTo(sizes.size());
                    assertThat(batch.tensor().shape()).containsExactly(batch.size(), 3, 16, 16);
                    assertThat(batch.tensor().toFloatArray()).isEqualTo(expected(batch.files()));
                    seen.addAll(batch.files());
                    sizes.add(batch.size());
                });

        assertThat(seen).isEqualTo(good);
        assertThat(sizes).containsExactly(5, 5, 5, 5, 3);
        assertThat(summary).isEqualTo(new ImageBatches.Summary(23, 5, 3, failures));
        assertThat(failures).extracting(PictureFailure::file).containsExactly(files.get(3), folder, files.get(25));
        assertThat(failures).extracting(PictureFailure::reason)
                .containsExactly("the file is empty", "it is a directory",
                "there is no such file");
        assertThat(progress).hasSize(26).last().isEqualTo(new ImageBatches.Progress(26, 3));
    }

    @Test
    void itReadsNoFurtherAheadThanABatchAndTwoFilesAThread() throws IOException {
        Path file = picture("rgb.png", "a.png");
        AtomicLong taken = new AtomicLong();
        Iterable<Path> endless = () -> new Iterator<>() {
            @Override
            public boolean hasNext() {
                return true;
            }

            @Override
            public Path next() {
                taken.incrementAndGet();
                return file;
            }
        };
        AtomicLong done = new AtomicLong();

        assertThatExceptionOfType(IllegalStateException.class).isThrownBy(() -> ImageBatches.of(RECIPE, 4).threads(2)
                .forEach(endless, batch -> {
                    assertThat(taken.get()).isLessThanOrEqualTo(done.addAndGet(batch.size()) + 4 + 2 * 2);
                    if (batch.index() == 20) {
                        throw new IllegalStateException("enough");
                    }
                })).withMessage("enough");

        assertThat(done.get()).isEqualTo(84);
        assertThat(Thread.getAllStackTraces().keySet()).noneMatch(each -> each.getName().startsWith("wick-pictures-"));
    }

    @Test
    void batchesGoIntoTheCallersMemory() throws IOException {
        List<Path> files = Collections.nCopies(5, picture("grey.png", "a.png"));
        try (Arena arena = Arena.ofConfined()) {
            MemorySegment memory = arena.allocate(2 * RECIPE.byteSize(), 4);
            List<Integer> sizes = new ArrayList<>();
            ImageBatches.of(RECIPE, 2).into(memory).forEach(files, batch -> {
                assertThat(batch.tensor()).isNull();
                assertThat(batch.memory()).isEqualTo(memory);
                sizes.add(batch.size());
                assertThat(Arrays.copyOf(memory.toArray(ValueLayout.JAVA_FLOAT), batch.size() * 768))
                        .isEqualTo(expected(batch.files()));
            });
            assertThat(sizes).containsExactly(2, 2, 1);
            assertThatExceptionOfType(BadArgumentException.class)
                    .isThrownBy(() -> ImageBatches.of(RECIPE, 3).into(memory));
        }
    }

    @Test
    void noFilesAreNoBatches() {
        assertThat(ImageBatches.of(RECIPE, 2).forEach(List.of(), _ -> {
            throw new AssertionError();
        })).isEqualTo(new ImageBatches.Summary(0, 0, 0, List.of()));
    }

    @Test
    void anInterruptEndsIt() throws IOException {
        List<Path> files = Collections.nCopies(50, picture("rgb.png", "a.png"));
        Thread.currentThread().interrupt();
        try {
            assertThatExceptionOfType(CancellationException.class)
                    .isThrownBy(() -> ImageBatches.of(RECIPE, 2).forEach(files, _ -> { }));
            assertThat(Thread.currentThread().isInterrupted()).isTrue();
        } finally {
            Thread.interrupted();
        }
    }

    @Test
    void anInterruptEndsItThoughAllIsDecoded() throws IOException {
        List<Path> files = Collections.nCopies(4, picture("rgb.png", "a.png"));
        int[] batches = {0};
        try {
            assertThatExceptionOfType(CancellationException.class)
                    .isThrownBy(() -> ImageBatches.of(RECIPE, 1).threads(1).forEach(files, _ -> {
                        batches[0]++;
                        try {
                            // Long enough for the others to be there.
                            Thread.sleep(500);
                        } catch (InterruptedException e) {
                            throw new IllegalStateException(e);
                        }
                        Thread.currentThread().interrupt();
                    }));
            assertThat(Thread.currentThread().isInterrupted()).isTrue();
            assertThat(batches[0]).isEqualTo(1);
        } finally {
            Thread.interrupted();
        }
    }
}
