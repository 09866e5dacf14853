package dev.wick.vision.weights;

import static org.assertj.core.api.Assertions.assertThat;

import dev.wick.Tensor;
import dev.wick.error.ModelUnreadableException;
import dev.wick.vision.VisionCase;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.InputStream;
import java.io.UncheckedIOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Collections;
import java.util.IdentityHashMap;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Random;
import java.util.zip.CRC32;
import java.util.zip.ZipEntry;
import java.util.zip.ZipFile;
import java.util.zip.ZipOutputStream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

/**
 * Mutated files: each is read or refused with the one exception type, and none asks for memory that it does not have.
 */
@Timeout(180)
class StateDictFuzzTest extends VisionCase {
    private static final int INPUTS = 10_000;
    /** Copies of what is unaligned or of the other byte order: no more than a few times the file. */
    private static final long MOST_MEMORY = 64 << 20;

    @TempDir
    private Path directory;
    /** The records of each seed. */
    private final Map<byte[], Map<String, byte[]>> recordsOf = new IdentityHashMap<>();

    /** Makes one input. */
    private interface Mutation {
        byte[] of(byte[] seed, Random random) throws IOException;
    }

    @Test
    void safetensorsAreReadOrRefused() throws IOException {
        byte[] small = """
                {"__metadata__":{"format":"pt"},"a":{"dtype":"F32","shape":[2,3],"data_offsets":[0,24]},\
                "b":{"dtype":"BOOL","shape":[],"data_offsets":[24,25]},\
                "c":{"dtype":"F16","shape":[0],"data_offsets":[25,25]}}""".getBytes(StandardCharsets.UTF_8);
        byte[] file = new byte[8 + small.length + 25];
        file[0] = (byte) small.length;
        System.arraycopy(small, 0, file, 8, small.length);
        fuzz("safetensors", List.of(file), StateDictFuzzTest::mutate);
    }

    @Test
    void legacyFilesAreReadOrRefused() throws IOException {
        fuzz("legacy", List.of(WeightsFiles.bytes("everything.legacy.pth"),
                WeightsFiles.bytes("checkpoint.legacy.pth")),
                StateDictFuzzTest::mutate);
    }

    @Test
    void zipFilesAreReadOrRefused() throws IOException {
        fuzz("zip", List.of(WeightsFiles.bytes("everything.pth"), WeightsFiles.bytes("everything.packed.pth")),
                StateDictFuzzTest::mutate);
    }

    /** Checksums catch most of the above: here the records are changed and the container is right. */
    @Test
    void wrongRecordsInRightZipFilesAreReadOrRefused() throws IOException {
        fuzz("records", List.of(WeightsFiles.bytes("everything.pth"), WeightsFiles.bytes("checkpoint.protocol4.pth"),
                WeightsFiles.bytes("everything.big_endian.pth")), this::mutateRecord);
    }

    @Test
    void indexesAreReadOrRefused() throws IOException {
        WeightsFiles.file(directory, "checkpoint.pth");
        fuzz("index", List.of(("{\"metadata\": {\"total_size\": 12}, \"weight_map\": {\"module.fc.weight\": "
                + "\"checkpoint.pth\", \"module.fc.bias\": \"checkpoint.pth\", \"module.bn.bias\": "
                + "\"checkpoint.pth\"}}").getBytes(StandardCharsets.UTF_8)), StateDictFuzzTest::mutate);
    }

