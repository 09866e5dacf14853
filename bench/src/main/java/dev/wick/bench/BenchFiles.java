package dev.wick.bench;

import dev.wick.DType;
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
}
