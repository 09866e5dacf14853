package dev.wick.vision.file;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatExceptionOfType;

import dev.wick.DType;
import dev.wick.Tensor;
import dev.wick.TensorScope;
import dev.wick.vision.VisionCase;
import java.io.IOException;
import java.io.InputStream;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Random;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

class NpyTest extends VisionCase {
    private static final String FLOATS = "{'descr': '<f4', 'fortran_order': False, 'shape': (2, 3), }";
    private static final int FUZZED_INPUTS = 10_000;

    @TempDir
    private Path directory;

    private Path file(int major, String header, byte[] data) throws IOException {
        return Files.write(directory.resolve("a.npy"), bytes(major, header, data));
    }

    private static byte[] bytes(int major, String header, byte[] data) {
        byte[] text = (header + "\n").getBytes(major == 3 ? StandardCharsets.UTF_8 : StandardCharsets.ISO_8859_1);
        ByteBuffer buffer = ByteBuffer.allocate(12 + text.length + data.length).order(ByteOrder.LITTLE_ENDIAN);
        buffer.put(new byte[] {(byte) 0x93, 'N', 'U', 'M', 'P', 'Y', (byte) major, 0});
        if (major == 1) {
            buffer.putShort((short) text.length);
        } else {
            buffer.putInt(text.length);
        }
        buffer.put(text).put(data);
        return java.util.Arrays.copyOf(buffer.array(), buffer.position());
    }

    private static byte[] floats(ByteOrder order, float... values) {
        ByteBuffer buffer = ByteBuffer.allocate(4 * values.length).order(order);
        for (float value : values) {
            buffer.putFloat(value);
        }
        return buffer.array();
    }

    @ParameterizedTest
    @ValueSource(ints = {1, 2, 3})
    void everyVersionIsRead(int major) throws IOException {
        Path file = file(major, FLOATS, floats(ByteOrder.LITTLE_ENDIAN, 1, 2, 3, 4, 5, 6));

        try (Tensor tensor = Npy.read(file)) {
            assertThat(tensor.dtype()).isEqualTo(DType.FLOAT32);
            assertThat(tensor.shape()).containsExactly(2, 3);
            assertThat(tensor.toFloatArray()).containsExactly(1, 2, 3, 4, 5, 6);
        }
    }

    @Test
    void bigEndianIsTurnedRound() throws IOException {
        Path file = file(1, FLOATS.replace('<', '>'), floats(ByteOrder.BIG_ENDIAN, 1, 2, 3, 4, 5, 6));

        try (Tensor tensor = Npy.read(file)) {
            assertThat(tensor.toFloatArray()).containsExactly(1, 2, 3, 4, 5, 6);
        }
    }

    @Test
    void fortranOrderIsTurnedIntoC() throws IOException {
        Path file = file(1, FLOATS.replace("False", "True"), floats(ByteOrder.LITTLE_ENDIAN, 1, 4, 2, 5, 3, 6));

        try (Tensor tensor = Npy.read(file)) {
            assertThat(tensor.shape()).containsExactly(2, 3);
            assertThat(tensor.isContiguous()).isTrue();
            assertThat(tensor.toFloatArray()).containsExactly(1, 2, 3, 4, 5, 6);
        }
    }

    @ParameterizedTest
    @CsvSource({"|b1,BOOL,1", "|i1,INT8,1", "<i2,INT16,2", "<i4,INT32,4", "<i8,INT64,8", "|u1,UINT8,1", "<u2,UINT16,2",
            "<u4,UINT32,4", "<u8,UINT64,8", "<f2,FLOAT16,2", "<f4,FLOAT32,4", "<f8,FLOAT64,8", "<c8,COMPLEX64,8",
            "<c16,COMPLEX128,16", ">i2,INT16,2", ">u8,UINT64,8", ">c16,COMPLEX128,16", ">f2,FLOAT16,2"})
    void everyNumericDtypeIsReadAndWritten(String descr, DType dtype, int size) throws IOException {
        byte[] data = new byte[3 * size];
        for (int i = 0; i < data.length; i++) {
            data[i] = (byte) (dtype == DType.BOOL ? i % 2 : i + 1);
        }
        Path file = file(1, "{'descr': '" + descr + "', 'fortran_order': False, 'shape': (3,), }", data);
        Path copy = directory.resolve("copy.npy");

        try (TensorScope _ = TensorScope.open()) {
            Tensor tensor = Npy.read(file);
            Npy.write(copy, tensor);
            Tensor again = Npy.read(copy);

            assertThat(tensor.dtype()).isEqualTo(dtype);
            assertThat(again.dtype()).isEqualTo(dtype);
            assertThat(again.segment().mismatch(tensor.segment())).isEqualTo(-1);
        }
    }

