package dev.wick;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import dev.wick.binding.CudaHostMemory;
import dev.wick.error.BadArgumentException;
import dev.wick.error.DeviceOutOfMemoryException;
import dev.wick.error.UnsupportedFeatureException;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import org.junit.jupiter.api.Test;

/** What the allocators hold, out of memory, and page-locked memory that a copy works on. */
class CudaMemoryTest extends CudaCase {
    private static final int ELEMENTS = 1 << 20;
    private static final long BYTES = 4L * ELEMENTS;

    @Test
    void figuresFollowAllocations() {
        // A block that is cached may be larger than what it is given out for.
        DeviceMemory.trim(DEVICE);
        DeviceMemory before = DeviceMemory.of(DEVICE);
        DeviceMemory.resetPeaks(DEVICE);
        try (Tensor _ = Tensor.empty(DEVICE, DType.FLOAT32, ELEMENTS);
                Tensor _ = Tensor.empty(DEVICE, DType.FLOAT32, ELEMENTS)) {
            DeviceMemory now = DeviceMemory.of(DEVICE);
            assertThat(now.allocatedBytes().current() - before.allocatedBytes().current())
                    .isEqualTo(2 * BYTES);
            assertThat(now.stats().allocation().all().current() - before.stats().allocation().all().current()).isEqualTo(2);
            assertThat(now.requestedBytes().current() - before.requestedBytes().current())
                    .isEqualTo(2 * BYTES);
            assertThat(now.reservedBytes().current()).isGreaterThanOrEqualTo(now.allocatedBytes().current());
            assertThat(now.stats().allocatedBytes().small().current() + now.stats().allocatedBytes().large().current())
                    .isEqualTo(now.allocatedBytes().current());
        }
        DeviceMemory after = DeviceMemory.of(DEVICE);
        assertThat(after.allocatedBytes().current()).isEqualTo(before.allocatedBytes().current());
        assertThat(after.allocatedBytes().peak() - before.allocatedBytes().current()).isEqualTo(2 * BYTES);
        DeviceMemory.resetPeaks(DEVICE);
        assertThat(DeviceMemory.of(DEVICE).allocatedBytes().peak())
                .isEqualTo(after.allocatedBytes().current());
        DeviceMemory.trim(DEVICE);
        assertThat(DeviceMemory.of(DEVICE).reservedBytes().current())
                .isLessThanOrEqualTo(after.reservedBytes().current());
    }

    @Test
    void outOfMemoryHasItsFiguresAndTheEngineGoesOn() {
        long total = Engine.get().cudaDevices().getFirst().totalBytes();
        try (Tensor held = Tensor.empty(DEVICE, DType.FLOAT32, ELEMENTS)) {
            assertThatThrownBy(() -> Tensor.empty(DEVICE, DType.UINT8, 2 * total))
                    .isInstanceOfSatisfying(DeviceOutOfMemoryException.class, e -> {
                        assertThat(e.requestedBytes()).isGreaterThanOrEqualTo(2 * total);
                        assertThat(e.allocatedBytes()).isGreaterThanOrEqualTo(BYTES);
                        assertThat(e.reservedBytes()).isGreaterThanOrEqualTo(e.allocatedBytes());
                        assertThat(e.limitBytes()).isEqualTo(total);
                        assertThat(e.freeBytes()).isBetween(0L, total);
                        assertThat(e.largestFreeBlockBytes()).isNotNegative();
                    });
            Operator.call("aten::zero_", held).close();
            assertThat(first(held)).isZero();
        }
    }

