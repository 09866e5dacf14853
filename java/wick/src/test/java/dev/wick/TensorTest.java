package dev.wick;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.wick.error.BadArgumentException;
import dev.wick.error.UnsupportedFeatureException;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.lang.ref.Reference;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;

class TensorTest extends WickCase {

    @ParameterizedTest
    @EnumSource(DType.class)
    void everyDtypeIsMade(DType dtype) {
        try (Tensor tensor = Tensor.zeros(dtype, 2, 3)) {
            assertThat(tensor.dtype()).isEqualTo(dtype);
            assertThat(tensor.byteSize()).isEqualTo(6L * dtype.byteSize());
            assertThat(tensor.segment().byteSize()).isEqualTo(tensor.byteSize());
            assertThat(tensor.segment().mismatch(MemorySegment.ofArray(new byte[6 * dtype.byteSize()]))).isEqualTo(-1);
        }
    }

    @Test
    void arraysBecomeTensorsAndComeBack() {
        try (Tensor floats = Tensor.of(new float[] {1, 2, 3, 4}, 2, 2);
                Tensor transposed = floats.permute(1, 0);
                Tensor longs = Tensor.of(new long[] {-1, Long.MAX_VALUE}, 2);
                Tensor truths = Tensor.of(new boolean[] {true, false}, 2);
                Tensor scalar = Tensor.of(new double[] {0.25})) {
            assertThat(transposed.toFloatArray()).containsExactly(1, 3, 2, 4);
            assertThat(longs.toLongArray()).containsExactly(-1, Long.MAX_VALUE);
            assertThat(truths.toFloatArray()).containsExactly(1, 0);
            assertThat(scalar.item()).isEqualTo(0.25);
            assertThat(scalar.dimensions()).isZero();
        }
        assertThatThrownBy(() -> Tensor.of(new float[3], 2, 2)).isInstanceOf(BadArgumentException.class)
                .hasMessageContaining("4").hasMessageContaining("3");
    }

    @Test
    void shapesAreChecked() {
        assertThatThrownBy(() -> Tensor.empty(DType.FLOAT32, 2, -1)).isInstanceOf(BadArgumentException.class);
        assertThatThrownBy(() -> Tensor.empty(DType.FLOAT32, Long.MAX_VALUE, 2))
                .isInstanceOf(BadArgumentException.class);
        try (Tensor tensor = Tensor.zeros(DType.INT8, 4, 5)) {
            assertThat(tensor.size(-1)).isEqualTo(5);
            assertThatThrownBy(() -> tensor.size(2)).isInstanceOf(BadArgumentException.class);
        }
    }

    @Test
    void scalarsOfEveryReadableDtypeAreRead() {
        for (DType dtype : DType.values()) {
            if (dtype.isQuantized() || dtype.isComplex() || dtype.isFloating() && dtype.byteSize() == 1) {
                continue;
            }
            try (Tensor one = Tensor.of(new float[] {1}); Tensor tensor = one.to(dtype)) {
                assertThat(tensor.item()).as(dtype.torchName()).isEqualTo(1);
            }
        }
        try (Tensor negative = Tensor.of(new int[] {-7}); Tensor pair = Tensor.of(new int[] {1, 2}, 2)) {
            assertThat(negative.itemLong()).isEqualTo(-7);
            assertThatThrownBy(pair::item).isInstanceOf(BadArgumentException.class);
        }
    }

    @Test
    void aViewIsTheMemoryAndEndsWithTheTensor() {
        Tensor tensor = Tensor.zeros(DType.FLOAT32, 4);
        MemorySegment segment = tensor.segment();
        segment.setAtIndex(ValueLayout.JAVA_FLOAT, 2, 5);
        assertThat(tensor.toFloatArray()).containsExactly(0, 0, 5, 0);
        assertThat(tensor.segment()).isSameAs(segment);
        tensor.close();
        assertThatThrownBy(() -> segment.get(ValueLayout.JAVA_FLOAT, 0)).isInstanceOf(IllegalStateException.class);
        assertThatThrownBy(tensor::segment).isInstanceOf(IllegalStateException.class);
        assertThatThrownBy(tensor::shape).isInstanceOf(IllegalStateException.class);
        tensor.close();
    }

