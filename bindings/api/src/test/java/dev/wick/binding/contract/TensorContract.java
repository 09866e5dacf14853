package dev.wick.binding.contract;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.wick.binding.BoxedValue;
import dev.wick.binding.DeviceStats;
import dev.wick.binding.GradMode;
import dev.wick.binding.Handle;
import dev.wick.binding.TensorDescription;
import dev.wick.error.BadArgumentException;
import dev.wick.error.DeviceOutOfMemoryException;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.util.concurrent.CountDownLatch;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/** Tensors: made, wrapped, described, copied, cast, laid out, freed. */
class TensorContract extends ContractCase {

    @ParameterizedTest
    @CsvSource({"0,1", "1,1", "2,2", "3,4", "4,8", "5,2", "6,4", "7,8", "8,4", "9,8", "10,16", "11,1", "15,2", "23,1",
            "24,1", "25,1", "26,1", "27,2", "28,4", "29,8"})
    void everyDtypeCanBeMadeAndDescribed(int dtype, int bytes) {
        TensorDescription description = binding.describe(empty(dtype, 2, 3));
        assertThat(description.dtype()).isEqualTo(dtype);
        assertThat(description.elementSize()).isEqualTo(bytes);
        assertThat(description.sizes()).containsExactly(2, 3);
        assertThat(description.strides()).containsExactly(3, 1);
        assertThat(description.elementCount()).isEqualTo(6);
        assertThat(description.storageBytes()).isEqualTo(6L * bytes);
        assertThat(description.deviceType()).isEqualTo(DEVICE_TYPE);
        assertThat(description.has(TensorDescription.CONTIGUOUS | TensorDescription.STRIDED)).isTrue();
    }

    @ParameterizedTest
    @CsvSource({"-1", "262", "47", "2147483647", "-2147483648"})
    void aDtypeThatDoesNotExistIsRefused(int dtype) {
        assertThatThrownBy(() -> binding.emptyTensor(new long[] {1}, dtype, CPU, -1, GradMode.NO_GRAD))
                .isInstanceOf(BadArgumentException.class).hasMessageContaining(String.valueOf(dtype));
    }

    @ParameterizedTest
    @CsvSource({"-1", "99", "2147483647"})
    void aDeviceTypeThatDoesNotExistIsRefused(int deviceType) {
        assertThatThrownBy(() -> binding.emptyTensor(new long[] {1}, FLOAT32, deviceType, -1, GradMode.NO_GRAD))
                .isInstanceOf(BadArgumentException.class);
    }

    @Test
    void aNegativeSizeIsRefused() {
        assertThatThrownBy(() -> binding.emptyTensor(new long[] {2, -1}, FLOAT32, CPU, -1, GradMode.NO_GRAD))
                .isInstanceOf(BadArgumentException.class);
    }

    @Test
    void sizesThatOverflowAreRefused() {
        assertThatThrownBy(() -> binding.emptyTensor(new long[] {1L << 40, 1L << 40}, FLOAT32, CPU, -1,
                GradMode.NO_GRAD)).isInstanceOfAny(BadArgumentException.class, DeviceOutOfMemoryException.class);
    }

    @Test
    void moreMemoryThanThereIsIsOutOfMemory() {
        assertThatThrownBy(() -> binding.emptyTensor(new long[] {1L << 46}, FLOAT32, CPU, -1, GradMode.NO_GRAD))
                .isInstanceOfSatisfying(DeviceOutOfMemoryException.class,
                        e -> assertThat(e.requestedBytes()).isEqualTo(1L << 48));
        assertThat(floatsOf(floats(new float[] {1}, 1))).containsExactly(1);
    }

    @Test
    void aScalarAndAnEmptyTensorAreTensors() {
        assertThat(binding.describe(empty(FLOAT32)).elementCount()).isEqualTo(1);
        TensorDescription nothing = binding.describe(empty(FLOAT32, 0, 5));
        assertThat(nothing.elementCount()).isZero();
        assertThat(nothing.sizes()).containsExactly(0, 5);
    }

