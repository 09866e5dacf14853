package dev.wick;

import static org.assertj.core.api.Assertions.assertThat;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import dev.wick.binding.NativesRequest;
import dev.wick.binding.contract.NativesAtHand;
import java.io.IOException;
import java.io.InputStream;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;

/** A test that must leave no native object behind. */
public abstract class WickCase {
    /** Skips the test where they are missing. */
    private final NativesRequest natives = NativesAtHand.request();
    private long liveBefore;

    @BeforeEach
    final void countHandles() {
        liveBefore = Engine.get().liveHandles();
    }

    @AfterEach
    final void nothingIsLeft() {
        assertThat(Engine.get().liveHandles()).as("live handles").isEqualTo(liveBefore);
    }

    /** Skips the test where this way of calling lacks a feature, with the reason that users are given. */
    protected static void assumeFeature(String feature) {
        String reason = Engine.get().missingFeatures().get(feature);
        assumeTrue(reason == null, reason);
    }

    /** Skips a test of kernels that the simulated CUDA runtime of native/tests does not have. */
    protected static void assumeRealKernels() {
        assumeTrue(!Engine.get().cudaDevices().getFirst().name().equals("Simulated"), "the device is simulated");
    }

    protected static byte[] resource(String name) {
        try (InputStream in = WickCase.class.getResourceAsStream("/archives/" + name)) {
            assertThat(in).as("archive " + name).isNotNull();
            return in.readAllBytes();
        } catch (IOException e) {
            throw new java.io.UncheckedIOException(e);
        }
    }

    protected static TorchScriptModel load(String name) {
        return load(resource(name));
    }

    protected static TorchScriptModel load(byte[] archive) {
        return load(archive, Device.CPU);
    }

    protected static TorchScriptModel load(byte[] archive, Device device) {
        try (Arena arena = Arena.ofShared()) {
            MemorySegment memory = arena.allocate(Math.max(1, archive.length)).asSlice(0, archive.length);
            memory.copyFrom(MemorySegment.ofArray(archive));
            return Model.load(memory, device);
        }
    }
}
