package dev.wick;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import dev.wick.binding.CudaHostMemory;
import dev.wick.binding.CudaMemory;
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
        Cuda.trimMemory();
        CudaMemory before = Cuda.memory(DEVICE);
        Cuda.resetPeakMemory(DEVICE);
        try (Tensor _ = Tensor.empty(DEVICE, DType.FLOAT32, ELEMENTS);
                Tensor _ = Tensor.empty(DEVICE, DType.FLOAT32, ELEMENTS)) {
            CudaMemory now = Cuda.memory(DEVICE);
            assertThat(now.allocatedBytes().all().current() - before.allocatedBytes().all().current())
                    .isEqualTo(2 * BYTES);
            assertThat(now.allocation().all().current() - before.allocation().all().current()).isEqualTo(2);
            assertThat(now.requestedBytes().all().current() - before.requestedBytes().all().current())
                    .isEqualTo(2 * BYTES);
            assertThat(now.reservedBytes().all().current()).isGreaterThanOrEqualTo(now.allocatedBytes().all().current());
            assertThat(now.allocatedBytes().small().current() + now.allocatedBytes().large().current())
                    .isEqualTo(now.allocatedBytes().all().current());
            assertThat(now.deviceFreeBytes()).isLessThanOrEqualTo(now.deviceTotalBytes());
        }
        CudaMemory after = Cuda.memory(DEVICE);
        assertThat(after.allocatedBytes().all().current()).isEqualTo(before.allocatedBytes().all().current());
        assertThat(after.allocatedBytes().all().peak() - before.allocatedBytes().all().current()).isEqualTo(2 * BYTES);
        Cuda.resetPeakMemory(DEVICE);
        assertThat(Cuda.memory(DEVICE).allocatedBytes().all().peak())
                .isEqualTo(after.allocatedBytes().all().current());
        Cuda.trimMemory();
        assertThat(Cuda.memory(DEVICE).reservedBytes().all().current())
                .isLessThanOrEqualTo(after.reservedBytes().all().current());
    }

    @Test
    void outOfMemoryHasItsFiguresAndTheEngineGoesOn() {
        long total = Cuda.memory(DEVICE).deviceTotalBytes();
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
        long before = Cuda.memory(DEVICE).allocatedBytes().all().current();
        Cuda.freeWorkspaces();
        assertThat(Cuda.memory(DEVICE).allocatedBytes().all().current()).isEqualTo(before);
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