    @Test
    void upTo64DimensionsAreDescribed() {
        long[] shape = new long[64];
        java.util.Arrays.fill(shape, 1);
        assertThat(binding.describe(empty(FLOAT32, shape)).sizes()).hasSize(64);
        assertThatThrownBy(() -> binding.emptyTensor(new long[65], FLOAT32, CPU, -1, GradMode.NO_GRAD))
                .isInstanceOf(BadArgumentException.class).hasMessageContaining("64");
    }

    @Test
    void wrappingSharesMemoryBothWays() {
        try (Arena arena = Arena.ofConfined()) {
            MemorySegment memory = arena.allocateFrom(ValueLayout.JAVA_FLOAT, 1, 2, 3, 4);
            Handle tensor = binding.wrap(memory, new long[] {2, 2}, null, FLOAT32);
            memory.setAtIndex(ValueLayout.JAVA_FLOAT, 0, 10);
            assertThat(floatsOf(tensor)).containsExactly(10, 2, 3, 4);
            call("aten::mul_", box(tensor), box(2.0));
            assertThat(memory.toArray(ValueLayout.JAVA_FLOAT)).containsExactly(20, 4, 6, 8);
            assertThat(binding.describe(tensor).data()).isEqualTo(memory.address());
            tensor.close();
        }
    }

    @Test
    void wrappingTakesStrides() {
        try (Arena arena = Arena.ofConfined()) {
            MemorySegment memory = arena.allocateFrom(ValueLayout.JAVA_FLOAT, 1, 2, 3, 4, 5, 6);
            try (Handle transposed = binding.wrap(memory, new long[] {3, 2}, new long[] {1, 3}, FLOAT32)) {
                assertThat(floatsOf(transposed)).containsExactly(1, 4, 2, 5, 3, 6);
                assertThat(binding.describe(transposed).has(TensorDescription.CONTIGUOUS)).isFalse();
            }
        }
    }

    @Test
    void wrappingBeyondTheMemoryIsRefused() {
        try (Arena arena = Arena.ofConfined()) {
            MemorySegment memory = arena.allocate(16, 8);
            assertThatThrownBy(() -> binding.wrap(memory, new long[] {5}, null, FLOAT32))
                    .isInstanceOf(BadArgumentException.class).hasMessageContaining("16").hasMessageContaining("20");
            assertThatThrownBy(() -> binding.wrap(memory, new long[] {2, 2}, new long[] {4, 1}, FLOAT32))
                    .isInstanceOf(BadArgumentException.class);
            assertThatThrownBy(() -> binding.wrap(memory, new long[] {2}, new long[] {-1}, FLOAT32))
                    .isInstanceOf(BadArgumentException.class);
            assertThatThrownBy(() -> binding.wrap(memory, new long[] {1L << 62, 4}, null, FLOAT32))
                    .isInstanceOf(BadArgumentException.class);
            assertThatThrownBy(() -> binding.wrap(memory, new long[] {2}, new long[] {1, 1}, FLOAT32))
                    .isInstanceOf(BadArgumentException.class);
        }
    }

    @Test
    void heapAndReadOnlyMemoryCannotBeWrapped() {
        assertThatThrownBy(() -> binding.wrap(MemorySegment.ofArray(new float[4]), new long[] {4}, null, FLOAT32))
                .isInstanceOf(BadArgumentException.class);
        try (Arena arena = Arena.ofConfined()) {
            MemorySegment readOnly = arena.allocate(16).asReadOnly();
            assertThatThrownBy(() -> binding.wrap(readOnly, new long[] {4}, null, FLOAT32))
                    .isInstanceOf(BadArgumentException.class);
        }
    }

    @Test
    void aViewOfWrappedMemoryOutlivesTheHandleThatWrappedIt() {
        Handle view = wrapAndView();
        for (int i = 0; i < 5; i++) {
            System.gc();
            byte[][] churn = new byte[64][1 << 16];
            assertThat(churn).hasNumberOfRows(64);
        }
        assertThat(floatsOf(view)).containsExactly(7, 7, 7, 7);
    }

    private Handle wrapAndView() {
        MemorySegment memory = Arena.ofAuto().allocate(16, 8);
        try (Handle tensor = binding.wrap(memory, new long[] {4}, null, FLOAT32)) {
            memory.copyFrom(MemorySegment.ofArray(new float[] {7, 7, 7, 7}));
            return tensorOf(call("aten::view", box(tensor), longs(2, 2)));
        }
    }

