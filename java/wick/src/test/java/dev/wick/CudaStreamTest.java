package dev.wick;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.wick.binding.CallSettings;
import dev.wick.binding.CudaBinding.StreamPriorities;
import dev.wick.binding.CudaSyncDebug;
import dev.wick.binding.CudaWait;
import dev.wick.error.BadArgumentException;
import dev.wick.error.NotFoundException;
import dev.wick.error.WickException;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.List;
import java.util.Set;
import org.junit.jupiter.api.Test;

/** Streams, events and copies that nobody waits for unasked. */
class CudaStreamTest extends CudaCase {

    /** LibTorch's own pool hands the 33rd taker the first one's stream. */
    @Test
    void noTwoTakersHaveOneStream() {
        List<CudaStream> streams = new ArrayList<>();
        Set<Long> addresses = new HashSet<>();
        for (int i = 0; i < 40; i++) {
            CudaStream stream = CudaStream.take(DEVICE);
            streams.add(stream);
            addresses.add(stream.noGrad().cudaStream());
        }
        streams.forEach(CudaStream::close);
        assertThat(addresses).hasSize(40).doesNotContain(0L);
        try (CudaStream again = CudaStream.take(DEVICE)) {
            assertThat(addresses).as("what was given back is taken again").contains(again.noGrad().cudaStream());
        }
    }

    @Test
    void prioritiesAreTheDevices() {
        StreamPriorities range = CudaStream.priorities(DEVICE);
        assertThat(range.greatest()).isLessThanOrEqualTo(range.least());
        try (CudaStream urgent = CudaStream.take(DEVICE, range.greatest())) {
            assertThat(urgent.priority()).isEqualTo(range.greatest());
        }
        assertThatThrownBy(() -> CudaStream.take(DEVICE, range.least() + 1)).isInstanceOf(BadArgumentException.class)
                .hasMessageContaining("priority");
    }

    @Test
    void aCopyIsAwaited() {
        float[] elements = counted(1 << 20);
        try (CudaStream stream = CudaStream.take(DEVICE);
                Tensor from = pinned(elements);
                Tensor there = Tensor.empty(DEVICE, DType.FLOAT32, elements.length);
                Tensor back = Tensor.pinned(DType.FLOAT32, elements.length)) {
            try (CudaCopy in = stream.copy(from, there); CudaCopy out = stream.copy(there, back)) {
                out.await();
                assertThat(in.isDone()).isTrue();
                assertThat(out.isDone()).isTrue();
            }
            assertElements(back, elements);
        }
    }

    @Test
    void aCopyThatWouldWaitIsRefused() {
        try (CudaStream stream = CudaStream.take(DEVICE);
                Tensor pageable = Tensor.zeros(DType.FLOAT32, 4);
                Tensor pinned = pinned(1, 2, 3, 4);
                Tensor matrix = pinned.view(2, 2);
                Tensor across = matrix.permute(1, 0);
                Tensor there = Tensor.empty(DEVICE, DType.FLOAT32, 4);
                Tensor half = Tensor.empty(DEVICE, DType.FLOAT16, 4);
                Tensor more = Tensor.empty(DEVICE, DType.FLOAT32, 5)) {
            assertThat(pinned.isPinned()).isTrue();
            assertThat(pageable.isPinned()).isFalse();
            assertThatThrownBy(() -> stream.copy(pageable, there)).isInstanceOf(BadArgumentException.class)
                    .hasMessageContaining("page-locked");
            assertThatThrownBy(() -> stream.copy(there, pageable)).isInstanceOf(BadArgumentException.class)
                    .hasMessageContaining("page-locked");
            assertThatThrownBy(() -> stream.copy(pinned, half)).isInstanceOf(BadArgumentException.class);
            assertThatThrownBy(() -> stream.copy(pinned, more)).isInstanceOf(BadArgumentException.class);
            assertThatThrownBy(() -> stream.copy(pinned, pinned)).isInstanceOf(BadArgumentException.class);
            assertThatThrownBy(() -> stream.copy(across, there)).isInstanceOf(BadArgumentException.class)
                    .hasMessageContaining("contiguous");
        }
    }