    @Test
    void aViewInTheCallersArenaKeepsTheMemory() {
        try (Arena arena = Arena.ofConfined()) {
            MemorySegment segment;
            try (Tensor tensor = Tensor.of(new float[] {1, 2, 3}, 3)) {
                segment = tensor.segment(arena);
            }
            assertThat(segment.toArray(ValueLayout.JAVA_FLOAT)).containsExactly(1, 2, 3);
        }
    }

    @Test
    void aHeldViewKeepsAForgottenTensorAlive() throws Exception {
        long forgotten = Engine.forgotten();
        MemorySegment segment = viewOfForgotten();
        for (int i = 0; i < 20; i++) {
            System.gc();
            Thread.sleep(5);
        }
        assertThat(segment.toArray(ValueLayout.JAVA_FLOAT)).containsExactly(1, 2, 3);
        assertThat(Engine.forgotten()).isEqualTo(forgotten);
        Reference.reachabilityFence(segment);
        segment = null;
        for (int i = 0; i < 200 && Engine.forgotten() == forgotten; i++) {
            System.gc();
            Thread.sleep(10);
        }
        assertThat(Engine.forgotten()).isEqualTo(forgotten + 1);
    }

    private static MemorySegment viewOfForgotten() {
        return Tensor.of(new float[] {1, 2, 3}, 3).segment();
    }

    @Test
    void aViewThatNativeCodeIsInsideOutlivesClose() throws Exception {
        Tensor tensor = Tensor.zeros(DType.FLOAT32, 1 << 20);
        Tensor other = Tensor.wrap(tensor.segment(), DType.FLOAT32, 1 << 20);
        other.close();
        tensor.close();
    }

    @Test
    void closingWhileAnotherThreadTakesTheViewIsDefined() throws Exception {
        for (int round = 0; round < 300; round++) {
            Tensor tensor = Tensor.zeros(DType.INT64, 1024);
            Throwable[] failure = new Throwable[1];
            Thread reader = Thread.ofPlatform().start(() -> {
                try {
                    while (true) {
                        assertThat(tensor.segment().getAtIndex(ValueLayout.JAVA_LONG, 1023)).isZero();
                    }
                } catch (Throwable e) {
                    failure[0] = e;
                }
            });
            if (round % 3 == 0) {
                Thread.onSpinWait();
            } else if (round % 3 == 1) {
                Thread.sleep(0, 200_000);
            }
            tensor.close();
            reader.join();
            assertThat(failure[0]).isInstanceOf(IllegalStateException.class);
        }
    }

    @Test
    void wrappedMemoryIsShared() {
        try (Arena arena = Arena.ofConfined()) {
            MemorySegment memory = arena.allocateFrom(ValueLayout.JAVA_INT, 1, 2, 3, 4, 5, 6);
            try (Tensor tensor = Tensor.wrap(memory, DType.INT32, 2, 3);
                    Tensor columns = Tensor.wrapStrided(memory, DType.INT32, new long[] {3, 2}, new long[] {1, 3})) {
                assertThat(tensor.segment().address()).isEqualTo(memory.address());
                assertThat(columns.toLongArray()).containsExactly(1, 4, 2, 5, 3, 6);
                assertThat(tensor.sharesStorageWith(columns)).isTrue();
            }
        }
    }

    @Test
    void wrappedMemoryThatIsGoneIsNoticed() {
        Arena arena = Arena.ofShared();
        Tensor tensor = Tensor.wrap(arena.allocate(64, 8), DType.FLOAT32, 4);
        arena.close();
        assertThatThrownBy(tensor::segment).isInstanceOf(IllegalStateException.class).hasMessageContaining("arena");
        assertThatThrownBy(() -> Operator.call("aten::relu", tensor)).isInstanceOf(IllegalStateException.class);
        tensor.close();
    }