    @Test
    void castsRoundAsPyTorchDoes() {
        Handle source = floats(new float[] {0.1f, -1.5f, 65504f, 1e-8f}, 4);
        Handle half = tensorOf(call("aten::to", box(source), box(FLOAT16)));
        assertThat(floatsOf(half)).containsExactly(Float.float16ToFloat(Float.floatToFloat16(0.1f)), -1.5f, 65504f, 0f);
        Handle brain = tensorOf(call("aten::to", box(source), box(BFLOAT16)));
        assertThat(floatsOf(brain)[0]).isEqualTo(0.10009765625f);
        assertThat(longsOf(tensorOf(call("aten::to", box(source), box(INT64))))).containsExactly(0, -1, 65504, 0);
    }

    @Test
    void toTheSameDtypeIsTheSameMemory() {
        Handle tensor = floats(new float[] {1, 2}, 2);
        Handle same = tensorOf(call("aten::to", box(tensor), box(FLOAT32)));
        assertThat(binding.describe(same).data()).isEqualTo(binding.describe(tensor).data());
        Handle copy = tensorOf(call("aten::to", box(tensor), keyword("dtype", box(FLOAT32)), keyword("copy", box(true))));
        assertThat(binding.describe(copy).data()).isNotEqualTo(binding.describe(tensor).data());
    }

    @Test
    void channelsLastIsALayoutOfTheSameElements() {
        Handle image = tensorOf(call("aten::arange", box(24), keyword("dtype", box(FLOAT32)),
                keyword("device", DEVICE)));
        Handle shaped = tensorOf(call("aten::view", box(image), longs(1, 2, 3, 4)));
        Handle last = tensorOf(call("aten::contiguous", box(shaped), keyword("memory_format", box(2))));
        TensorDescription description = binding.describe(last);
        assertThat(description.strides()).containsExactly(24, 1, 8, 2);
        assertThat(description.has(TensorDescription.CHANNELS_LAST)).isTrue();
        assertThat(description.has(TensorDescription.CONTIGUOUS)).isFalse();
        assertThat(floatsOf(last)).containsExactly(floatsOf(shaped));
    }

    @Test
    void aSliceIsAViewAtAnOffset() {
        Handle tensor = floats(new float[] {0, 1, 2, 3, 4, 5}, 6);
        TensorDescription slice = binding.describe(tensorOf(call("aten::slice", box(tensor), box(0), box(2), box(5),
                box(1))));
        assertThat(slice.storageOffset()).isEqualTo(2);
        assertThat(slice.data()).isEqualTo(binding.describe(tensor).data() + 8);
        assertThat(slice.storageAddress()).isEqualTo(binding.describe(tensor).storageAddress());
    }

    @Test
    void moreThanTwoGigabytesAreAddressed() {
        long elements = (1L << 31) + 16;
        Handle large = hostEmpty(UINT8, elements);
        MemorySegment memory = memory(large);
        memory.set(ValueLayout.JAVA_BYTE, elements - 1, (byte) 42);
        Handle last = tensorOf(call("aten::select", box(large), box(0), box(-1)));
        assertThat(longsOf(last)).containsExactly(42);
        assertThat(binding.describe(large).storageBytes()).isEqualTo(elements);
    }

    @Test
    void aSparseTensorIsDescribedWithoutMemory() {
        Handle dense = floats(new float[] {0, 1, 0, 2}, 2, 2);
        TensorDescription sparse = binding.describe(tensorOf(call("aten::to_sparse", box(dense))));
        assertThat(sparse.has(TensorDescription.STRIDED)).isFalse();
        assertThat(sparse.data()).isZero();
        assertThat(sparse.sizes()).containsExactly(2, 2);
    }

    @Test
    void retainingKeepsTheTensor() {
        Handle tensor = binding.emptyTensor(new long[] {4}, FLOAT32, CPU, -1, GradMode.NO_GRAD);
        memory(tensor).copyFrom(MemorySegment.ofArray(new float[] {1, 2, 3, 4}));
        Handle second = own(binding.retain(tensor));
        tensor.close();
        assertThat(floatsOf(second)).containsExactly(1, 2, 3, 4);
    }