    @Test
    void eventsOrderStreamsAndTellTime() {
        float[] elements = counted(1 << 22);
        try (CudaStream first = CudaStream.take(DEVICE);
                CudaStream second = CudaStream.take(DEVICE);
                CudaEvent start = CudaEvent.timed(DEVICE);
                CudaEvent copied = CudaEvent.timed(DEVICE);
                Tensor from = pinned(elements);
                Tensor there = Tensor.empty(DEVICE, DType.FLOAT32, elements.length);
                Tensor back = Tensor.pinned(DType.FLOAT32, elements.length)) {
            assertThat(copied.isDone()).as("before anything is recorded").isTrue();
            start.record(first);
            CudaCopy in = first.copy(from, there);
            copied.record(first);
            second.waitFor(copied);
            CudaCopy out = second.copy(there, back);
            out.close();
            in.close();
            assertThat(second.isDone()).isTrue();
            assertThat(copied.nanosecondsSince(start)).isPositive();
            assertElements(back, elements);
        }
    }

    /** A tensor's memory goes to the next taker of its own stream at once, whatever other streams still do with it. */
    @Test
    void memoryInUseOnAnotherStreamIsKept() {
        float[] elements = counted(1 << 20);
        try (CudaStream stream = CudaStream.take(DEVICE);
                Tensor from = pinned(elements);
                Tensor back = Tensor.pinned(DType.FLOAT32, elements.length)) {
            Tensor there = Tensor.empty(DEVICE, DType.FLOAT32, elements.length);
            CudaCopy in = stream.copy(from, there);
            CudaCopy out = stream.copy(there, back);
            stream.keep(there);
            there.close();
            try (Tensor next = Tensor.empty(DEVICE, DType.FLOAT32, elements.length)) {
                Operator.call("aten::zero_", next).close();
                out.close();
                in.close();
                assertElements(back, elements);
            }
            assertThatThrownBy(() -> stream.keep(back)).isInstanceOf(BadArgumentException.class)
                    .hasMessageContaining("CUDA device");
        }
    }

    /** The default stream's memory may have an earlier owner at work, for which no other stream waits by itself. */
    @Test
    void memoryComesInTheOrderOfAStream() {
        float[] elements = counted(1 << 20);
        try (CudaStream stream = CudaStream.take(DEVICE);
                CudaStream unnamed = CudaStream.defaultStream(DEVICE);
                Tensor from = pinned(elements);
                Tensor back = Tensor.pinned(DType.FLOAT32, elements.length)) {
            for (int i = 0; i < 20; i++) {
                try (Tensor earlier = Tensor.empty(DEVICE, DType.FLOAT32, elements.length)) {
                    Operator.call("aten::zero_", earlier).close();
                }
                boolean own = i % 2 == 0;
                if (!own) {
                    stream.waitFor(unnamed);
                }
                try (Tensor there = own ? stream.empty(DType.FLOAT32, elements.length)
                        : Tensor.empty(DEVICE, DType.FLOAT32, elements.length);
                        CudaCopy in = stream.copy(from, there);
                        CudaCopy out = stream.copy(there, back)) {
                    out.await();
                    assertThat(in.isDone()).isTrue();
                    assertElements(back, elements);
                }
            }
            assertThat(unnamed.noGrad().cudaStream()).isZero();
            unnamed.synchronize();
            assertThat(unnamed.isDone()).isTrue();
        }
    }