    private void fuzz(String kind, List<byte[]> seeds, Mutation mutation) throws IOException {
        long seed = Long.parseLong(new String(WeightsFiles.bytes("fuzz.seed"), StandardCharsets.US_ASCII).strip());
        Random random = new Random(seed);
        int read = 0;
        int refused = 0;
        for (int i = 0; i < INPUTS; i++) {
            byte[] mutated = mutation.of(seeds.get(random.nextInt(seeds.size())), random);
            Path file = Files.write(directory.resolve(i + "-fuzz.bin"), mutated);
            try (StateDict dict = random.nextBoolean() ? StateDict.read(file) : StateDict.readIntoMemory(file)) {
                long bytes = 0;
                for (String name : dict.names()) {
                    Tensor tensor = dict.tensor(name);
                    assertThat(tensor.shape()).isEqualTo(dict.shape(name));
                    bytes += tensor.segment().byteSize();
                    for (long at = 0; at < tensor.segment().byteSize(); at += 4096) {
                        tensor.segment().get(java.lang.foreign.ValueLayout.JAVA_BYTE, at);
                    }
                }
                assertThat(bytes).isLessThan(MOST_MEMORY);
                read++;
            } catch (ModelUnreadableException e) {
                assertThat(e).hasMessageContaining("fuzz.bin");
                assertThat(e.reason()).isNotBlank();
                refused++;
            } catch (RuntimeException | Error e) {
                throw new AssertionError(kind + " input " + i + " of seed " + seed, e);
            } finally {
                Files.delete(file);
            }
        }
        assertThat(refused).as("refused").isGreaterThan(INPUTS / 10);
        assertThat(kind.equals("index") ? 1 : read).as("read").isPositive();
    }

    private static byte[] mutate(byte[] seed, Random random) {
        byte[] bytes = seed.clone();
        for (int i = 1 + random.nextInt(4); i > 0 && bytes.length > 0; i--) {
            int at = random.nextInt(bytes.length);
            switch (random.nextInt(6)) {
                case 0 -> bytes[at] ^= (byte) (1 << random.nextInt(8));
                case 1 -> bytes[at] = (byte) random.nextInt(256);
                case 2 -> bytes[at] = (byte) "0123456789(),'{}[]\":-eF\\u.)}]tRQqhKMJX ".charAt(random.nextInt(39));
                case 3 -> bytes = Arrays.copyOf(bytes, random.nextInt(bytes.length + 20));
                case 4 -> {
                    int length = 1 + random.nextInt(Math.min(40, bytes.length));
                    int from = random.nextInt(bytes.length - length + 1);
                    int to = random.nextInt(bytes.length - length + 1);
                    System.arraycopy(bytes, from, bytes, to, length);
                }
                default -> {
                    byte[] grown = new byte[bytes.length + 1 + random.nextInt(12)];
                    System.arraycopy(bytes, 0, grown, 0, at);
                    for (int j = at; j < at + grown.length - bytes.length; j++) {
                        grown[j] = (byte) ('0' + random.nextInt(10));
                    }
                    System.arraycopy(bytes, at, grown, at + grown.length - bytes.length, bytes.length - at);
                    bytes = grown;
                }
            }
        }
        return bytes;
    }

    /** By the directory: torch.save describes stored records behind them, which a stream cannot follow. */
    private Map<String, byte[]> records(byte[] zip) {
        Path file = WeightsFiles.write(directory, "seed.zip", zip);
        Map<String, byte[]> records = new LinkedHashMap<>();
        try (ZipFile in = new ZipFile(file.toFile())) {
            for (ZipEntry entry : Collections.list(in.entries())) {
                try (InputStream content = in.getInputStream(entry)) {
                    records.put(entry.getName(), content.readAllBytes());
                }
            }
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
        return records;
    }

    private byte[] mutateRecord(byte[] seed, Random random) throws IOException {
        Map<String, byte[]> records = new LinkedHashMap<>(recordsOf.computeIfAbsent(seed, this::records));
        List<String> names = new ArrayList<>(records.keySet());
        String pickle = names.stream().filter(name -> name.endsWith("data.pkl")).findFirst().orElseThrow();
        String changed = random.nextInt(4) > 0 ? pickle : names.get(random.nextInt(names.size()));
        records.put(changed, mutate(records.get(changed), random));
        ByteArrayOutputStream bytes = new ByteArrayOutputStream();
        try (ZipOutputStream out = new ZipOutputStream(bytes)) {
            for (Map.Entry<String, byte[]> record : records.entrySet()) {
                ZipEntry entry = new ZipEntry(record.getKey());
                CRC32 crc = new CRC32();
                crc.update(record.getValue());
                entry.setMethod(ZipEntry.STORED);
                entry.setSize(record.getValue().length);
                entry.setCrc(crc.getValue());
                out.putNextEntry(entry);
                out.write(record.getValue());
                out.closeEntry();
            }
        }
        return bytes.toByteArray();
    }
}