    @Test
    void useAfterCloseIsAnIllegalState() {
        Handle tensor = empty(FLOAT32, 1);
        tensor.close();
        tensor.close();
        assertThatThrownBy(() -> binding.describe(tensor)).isInstanceOf(IllegalStateException.class)
                .hasMessageContaining("closed");
        assertThatThrownBy(() -> call("aten::relu", box(tensor))).isInstanceOf(IllegalStateException.class);
        assertThatThrownBy(() -> call("aten::cat", list(box(floats(new float[] {1}, 1)), box(tensor))))
                .isInstanceOf(IllegalStateException.class);
    }

    @Test
    void closingWhileAnotherThreadComputesFreesAfterwards() throws Exception {
        for (int round = 0; round < 20; round++) {
            Handle tensor = binding.emptyTensor(new long[] {400, 400}, FLOAT32, DEVICE_TYPE, DEVICE_INDEX,
                    GradMode.NO_GRAD);
            CountDownLatch started = new CountDownLatch(1);
            Throwable[] failure = new Throwable[1];
            Thread user = new Thread(() -> {
                started.countDown();
                try {
                    for (int i = 0; i < 50; i++) {
                        BoxedValue product = binding.callOperator("aten::mm",
                                dev.wick.binding.CallSettings.INFERENCE, box(tensor), box(tensor));
                        tensorOf(product).close();
                    }
                } catch (Throwable e) {
                    failure[0] = e;
                }
            });
            user.start();
            started.await();
            tensor.close();
            user.join();
            assertThat(failure[0]).satisfiesAnyOf(e -> assertThat(e).isNull(),
                    e -> assertThat(e).isInstanceOf(IllegalStateException.class));
        }
    }

    private DeviceStats cpuStats() {
        return memoryFacet().cpu();
    }

    @Test
    void theAllocatorCountsToTheByte() {
        DeviceStats before = cpuStats();
        Handle tensor = binding.emptyTensor(new long[] {1000}, FLOAT32, CPU, -1, GradMode.NO_GRAD);
        DeviceStats with = cpuStats();
        assertThat(with.allocatedBytes().all().current() - before.allocatedBytes().all().current()).isEqualTo(4000);
        assertThat(with.allocation().all().current() - before.allocation().all().current()).isEqualTo(1);
        tensor.close();
        DeviceStats after = cpuStats();
        assertThat(after.allocatedBytes().all().current()).isEqualTo(before.allocatedBytes().all().current());
        assertThat(after.allocatedBytes().all().freed() - before.allocatedBytes().all().freed()).isEqualTo(4000);
        assertThat(after.numDeviceFree() - before.numDeviceFree()).isEqualTo(1);
        memoryFacet().resetPeakCpu();
        assertThat(cpuStats().allocatedBytes().all().peak()).isEqualTo(before.allocatedBytes().all().current());
    }

    @Test
    void aLimitMakesAllocationsFailAndLeavesWhatWasThere() {
        Handle kept = floats(new float[] {1, 2, 3}, 3);
        long used = cpuStats().allocatedBytes().all().current();
        long refused = cpuStats().numOoms();
        memoryFacet().setCpuLimit(used + 1000);
        assertThat(memoryFacet().cpuLimit()).isEqualTo(used + 1000);
        try {
            assertThatThrownBy(() -> call("aten::zeros", longs(1000), keyword("dtype", box(FLOAT32))))
                    .isInstanceOfSatisfying(DeviceOutOfMemoryException.class, e -> {
                        assertThat(e.requestedBytes()).isEqualTo(4000);
                        assertThat(e.allocatedBytes()).isEqualTo(used);
                        assertThat(e.limitBytes()).isEqualTo(used + 1000);
                    });
            assertThat(floatsOf(kept)).containsExactly(1, 2, 3);
            assertThat(cpuStats().numOoms()).isEqualTo(refused + 1);
        } finally {
            memoryFacet().setCpuLimit(0);
        }
        assertThat(memoryFacet().cpuLimit()).isZero();
        call("aten::zeros", longs(1000), keyword("dtype", box(FLOAT32)));
    }
}
