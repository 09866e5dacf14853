package dev.wick;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.wick.error.ModelUnreadableException;
import dev.wick.error.WickException;
import java.io.ByteArrayInputStream;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.FileSystem;
import java.nio.file.FileSystems;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.Random;
import java.util.concurrent.TimeUnit;
import java.util.function.BiFunction;
import java.util.zip.CRC32;
import java.util.zip.ZipEntry;
import java.util.zip.ZipInputStream;
import java.util.zip.ZipOutputStream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** Archives that are none, are damaged, or are nested: each is an error, and the JVM goes on. */
class TorchArchiveTest extends WickCase {
    private static final long SEED = 20_260_101;

    @Test
    void whatIsNoArchiveSaysWhatItIs(@TempDir Path directory) throws Exception {
        assertThatThrownBy(() -> Model.load(directory.resolve("missing.pt")))
                .isInstanceOf(ModelUnreadableException.class).hasMessageContaining("no such file");
        assertThatThrownBy(() -> Model.load(directory)).hasMessageContaining("directory");
        Path text = Files.writeString(directory.resolve("text.pt"), "this is no archive");
        assertThatThrownBy(() -> Model.load(text)).hasMessageContaining("not a TorchScript archive")
                .hasMessageContaining("text.pt");
        Path empty = Files.createFile(directory.resolve("empty.pt"));
        assertThatThrownBy(() -> Model.load(empty)).hasMessageContaining("empty");
        assertThatThrownBy(() -> load("statedict.pth")).hasMessageContaining("state dict");
        assertThatThrownBy(() -> load(new byte[] {(byte) 0x80, 2, '}', '.'})).hasMessageContaining("pickle");
    }

    @Test
    void allArchivesOfTheSuitePass() {
        for (String name : new String[] {"tiny.pt", "mlp.pt", "classifier.pt", "structures.pt", "noforward.pt",
                "halfcuda.pt", "clip-vit-mini.f16.cuda.pt", "clip-rn-mini.f16.cuda.pt", "resnet-small.pt"}) {
            load(name).close();
        }
    }

    @Test
    void whatTorchItselfWritesPasses(@TempDir Path directory) throws Exception {
        Path saved = directory.resolve("saved.pt");
        try (TorchScriptModel model = load("classifier.pt")) {
            model.save(saved);
        }
        Model.load(saved).close();
        Model.load(new ByteArrayInputStream(Files.readAllBytes(saved)), Device.CPU).close();
    }

    @Test
    void everyTruncationIsAnError(@TempDir Path directory) throws Exception {
        byte[] whole = savedBytes(directory);
        Random random = new Random(SEED);
        for (int i = 0; i < 300; i++) {
            byte[] cut = java.util.Arrays.copyOf(whole, random.nextInt(whole.length));
            assertThatThrownBy(() -> load(cut)).isInstanceOf(ModelUnreadableException.class);
        }
    }

    @Test
    void everyBitFlipThatAReaderSeesIsAnError(@TempDir Path directory) throws Exception {
        byte[] whole = savedBytes(directory);
        Random random = new Random(SEED);
        // Up to seven bits fill the last byte of a deflate stream; no reader looks at them and no checksum holds them.
        int unseen = 0;
        for (int i = 0; i < 10_000; i++) {
            int bit = random.nextInt(whole.length * 8);
            whole[bit / 8] ^= (byte) (1 << bit % 8);
            try (TorchScriptModel model = load(whole)) {
                unseen++;
                assertSameModel(model, "bit %d of byte %d".formatted(bit % 8, bit / 8));
            } catch (ModelUnreadableException e) {
                assertThat(e).hasMessageContaining("in memory");
            }
            whole[bit / 8] ^= (byte) (1 << bit % 8);
        }
        assertThat(unseen).isLessThan(20);
    }

    private static void assertSameModel(TorchScriptModel model, String what) {
        try (Tensor input = Npy.floats("mlp.forward.input.0.npy"); Tensor output = model.forward(input);
                Tensor expected = Npy.floats("mlp.forward.output.npy")) {
            assertThat(TensorDifference.between(output, expected).maximum()).as(what).isLessThan(1e-5);
        }
    }

