package dev.wick;

import static org.assertj.core.api.Assertions.assertThat;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import dev.wick.binding.TorchBinding;
import java.util.Arrays;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Tag;

/** A test that needs a CUDA device, and is skipped where there is none. */
@Tag("gpu")
abstract class CudaCase extends WickCase {
    static final Device DEVICE = Device.cuda(0);

    @BeforeEach
    final void assumeDevice() {
        assumeFeature(TorchBinding.CUDA);
        assumeTrue(!Engine.get().cudaDevices().isEmpty(), "LibTorch sees no CUDA device");
        // What an earlier test left in the default stream may be at work on memory that this one is given.
        Cuda.synchronize(DEVICE);
    }

    static TorchScriptModel onDevice(String archive) {
        try (java.lang.foreign.Arena arena = java.lang.foreign.Arena.ofShared()) {
            byte[] bytes = resource(archive);
            var memory = arena.allocate(bytes.length);
            memory.copyFrom(java.lang.foreign.MemorySegment.ofArray(bytes));
            return Model.load(memory, DEVICE);
        }
    }

    static Tensor pinned(float... elements) {
        Tensor tensor = Tensor.pinned(DType.FLOAT32, elements.length);
        java.lang.foreign.MemorySegment.copy(elements, 0, tensor.segment(), java.lang.foreign.ValueLayout.JAVA_FLOAT, 0,
                elements.length);
        return tensor;
    }

    static float[] counted(int count) {
        float[] elements = new float[count];
        for (int i = 0; i < count; i++) {
            elements[i] = i;
        }
        return elements;
    }

    static void assertElements(Tensor tensor, float... expected) {
        // Millions of elements: AssertJ's own comparison looks for each in all the others.
        float[] found = tensor.toFloatArray();
        int at = Arrays.mismatch(found, expected);
        assertThat(at).as(() -> "first difference: " + (at < found.length ? found[at] : "end") + " where "
                + (at < expected.length ? expected[at] : "end") + " was expected").isEqualTo(-1);
    }
}