    @Test
    void boolOtherThanZeroAndOneBecomesOne() throws IOException {
        Path file = file(1, "{'descr': '|b1', 'fortran_order': False, 'shape': (3,), }", new byte[] {0, 7, 1});

        try (Tensor tensor = Npy.read(file)) {
            assertThat(tensor.segment().toArray(java.lang.foreign.ValueLayout.JAVA_BYTE)).containsExactly(0, 1, 1);
        }
    }

    @Test
    void scalarsAndEmptyArraysAreRead() throws IOException {
        try (Tensor scalar = Npy.read(file(1, "{'descr': '<f4', 'fortran_order': False, 'shape': (), }",
                floats(ByteOrder.LITTLE_ENDIAN, 42)))) {
            assertThat(scalar.dimensions()).isZero();
            assertThat(scalar.item()).isEqualTo(42);
        }
        try (Tensor empty = Npy.read(file(1, "{'descr': '<f4', 'fortran_order': True, 'shape': (0, 3), }",
                new byte[0]))) {
            assertThat(empty.shape()).containsExactly(0, 3);
        }
    }

    @Test
    void python2sLongIntegersAreRead() throws IOException {
        try (Tensor tensor = Npy.read(file(1, "{'descr': '<f4', 'fortran_order': False, 'shape': (2L, 3L), }",
                new byte[24]))) {
            assertThat(tensor.shape()).containsExactly(2, 3);
        }
    }

    @Test
    void writtenHeadersAreNumpys() throws IOException {
        Path file = directory.resolve("w.npy");
        for (long[] shape : List.of(new long[0], new long[] {3}, new long[] {1, 2, 3})) {
            try (Tensor tensor = Tensor.zeros(DType.INT16, shape)) {
                Npy.write(file, tensor);
            }
            byte[] written = Files.readAllBytes(file);
            String header = new String(written, 10, 118, StandardCharsets.ISO_8859_1);

            assertThat(written.length % 2).isZero();
            assertThat(header).endsWith("\n").startsWith("{'descr': '<i2', 'fortran_order': False, 'shape': "
                    + switch (shape.length) {
                        case 0 -> "()";
                        case 1 -> "(3,)";
                        default -> "(1, 2, 3)";
                    } + ", }");
        }
    }

    @Test
    void bfloat16IsWrittenAsFloat32() throws IOException {
        Path file = directory.resolve("b.npy");
        try (Tensor single = Tensor.of(new float[] {1.5f, -2}, 2); Tensor half = single.to(DType.BFLOAT16)) {
            Npy.write(file, half);
        }

        try (Tensor read = Npy.read(file)) {
            assertThat(read.toFloatArray()).containsExactly(1.5f, -2);
        }
    }

    @ParameterizedTest
    @CsvSource(delimiter = ';', quoteCharacter = '`', value = {
            "{'descr': '<f4', 'fortran_order': False, 'shape': (1000000000000,), } ; needs 4000000000000 bytes",
            "{'descr': '<f4', 'fortran_order': False, 'shape': (4611686018427387904, 4), } ; 64-bit",
            "{'descr': '<f4', 'fortran_order': False, 'shape': (99999999999999999999,), } ; 64-bit",
            "{'descr': '<f4', 'fortran_order': False, 'shape': (-1, 6), } ; negative",
            "{'descr': '<f4', 'fortran_order': False, 'shape': (2, 2), } ; something stands behind",
            "{'descr': '<f4', 'fortran_order': False, 'shape': (3, 3), } ; cut off",
            "{'descr': '<f4', 'fortran_order': False, 'shape': 6, } ; '(' is missing",
            "{'descr': '<f4', 'fortran_order': False, 'shape': (6), } ; no tuple",
            "{'descr': '<f4', 'fortran_order': 0, 'shape': (2, 3), } ; neither True nor False",
            "{'descr': '|O', 'fortran_order': False, 'shape': (3,), } ; pickled",
            "{'descr': [('a', '<f4')], 'fortran_order': False, 'shape': (6,), } ; structured",
            "{'descr': '<U2', 'fortran_order': False, 'shape': (3,), } ; text",
            "{'descr': '<M8[ns]', 'fortran_order': False, 'shape': (3,), } ; date",
            "{'descr': '<V2', 'fortran_order': False, 'shape': (12,), } ; bfloat16",
            "{'descr': '<f16', 'fortran_order': False, 'shape': (1,), } ; float32 or float64",
            "{'descr': '<f4', 'shape': (2, 3), } ; lacks fortran_order",
            "{'descr': '<f4', 'descr': '<f4', 'fortran_order': False, 'shape': (2, 3), } ; twice",
            "{'descr': '<f4', 'fortran_order': False, 'shape': (2, 3), 'x': 1} ; unknown key",
            "__import__('os').system('true') ; '{' is missing",
            "{'descr': '<f4', 'fortran_order': False, 'shape': (2, 3), } {} ; behind the dictionary"})
    void hostileHeadersAreRefused(String header, String reason) throws IOException {
        Path file = file(1, header, new byte[24]);

        assertThatExceptionOfType(NpyException.class).isThrownBy(() -> Npy.read(file))
                .withMessageContaining("a.npy").withMessageContaining(reason);
    }

