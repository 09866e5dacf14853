package dev.wick;

import static org.assertj.core.api.Assertions.assertThat;

import java.lang.foreign.MemorySegment;
import java.nio.charset.StandardCharsets;
import java.util.Arrays;

/** Reads the suite's own float32 arrays (numpy format 1.0, C order). */
final class Npy {
    private static final int PREFIX_BYTES = 10;

    private Npy() {
    }

    static Tensor floats(String name) {
        byte[] bytes = WickCase.resource(name);
        int headerBytes = (bytes[8] & 0xff) | (bytes[9] & 0xff) << 8;
        String header = new String(bytes, PREFIX_BYTES, headerBytes, StandardCharsets.US_ASCII);
        assertThat(header).contains("'<f4'").contains("'fortran_order': False");
        long[] shape = Arrays.stream(header.substring(header.indexOf('(') + 1, header.indexOf(')')).split(","))
                .filter(size -> !size.isBlank()).mapToLong(size -> Long.parseLong(size.strip())).toArray();
        Tensor tensor = Tensor.empty(DType.FLOAT32, shape);
        tensor.segment().copyFrom(MemorySegment.ofArray(bytes).asSlice(PREFIX_BYTES + headerBytes));
        return tensor;
    }
}
