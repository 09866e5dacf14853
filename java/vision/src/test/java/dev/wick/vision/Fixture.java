package dev.wick.vision;

import static org.assertj.core.api.Assertions.assertThat;

import dev.wick.DType;
import dev.wick.Tensor;
import java.io.IOException;
import java.io.InputStream;
import java.io.UncheckedIOException;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.charset.StandardCharsets;
import java.util.List;

/** What the {@code make_fixtures.py} wrote, and the formula by which it fills weights and inputs; any thread. */
final class Fixture {
    private static final int PREFIX_BYTES = 10;
    private static final long MASK = 0xFFFF_FFFFL;

    private Fixture() {
    }

    /** An entry of a state dict. */
    record Entry(String name, String dtype, List<Long> shape) {
        static Entry of(String name, Tensor tensor) {
            return new Entry(name, tensor.dtype().torchName(),
                    java.util.Arrays.stream(tensor.shape()).boxed().toList());
        }

        boolean isBuffer() {
            return name.contains("running_") || dtype.equals("int64");
        }
    }

    private static byte[] bytes(String name) {
        try (InputStream in = Fixture.class.getResourceAsStream("/" + name)) {
            assertThat(in).as("fixture " + name).isNotNull();
            return in.readAllBytes();
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    static List<Entry> stateDict(String name) {
        String text = new String(bytes(name + ".state_dict.txt"), StandardCharsets.UTF_8);
        return text.lines().map(line -> line.split(" ")).map(cells -> new Entry(cells[0], cells[1],
                java.util.Arrays.stream(cells).skip(2).map(Long::valueOf).toList())).toList();
    }

    /** The elements of a float32 array (numpy format 1.0, C order). */
    static float[] floats(String name) {
        byte[] bytes = bytes(name);
        int headerBytes = (bytes[8] & 0xff) | (bytes[9] & 0xff) << 8;
        assertThat(new String(bytes, PREFIX_BYTES, headerBytes, StandardCharsets.US_ASCII)).contains("'<f4'")
                .contains("'fortran_order': False");
        ByteBuffer content = ByteBuffer.wrap(bytes).order(ByteOrder.LITTLE_ENDIAN).position(PREFIX_BYTES + headerBytes);
        float[] elements = new float[content.remaining() / Float.BYTES];
        content.asFloatBuffer().get(elements);
        return elements;
    }

    /** Numbers from 0 up to 1: multiples of 2^-32. */
    private static double fraction(long nameHash, long index) {
        long value = index * 0x9E37_79B1L + nameHash & MASK;
        value ^= value >>> 16;
        value = value * 0x85EB_CA6BL & MASK;
        value ^= value >>> 13;
        value = value * 0xC2B2_AE35L & MASK;
        value ^= value >>> 16;
        return value / 0x1p32;
    }

    private static long nameHash(String name) {
        long value = 0x811C_9DC5L;
        for (byte letter : name.getBytes(StandardCharsets.UTF_8)) {
            value = (value ^ letter) * 0x0100_0193L & MASK;
        }
        return value;
    }

    private static void fill(Tensor tensor, String name, double scale, double offset) {
        MemorySegment memory = tensor.segment();
        long hash = nameHash(name);
        for (long i = 0; i < tensor.elementCount(); i++) {
            memory.setAtIndex(ValueLayout.JAVA_FLOAT, i, (float) (fraction(hash, i) * scale + offset));
        }
    }

    /** Fills a parameter or a buffer of floats. */
    static void fill(String name, Tensor tensor) {
        if (name.endsWith("running_var")) {
            fill(tensor, name, 1, 0.5);
        } else if (name.endsWith("running_mean") || name.endsWith("bias")) {
            fill(tensor, name, 0.2, -0.1);
        } else if (tensor.dimensions() == 4) {
            double bound = Math.sqrt(6.0 / (tensor.size(0) * tensor.size(2) * tensor.size(3)));
            fill(tensor, name, 2 * bound, -bound);
        } else if (tensor.dimensions() == 2) {
            fill(tensor, name, 0.1, -0.05);
        } else {
            fill(tensor, name, 1, 0.25);
        }
    }

    /** The input; the caller closes it. */
    static Tensor image(long batch, long size) {
        Tensor image = Tensor.empty(DType.FLOAT32, batch, 3, size, size);
        fill(image, "input", 4, -2);
        return image;
    }

    /** Rows of tokens that end with the largest one, at another place in each, and zeros behind it. */
    static long[][] texts(int rows, int context, int vocabulary) {
        long hash = nameHash("text");
        long[][] tokens = new long[rows][context];
        for (int row = 0; row < rows; row++) {
            int end = (row + 1) * (context - 1) / rows;
            for (int i = 0; i < end; i++) {
                tokens[row][i] = (long) (fraction(hash, (long) row * context + i) * (vocabulary - 2)) + 1;
            }
            tokens[row][end] = vocabulary - 1;
        }
        return tokens;
    }
}