    @Test
    void operatorsRunOnTheStreamOfTheirSettings() {
        try (CudaStream stream = CudaStream.take(DEVICE);
                Tensor from = pinned(1, 2, 3);
                Tensor there = Tensor.empty(DEVICE, DType.FLOAT32, 3)) {
            stream.copy(from, there).close();
            try (Value sum = Operator.call(stream.noGrad(), "aten::add", there, there)) {
                stream.synchronize();
                assertElements(sum.tensor(), 2, 4, 6);
            }
            assertThat(stream.on(CallSettings.GRAD).cudaStream()).isEqualTo(stream.noGrad().cudaStream());
        }
    }

    @Test
    void aClosedStreamIsNoUse() {
        CudaStream stream = CudaStream.take(DEVICE);
        CudaEvent event = CudaEvent.create(DEVICE);
        stream.close();
        stream.close();
        assertThatThrownBy(stream::noGrad).isInstanceOf(IllegalStateException.class).hasMessageContaining("closed");
        assertThatThrownBy(stream::synchronize).isInstanceOf(IllegalStateException.class);
        assertThatThrownBy(() -> event.record(stream)).isInstanceOf(IllegalStateException.class);
        event.close();
        assertThatThrownBy(event::synchronize).isInstanceOf(IllegalStateException.class);
    }

    @Test
    void devicesThatAreNotThere() {
        Device far = Device.cuda(Engine.get().cudaDevices().size());
        assertThatThrownBy(() -> CudaStream.take(far)).isInstanceOf(NotFoundException.class)
                .hasMessageContaining("LibTorch sees");
        assertThatThrownBy(() -> Tensor.empty(far, DType.FLOAT32, 1)).isInstanceOf(NotFoundException.class);
        assertThatThrownBy(() -> CudaStream.take(Device.CPU)).isInstanceOf(BadArgumentException.class);
    }

    /** The device's default stream and the stream that a runner works on are not ordered: LibTorch's word for a wait. */
    @Test
    void anUnaskedWaitCanBeMadeToFail() {
        CudaSyncDebug before = Cuda.syncDebug();
        try (Tensor there = Tensor.empty(DEVICE, DType.FLOAT32, 1);
                CudaStream stream = CudaStream.take(DEVICE)) {
            Operator.call("aten::zero_", there).close();
            Cuda.setSyncDebug(CudaSyncDebug.FAIL);
            assertThatThrownBy(there::item).isInstanceOf(WickException.class).hasMessageContaining("synchronizing");
            stream.synchronize();
            Cuda.synchronize(DEVICE);
            Cuda.setSyncDebug(CudaSyncDebug.OFF);
            assertThat(there.item()).isZero();
        } finally {
            Cuda.setSyncDebug(before);
        }
        assertThat(Cuda.syncDebug()).isEqualTo(before);
    }

    @Test
    void everyWayOfWaitingCanBeSet() {
        CudaWait before = Cuda.waitPolicy(DEVICE);
        try {
            for (CudaWait policy : CudaWait.values()) {
                Cuda.setWaitPolicy(DEVICE, policy);
                assertThat(Cuda.waitPolicy(DEVICE)).isEqualTo(policy);
                Cuda.synchronize(DEVICE);
            }
        } finally {
            Cuda.setWaitPolicy(DEVICE, before);
        }
    }

    @Test
    void numericsAreSetAndRead() {
        var before = Cuda.numerics();
        try {
            for (boolean allowed : new boolean[] {true, false}) {
                Cuda.setNumerics(before.withTf32(allowed).withCudnnBenchmark(!allowed));
                assertThat(Cuda.numerics()).isEqualTo(before.withTf32(allowed).withCudnnBenchmark(!allowed));
            }
        } finally {
            Cuda.setNumerics(before);
        }
    }

    @Test
    void theAllocatorIsSettledBeforeItsFirstUse() {
        try (Tensor _ = Tensor.empty(DEVICE, DType.FLOAT32, 1)) {
            assertThatThrownBy(() -> Cuda.configureAllocator("max_split_size_mb:128"))
                    .isInstanceOf(BadArgumentException.class).hasMessageContaining("first use");
        }
    }
}