    /** LibTorch reads the file a second time, and no checksum: what was verified must be what it got. */
    @Test
    void anotherFilePutInItsPlaceWhileItLoadsIsNeverLoaded(@TempDir Path directory) throws Exception {
        byte[] whole = savedBytes(directory);
        byte[] altered = whole.clone();
        // The weights fill most of the file: a model that LibTorch reads without a word, with other outputs.
        for (int i = 0, at = whole.length / 2 & ~3; i < 64; i++) {
            altered[at + 4 * i + 3] ^= (byte) 0xc0;
        }
        Random random = new Random(SEED);
        long loading = 1_000_000;
        int refused = 0;
        for (int i = 0; i < 200; i++) {
            Path file = Files.write(directory.resolve(i + ".pt"), whole);
            Path other = Files.write(directory.resolve("other.pt"), altered);
            long delay = (long) (loading * random.nextDouble());
            Thread replacing = Thread.ofPlatform().start(() -> replaceAfter(delay, other, file));
            long start = System.nanoTime();
            try (TorchScriptModel model = Model.load(file)) {
                loading = System.nanoTime() - start;
                assertSameModel(model, "replaced after %d ns".formatted(delay));
            } catch (ModelUnreadableException e) {
                refused++;
                assertThat(e.getMessage()).contains(file.toString()).containsAnyOf("damaged", "changed");
            } finally {
                replacing.interrupt();
                replacing.join();
            }
            Files.delete(file);
        }
        assertThat(refused).as("loads that met another file").isPositive();
    }