    @Test
    void heapMemoryIsNotWrapped() {
        assertThatThrownBy(() -> Tensor.wrap(MemorySegment.ofArray(new float[4]), DType.FLOAT32, 4))
                .isInstanceOf(BadArgumentException.class);
    }

    @Test
    void layoutsAreConverted() {
        try (Tensor image = Tensor.zeros(DType.FLOAT32, 1, 3, 4, 4);
                Tensor last = image.contiguous(MemoryFormat.CHANNELS_LAST)) {
            assertThat(last.strides()).containsExactly(48, 1, 12, 3);
            assertThat(last.isContiguous(MemoryFormat.CHANNELS_LAST)).isTrue();
            assertThat(last.isContiguous()).isFalse();
            assertThat(last.segment().byteSize()).isEqualTo(image.segment().byteSize());
        }
    }

    @Test
    void aViewIsTakenAwayWhenTheTensorMovesInPlace() {
        try (Tensor tensor = Tensor.of(new float[] {1, 2}, 2)) {
            MemorySegment before = tensor.segment();
            Operator.call("aten::resize_", tensor, new long[] {1 << 16}).close();
            assertThat(tensor.shape()).containsExactly(1 << 16);
            assertThatThrownBy(() -> before.get(ValueLayout.JAVA_FLOAT, 0)).isInstanceOf(IllegalStateException.class);
            assertThat(tensor.segment().byteSize()).isEqualTo(4L << 16);
        }
    }

    @Test
    void aTensorWithoutMemorySaysSo() {
        try (Tensor dense = Tensor.of(new float[] {0, 1}, 2);
                Tensor sparse = Operator.call("aten::to_sparse", dense).tensor()) {
            assertThatThrownBy(sparse::segment).isInstanceOf(UnsupportedFeatureException.class)
                    .hasMessageContaining("strided");
            assertThat(sparse.toFloatArray()).containsExactly(0, 1);
        }
    }

    @Test
    void beyondTwoGigabytes() {
        long elements = (1L << 31) + 8;
        try (Tensor large = Tensor.empty(DType.INT8, elements)) {
            large.segment().set(ValueLayout.JAVA_BYTE, elements - 1, (byte) 7);
            try (Tensor last = large.slice(0, elements - 1, elements)) {
                assertThat(last.itemLong()).isEqualTo(7);
            }
            assertThatThrownBy(large::toFloatArray).isInstanceOf(BadArgumentException.class);
        }
    }

    @Test
    void aDeviceThatIsNotThereIsRefusedAndNeverReplaced() {
        if (Engine.get().cudaDevices().isEmpty()) {
            assertThatThrownBy(() -> Tensor.empty(Device.cuda(0), DType.FLOAT32, 1))
                    .isInstanceOf(UnsupportedFeatureException.class).hasMessageContaining("cuda:0");
        }
    }

    @Test
    void namesAreParsed() {
        assertThat(DType.parse("fp16")).isEqualTo(DType.FLOAT16);
        assertThat(DType.parse("torch.bfloat16")).isEqualTo(DType.BFLOAT16);
        assertThatThrownBy(() -> DType.parse("float17")).isInstanceOf(BadArgumentException.class);
        assertThat(Device.parse("cuda")).isEqualTo(Device.cuda(0));
        assertThat(Device.parse("cuda:3").toString()).isEqualTo("cuda:3");
        for (String wrong : new String[] {"gpu", "cuda:-1", "cuda:", "cpu:1", ""}) {
            assertThatThrownBy(() -> Device.parse(wrong)).isInstanceOf(BadArgumentException.class);
        }
    }

    @Test
    void anEmptyTensorOverMemoryHasAnEmptySegment() {
        try (Arena arena = Arena.ofConfined(); Tensor empty = Tensor.wrap(arena.allocate(8), DType.FLOAT32, 0, 3)) {
            assertThat(empty.segment().byteSize()).isZero();
        }
    }
}