    @Test
    void whatIsNoNpyIsRefused() throws IOException {
        byte[] good = bytes(1, FLOATS, new byte[24]);
        List<byte[]> bad = new ArrayList<>();
        for (int length : new int[] {0, 1, 6, 8, 9, 10, 11, 12, 40}) {
            bad.add(java.util.Arrays.copyOf(good, length));
        }
        byte[] version = good.clone();
        version[6] = 9;
        bad.add(version);
        byte[] headerLength = bytes(2, FLOATS, new byte[24]);
        headerLength[11] = (byte) 0xff;
        bad.add(headerLength);
        bad.add("PK\3\4 not an array".getBytes(StandardCharsets.ISO_8859_1));
        for (byte[] content : bad) {
            Path file = Files.write(directory.resolve("bad.npy"), content);
            assertThatExceptionOfType(NpyException.class).isThrownBy(() -> Npy.read(file))
                    .withMessageStartingWith("cannot read ").withMessageContaining("bad.npy");
        }
        assertThatExceptionOfType(NpyException.class).isThrownBy(() -> Npy.read(directory));
        assertThatExceptionOfType(NpyException.class).isThrownBy(() -> Npy.read(directory.resolve("nothing")))
                .withMessageContaining("there is no such file");
    }

    /** Mutates good files; each result is read or refused with the one exception type. */
    @Test
    @Timeout(60)
    void fuzzedFilesAreReadOrRefused() throws IOException {
        Random random = new Random(seed());
        List<byte[]> seeds = List.of(
                bytes(1, FLOATS, floats(ByteOrder.LITTLE_ENDIAN, 1, 2, 3, 4, 5, 6)),
                bytes(2, "{'descr': '>c16', 'fortran_order': True, 'shape': (1, 2), }", new byte[32]),
                bytes(3, "{'descr': '|b1', 'fortran_order': False, 'shape': (), }", new byte[1]),
                bytes(1, "{'descr': '<i8', 'fortran_order': False, 'shape': (0, 5), }", new byte[0]));
        int read = 0;
        for (int i = 0; i < FUZZED_INPUTS; i++) {
            byte[] mutated = mutate(seeds.get(random.nextInt(seeds.size())), random);
            // A new file each time: file systems flush one that is cut to nothing and written again.
            Path file = Files.write(directory.resolve(i + "-fuzz.npy"), mutated);
            try (Tensor tensor = Npy.read(file)) {
                assertThat(tensor.byteSize()).isLessThanOrEqualTo(mutated.length);
                read++;
            } catch (NpyException e) {
                assertThat(e).hasMessageContaining("fuzz.npy");
            } catch (RuntimeException | Error e) {
                throw new AssertionError("input " + i + " of seed " + seed(), e);
            } finally {
                Files.delete(file);
            }
        }
        assertThat(read).isBetween(1, FUZZED_INPUTS - 1);
    }

    private static long seed() throws IOException {
        try (InputStream in = NpyTest.class.getResourceAsStream("/npy-fuzz.seed")) {
            return Long.parseLong(new String(in.readAllBytes(), StandardCharsets.US_ASCII).strip());
        }
    }

    private static byte[] mutate(byte[] seed, Random random) {
        byte[] bytes = seed.clone();
        int changes = 1 + random.nextInt(4);
        for (int i = 0; i < changes && bytes.length > 0; i++) {
            int at = random.nextInt(bytes.length);
            switch (random.nextInt(5)) {
                case 0 -> bytes[at] ^= (byte) (1 << random.nextInt(8));
                case 1 -> bytes[at] = (byte) random.nextInt(256);
                case 2 -> bytes[at] = (byte) "0123456789(),'{}[]<>|=-L:TrueFalse ".charAt(random.nextInt(34));
                case 3 -> bytes = java.util.Arrays.copyOf(bytes, random.nextInt(bytes.length + 20));
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
}