    private static void replaceAfter(long nanoseconds, Path other, Path file) {
        try {
            TimeUnit.NANOSECONDS.sleep(nanoseconds);
            Files.move(other, file, StandardCopyOption.ATOMIC_MOVE);
        } catch (InterruptedException e) {
            // The model was loaded before.
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    @Test
    void aFileThatOnlyJavaKnowsIsLoaded(@TempDir Path directory) throws Exception {
        Path archives = directory.resolve("archives.zip");
        try (FileSystem zip = FileSystems.newFileSystem(archives, Map.of("create", "true"))) {
            Path inside = Files.write(zip.getPath("mlp.pt"), resource("mlp.pt"));
            try (TorchScriptModel model = Model.load(inside)) {
                assertSameModel(model, "in a zip file");
            }
            Path damaged = Files.write(zip.getPath("damaged.pt"), java.util.Arrays.copyOf(resource("mlp.pt"), 1000));
            assertThatThrownBy(() -> Model.load(damaged)).isInstanceOf(ModelUnreadableException.class)
                    .hasMessageContaining("damaged.pt");
        }
    }

    /** An archive as torch.jit.save writes it, headers and padding included. */
    private static byte[] savedBytes(Path directory) throws IOException {
        Path saved = directory.resolve("saved.pt");
        try (TorchScriptModel model = load("mlp.pt")) {
            model.save(saved);
        }
        return Files.readAllBytes(saved);
    }

    @Test
    void arbitraryBytesAreAnErrorOrAModel() {
        byte[] whole = resource("tiny.pt");
        Random random = new Random(SEED);
        int refused = 0;
        for (int i = 0; i < 10_000; i++) {
            byte[] altered = whole.clone();
            int edits = 1 + random.nextInt(8);
            for (int edit = 0; edit < edits; edit++) {
                int at = random.nextInt(altered.length);
                switch (random.nextInt(3)) {
                    case 0 -> altered[at] = (byte) random.nextInt();
                    case 1 -> {
                        int length = Math.min(random.nextInt(64), altered.length - at);
                        System.arraycopy(whole, random.nextInt(whole.length - length), altered, at, length);
                    }
                    default -> altered = java.util.Arrays.copyOf(altered, Math.max(1, at));
                }
            }
            try {
                load(altered).close();
            } catch (WickException e) {
                refused++;
            }
        }
        assertThat(refused).isGreaterThan(9_000);
    }

    @ParameterizedTest
    @ValueSource(strings = {"(", "[", "-", "not ", "1 + ", "x if b else "})
    void deeplyNestedSourceIsRefused(String nested) {
        String expression = switch (nested) {
            case "(" -> "(".repeat(20_000) + "x" + ")".repeat(20_000);
            case "[" -> "[".repeat(20_000) + "]".repeat(20_000);
            default -> nested.repeat(20_000) + "x";
        };
        byte[] archive = rewrite(resource("tiny.pt"), (name, content) -> name.endsWith(".py")
                ? new String(content, StandardCharsets.UTF_8).replace("return", "y = " + expression + "\n    return")
                        .getBytes(StandardCharsets.UTF_8) : content);
        assertThatThrownBy(() -> load(archive)).isInstanceOf(ModelUnreadableException.class)
                .hasMessageContaining("nested");
    }

    @Test
    void deeplyNestedBlocksAreRefused() {
        StringBuilder blocks = new StringBuilder();
        for (int depth = 0; depth < 3000; depth++) {
            blocks.append("  ".repeat(depth + 2)).append("if True:\n");
        }
        blocks.append("  ".repeat(3002)).append("pass\n");
        byte[] archive = rewrite(resource("tiny.pt"), (name, content) -> name.endsWith(".py")
                ? new String(content, StandardCharsets.UTF_8).replace("    return", blocks + "    return")
                        .getBytes(StandardCharsets.UTF_8) : content);
        assertThatThrownBy(() -> load(archive)).isInstanceOf(ModelUnreadableException.class)
                .hasMessageContaining("nested");
    }

    @ParameterizedTest
    @ValueSource(ints = {20_000, 1_000_000})
    void deeplyNestedPicklesAreRefused(int depth) {
        ByteArrayOutputStream pickle = new ByteArrayOutputStream();
        pickle.writeBytes(new byte[] {(byte) 0x80, 2});
        for (int i = 0; i < depth; i++) {
            pickle.write(']');
        }
        for (int i = 1; i < depth; i++) {
            pickle.write('a');
        }
        pickle.write('.');
        byte[] archive = rewrite(resource("tiny.pt"),
                (name, content) -> name.endsWith("data.pkl") ? pickle.toByteArray() : content);
        assertThatThrownBy(() -> load(archive)).isInstanceOf(ModelUnreadableException.class)
                .hasMessageContaining("nested");
    }

    @Test
    void moderateNestingLoadsOnTheDeepStack() {
        String expression = "(".repeat(900) + "x" + ")".repeat(900);
        byte[] archive = rewrite(resource("tiny.pt"), (name, content) -> name.endsWith(".py")
                ? new String(content, StandardCharsets.UTF_8).replace("return", "y = " + expression + "\n    return")
                        .getBytes(StandardCharsets.UTF_8) : content);
        try {
            load(archive).close();
        } catch (ModelUnreadableException e) {
            assertThat(e).hasMessageNotContaining("nested");
        }
    }

    @Test
    void aRepackedArchiveLoads() {
        load(rewrite(resource("mlp.pt"), (name, content) -> content)).close();
    }

    @Test
    void structuresThatLieAreAnErrorOrAModel() {
        byte[] whole = resource("mlp.pt");
        Random random = new Random(SEED);
        for (int i = 0; i < 300; i++) {
            byte[] archive = rewrite(whole, (name, content) -> {
                if (!name.endsWith(".py") || content.length == 0) {
                    return content;
                }
                byte[] altered = content.clone();
                altered[random.nextInt(altered.length)] = (byte) (32 + random.nextInt(95));
                return altered;
            });
            try {
                load(archive).close();
            } catch (WickException e) {
                assertThat(e.getMessage()).isNotBlank();
            }
        }
    }

    /** Writes an archive anew, with right checksums, after changing its records. */
    private static byte[] rewrite(byte[] archive, BiFunction<String, byte[], byte[]> change) {
        Map<String, byte[]> records = new LinkedHashMap<>();
        try (ZipInputStream in = new ZipInputStream(new ByteArrayInputStream(archive))) {
            for (ZipEntry entry = in.getNextEntry(); entry != null; entry = in.getNextEntry()) {
                records.put(entry.getName(), in.readAllBytes());
            }
            ByteArrayOutputStream bytes = new ByteArrayOutputStream();
            try (ZipOutputStream out = new ZipOutputStream(bytes)) {
                out.setMethod(ZipOutputStream.STORED);
                for (Map.Entry<String, byte[]> record : records.entrySet()) {
                    byte[] content = change.apply(record.getKey(), record.getValue());
                    CRC32 crc = new CRC32();
                    crc.update(content);
                    ZipEntry entry = new ZipEntry(record.getKey());
                    entry.setSize(content.length);
                    entry.setCrc(crc.getValue());
                    entry.setTime(0);
                    out.putNextEntry(entry);
                    out.write(content);
                    out.closeEntry();
                }
            }
            return bytes.toByteArray();
        } catch (IOException e) {
            throw new java.io.UncheckedIOException(e);
        }
    }
}
