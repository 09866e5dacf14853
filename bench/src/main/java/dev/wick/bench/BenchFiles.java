package dev.wick.bench;

import dev.wick.DType;
import dev.wick.Device;
import dev.wick.Operator;
import dev.wick.Tensor;
import java.io.IOException;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.nio.file.Files;
import java.nio.file.Path;

/** The files that benchmarks read and write. */
final class BenchFiles {
    private static final int NPY_LENGTH_AT = 8;
    private static final int NPY_HEADER_AT = 10;
    /** Of a result, about so many are written. */
    private static final long WRITTEN_ELEMENTS = 1 << 20;

    private BenchFiles() {
    }

    /** An archive by its name without ".pt": from -Dwick.bench.archives, where make_archives.py put it. */
    static Path archive(String name) {
        Path path = Path.of(System.getProperty("wick.bench.archives", "bench/target/archives"), name + ".pt");
        if (!Files.exists(path)) {
            throw new IllegalStateException("no archive " + path.toAbsolutePath() + ": make it with bench/make_archives.py, "
                    + "or name its directory by -Dwick.bench.archives");
        }
        return path;
    }

    /** An archive of the tests' own, which is always there: {@code tiny} is one addition. */
    static Path testArchive(String name) {
        return Path.of(System.getProperty("wick.bench.root", "."), "bindings/api/src/test/resources/archives", name + ".pt");
    }

    /** Fills a float32 tensor from an array file of version 1 with as many elements. */
    static void readNpy(Path file, Tensor tensor) throws IOException {
        byte[] bytes = Files.readAllBytes(file);
        int header = NPY_HEADER_AT + (bytes[NPY_LENGTH_AT] & 0xff) + ((bytes[NPY_LENGTH_AT + 1] & 0xff) << 8);
        if (tensor.dtype() != DType.FLOAT32 || bytes.length - header != tensor.byteSize()) {
            throw new IOException(file + " does not hold " + tensor);
        }
        MemorySegment.copy(bytes, header, tensor.segment(), ValueLayout.JAVA_BYTE, 0, bytes.length - header);
    }

    /** Writes elements of a tensor as float32: all of them, or as many as suffice to compare it, evenly spread. */
    static void writeSpread(Tensor tensor, Path file) throws IOException {
        long elements = tensor.elementCount();
        // Odd, so that it falls on every row and on every column of a tile.
        long step = elements <= WRITTEN_ELEMENTS ? 1 : elements / WRITTEN_ELEMENTS | 1;
        try (Tensor row = tensor.reshape(elements);
                Tensor some = Operator.call("aten::slice", row, 0, null, null, step).tensor();
                Tensor floats = some.to(DType.FLOAT32);
                Tensor here = floats.to(Device.CPU);
                Tensor dense = Operator.call("aten::contiguous", here).tensor()) {
            Files.write(file, dense.segment().toArray(ValueLayout.JAVA_BYTE));
        }
    }
}