    @Test
    void theDevicesMemoryIsSplit() {
        try (Tensor _ = Tensor.empty(DEVICE, DType.FLOAT32, ELEMENTS)) {
            DeviceUse use = DeviceMemory.use(DEVICE);
            assertThat(use.allocatorBytes() + use.workspaceBytes().orElse(0) + use.graphBytes())
                    .isEqualTo(DeviceMemory.of(DEVICE).reservedBytes().current());
            assertThat(use.freeBytes().getAsLong()).isBetween(0L, use.totalBytes().getAsLong() - BYTES);
            if (use.obstacle().isPresent()) {
                assertThat(use.obstacle().get()).isNotBlank();
            } else {
                assertThat(use.contextBytes().getAsLong()).isPositive();
                assertThat(use.freeBytes().getAsLong() + use.systemBytes().getAsLong()
                        + use.otherProcessesBytes().getAsLong() + use.allocatorBytes() + use.workspaceBytes().orElse(0) + use.graphBytes()
                        + use.contextBytes().getAsLong()).isEqualTo(use.totalBytes().getAsLong());
            }
        }
    }

    @Test
    void aShareOfTheDeviceIsALimit() {
        long total = Engine.get().cudaDevices().getFirst().totalBytes();
        assertThat(DeviceMemory.fraction(DEVICE)).isEqualTo(1);
        DeviceMemory.setFraction(DEVICE, 0.25);
        try {
            assertThat(DeviceMemory.fraction(DEVICE)).isEqualTo(0.25);
            long refused = DeviceMemory.of(DEVICE).stats().numOoms();
            assertThatThrownBy(() -> Tensor.empty(DEVICE, DType.UINT8, total / 2))
                    .isInstanceOf(DeviceOutOfMemoryException.class);
            assertThat(DeviceMemory.of(DEVICE).stats().numOoms()).isEqualTo(refused + 1);
            for (double wrong : new double[] {-0.1, 1.1, Double.NaN}) {
                assertThatThrownBy(() -> DeviceMemory.setFraction(DEVICE, wrong))
                        .isInstanceOf(BadArgumentException.class);
            }
        } finally {
            DeviceMemory.setFraction(DEVICE, 1);
        }
    }

    private static double first(Tensor tensor) {
        try (Tensor first = tensor.slice(0, 0, 1)) {
            return first.item();
        }
    }

    /** LibTorch rounds page-locked blocks up to a power of two and keeps them. */
    @Test
    void pageLockedMemoryIsCountedAndTrimmed() {
        hostMemory();
        Cuda.trimHostMemory();
        CudaHostMemory before = hostMemory();
        try (Tensor image = Tensor.pinned(DType.FLOAT32, 1, 3, 224, 224)) {
            CudaHostMemory now = hostMemory();
            assertThat(image.byteSize()).isEqualTo(602_112);
            assertThat(now.allocatedBytes().current() - before.allocatedBytes().current()).isEqualTo(1 << 20);
            assertThat(now.allocations().current() - before.allocations().current()).isEqualTo(1);
            assertThat(now.activeBytes().current() - before.activeBytes().current()).isEqualTo(1 << 20);
        }
        assertThat(hostMemory().allocatedBytes().current() - before.allocatedBytes().current()).as("cached")
                .isEqualTo(1 << 20);
        Cuda.trimHostMemory();
        assertThat(hostMemory().allocatedBytes().current()).isEqualTo(before.allocatedBytes().current());
        assertThat(hostMemory().numHostFree()).isGreaterThan(before.numHostFree());
    }

    @Test
    void workspacesAreFreedAndTheirSizesSaid() {
        Cuda.freeWorkspaces();
        long before = DeviceMemory.of(DEVICE).allocatedBytes().current();
        Cuda.freeWorkspaces();
        assertThat(DeviceMemory.of(DEVICE).allocatedBytes().current()).isEqualTo(before);
        try {
            assertThat(Cuda.workspaces().cublasBytes()).isPositive();
            assertThat(Cuda.workspaces().cublasLtBytes()).isPositive();
        } catch (UnsupportedFeatureException e) {
            assumeTrue(false, e.getMessage());
        }
    }

