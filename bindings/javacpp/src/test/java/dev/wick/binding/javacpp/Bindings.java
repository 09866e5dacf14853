package dev.wick.binding.javacpp;

import dev.wick.binding.BoxedValue;
import dev.wick.binding.Handle;
import dev.wick.binding.NativesRequest;
import dev.wick.binding.TorchBinding;
import java.io.IOException;
import java.io.InputStream;
import java.io.UncheckedIOException;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.nio.file.Files;
import java.nio.file.Path;

/** The one binding of the test JVM, and the contract suite's archives. */
final class Bindings {
    static final int FLOAT32 = 6;
    private static TorchBinding opened;

    private Bindings() {
    }

    static synchronized TorchBinding opened() {
        if (opened == null) {
            opened = new JavacppProvider().open(NativesRequest.presets("the test"));
        }
        return opened;
    }

    static byte[] archive(String name) {
        try (InputStream in = Bindings.class.getResourceAsStream("/archives/" + name)) {
            return in.readAllBytes();
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    static Handle load(byte[] archive) {
        try (Arena arena = Arena.ofConfined()) {
            MemorySegment memory = arena.allocate(Math.max(1, archive.length), 64).asSlice(0, archive.length);
            memory.copyFrom(MemorySegment.ofArray(archive));
            return opened().loadModule(memory, 0, -1, false);
        }
    }

    static Handle tensor(float... elements) {
        Handle tensor = opened().emptyTensor(new long[] {elements.length}, FLOAT32, 0, -1,
                dev.wick.binding.GradMode.NO_GRAD);
        memory(tensor).copyFrom(MemorySegment.ofArray(elements));
        return tensor;
    }

    static MemorySegment memory(Handle tensor) {
        var description = opened().describe(tensor);
        return MemorySegment.ofAddress(description.data())
                .reinterpret(description.elementCount() * description.elementSize());
    }

    static Handle tensorOf(BoxedValue value) {
        return ((BoxedValue.TensorValue) value).tensor();
    }

    /** Bytes of this process that are in memory. */
    static long residentBytes() {
        try {
            return Long.parseLong(Files.readString(Path.of("/proc/self/statm")).split(" ")[1]) * 4096;
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }
}