    private static CudaHostMemory hostMemory() {
        try {
            return Cuda.hostMemory();
        } catch (UnsupportedFeatureException e) {
            assumeTrue(false, e.getMessage());
            throw e;
        }
    }

    @Test
    void aSlotWaitsForItsCopy() {
        try (CudaStream stream = CudaStream.take(DEVICE);
                PinnedBuffer buffer = PinnedBuffer.allocate(DEVICE, 2, DType.FLOAT32, ELEMENTS);
                Tensor there = Tensor.empty(DEVICE, DType.FLOAT32, ELEMENTS)) {
            for (int round = 0; round < 20; round++) {
                int slot = round % 2;
                MemorySegment memory = buffer.segment(slot);
                memory.setAtIndex(ValueLayout.JAVA_FLOAT, ELEMENTS - 1, round);
                buffer.copyTo(slot, there, stream);
                buffer.copyFrom(1 - slot, there, stream);
                assertThat(buffer.segment(1 - slot).getAtIndex(ValueLayout.JAVA_FLOAT, ELEMENTS - 1)).isEqualTo(round);
                assertThat(buffer.isFree(slot)).as("the copy before it on the stream").isTrue();
            }
            assertThat(buffer.slotByteSize()).isEqualTo(BYTES);
        }
    }

    @Test
    void copiesOfASlotFollowEachOtherAcrossStreams() {
        try (CudaStream first = CudaStream.take(DEVICE);
                CudaStream second = CudaStream.take(DEVICE);
                PinnedBuffer buffer = PinnedBuffer.allocate(DEVICE, 1, DType.FLOAT32, ELEMENTS);
                Tensor one = Tensor.empty(DEVICE, DType.FLOAT32, ELEMENTS);
                Tensor two = Tensor.empty(DEVICE, DType.FLOAT32, ELEMENTS)) {
            Operator.call("aten::zero_", one).close();
            Operator.call("aten::zero_", two).close();
            Cuda.synchronize(DEVICE);
            buffer.segment(0).setAtIndex(ValueLayout.JAVA_FLOAT, 0, 7);
            buffer.copyTo(0, one, first);
            // Into the slot, on another stream: must not overtake the copy out of it.
            buffer.copyFrom(0, two, second);
            assertThat(buffer.segment(0).getAtIndex(ValueLayout.JAVA_FLOAT, 0)).isZero();
            first.synchronize();
            assertThat(first(one)).isEqualTo(7);
        }
    }

    @Test
    void closingWaitsForTheCopyInFlight() {
        float[] elements = counted(ELEMENTS);
        try (CudaStream stream = CudaStream.take(DEVICE);
                Tensor there = Tensor.empty(DEVICE, DType.FLOAT32, ELEMENTS)) {
            PinnedBuffer buffer = PinnedBuffer.allocate(DEVICE, 1, DType.FLOAT32, ELEMENTS);
            MemorySegment.copy(elements, 0, buffer.segment(0), ValueLayout.JAVA_FLOAT, 0, ELEMENTS);
            buffer.copyTo(0, there, stream);
            buffer.close();
            buffer.close();
            // The next taker of the block writes other elements into it.
            try (Tensor next = Tensor.pinned(DType.FLOAT32, ELEMENTS)) {
                next.segment().fill((byte) 0);
                stream.synchronize();
                assertElements(there, elements);
            }
            assertThatThrownBy(() -> buffer.segment(0)).isInstanceOf(IllegalStateException.class);
        }
    }

    @Test
    void slotsThatAreNotThere() {
        assertThatThrownBy(() -> PinnedBuffer.allocate(DEVICE, 0, DType.FLOAT32, 1))
                .isInstanceOf(BadArgumentException.class);
        try (PinnedBuffer buffer = PinnedBuffer.allocate(DEVICE, 1, DType.FLOAT32, 1)) {
            assertThatThrownBy(() -> buffer.segment(1)).isInstanceOf(BadArgumentException.class);
        }
    }
}
