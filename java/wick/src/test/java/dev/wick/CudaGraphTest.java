package dev.wick;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.wick.error.BadArgumentException;
import dev.wick.error.UnsupportedFeatureException;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.atomic.AtomicReference;
import org.junit.jupiter.api.Test;

/** Work that is captured once and launched again. */
class CudaGraphTest extends CudaCase {

    @Test
    void aLaunchRepeatsTheWorkOnNewElements() {
        try (CudaStream stream = CudaStream.take(DEVICE);
                Tensor in = pinned(1, 2, 3);
                Tensor there = Tensor.empty(DEVICE, DType.FLOAT32, 3);
                Tensor out = pinned(0, 0, 0)) {
            Runnable work = () -> {
                Operator.call(stream.noGrad(), "aten::copy_", there, in, true).close();
                Operator.call(stream.noGrad(), "aten::add_", there, there).close();
                Operator.call(stream.noGrad(), "aten::copy_", out, there, true).close();
            };
            work.run();
            stream.synchronize();
            assertElements(out, 2, 4, 6);
            in.copyFrom(out);
            try (CudaGraph graph = CudaGraph.capture(stream, work)) {
                assertThat(graph.nodes()).isEqualTo(3);
                assertElements(out, 2, 4, 6);
                graph.run();
                assertElements(out, 4, 8, 12);
                try (CudaStream other = CudaStream.take(DEVICE)) {
                    in.copyFrom(out);
                    graph.launch(other);
                    other.synchronize();
                    assertElements(out, 8, 16, 24);
                }
            }
        }
    }

    @Test
    void graphsShareAPool() {
        try (CudaStream stream = CudaStream.take(DEVICE);
                Tensor there = Tensor.empty(DEVICE, DType.FLOAT32, 1 << 20)) {
            Runnable work = () -> Operator.call(stream.noGrad(), "aten::add", there, there).close();
            work.run();
            stream.synchronize();
            try (CudaGraph first = CudaGraph.capture(stream, work)) {
                long held = DeviceMemory.of(DEVICE).reservedBytes().current();
                try (CudaGraph second = CudaGraph.capture(stream, first, work)) {
                    assertThat(DeviceMemory.of(DEVICE).reservedBytes().current()).isEqualTo(held);
                    first.run();
                    second.run();
                }
            }
        }
    }

    @Test
    void whatCannotBeCapturedIsNamed() {
        try (CudaStream stream = CudaStream.take(DEVICE);
                Tensor there = Tensor.empty(DEVICE, DType.FLOAT32, 4)) {
            Operator.call("aten::zero_", there).close();
            Cuda.synchronize(DEVICE);
            assertThatThrownBy(() -> CudaGraph.capture(stream,
                    () -> Operator.call(stream.noGrad(), "aten::nonzero", there).close()))
                    .isInstanceOf(UnsupportedFeatureException.class).hasMessageContaining("aten::nonzero")
                    .hasMessageContaining("cannot be captured").hasCauseInstanceOf(RuntimeException.class);
            // A failed capture leaves the stream and the thread as they were.
            Operator.call(stream.noGrad(), "aten::add_", there, there).close();
            stream.synchronize();
            try (CudaGraph graph = CudaGraph.capture(stream,
                    () -> Operator.call(stream.noGrad(), "aten::add_", there, there).close())) {
                graph.run();
            }
        }
    }

    @Test
    void whatFailsByItselfIsSaidAsItIs() {
        try (CudaStream stream = CudaStream.take(DEVICE)) {
            assertThatThrownBy(() -> CudaGraph.capture(stream, () -> {
                throw new IllegalArgumentException("not the graph's fault");
            })).isInstanceOf(IllegalArgumentException.class).hasMessage("not the graph's fault");
            assertThatThrownBy(() -> CudaGraph.capture(stream, () -> {
            })).isInstanceOf(BadArgumentException.class).hasMessageContaining("nothing was captured");
        }
    }

    @Test
    void aCaptureIsOneThreads() throws Exception {
        try (CudaStream stream = CudaStream.take(DEVICE);
                CudaStream other = CudaStream.take(DEVICE);
                Tensor there = Tensor.empty(DEVICE, DType.FLOAT32, 4)) {
            Operator.call(stream.noGrad(), "aten::zero_", there).close();
            stream.synchronize();
            AtomicReference<Throwable> told = new AtomicReference<>();
            Thread.ofVirtual().start(() -> {
                try {
                    CudaGraph.capture(stream, () -> {
                    });
                } catch (Throwable e) {
                    told.set(e);
                }
            }).join();
            assertThat(told.get()).isInstanceOf(UnsupportedFeatureException.class)
                    .hasMessageContaining("platform thread");
            assertThatThrownBy(() -> CudaGraph.capture(stream, () -> CudaGraph.capture(other, () -> {
            }))).isInstanceOf(BadArgumentException.class).hasMessageContaining("already");
        }
    }

    /** With the strictest mode of capturing, another thread's cudaMalloc would fail and break the capture. */
    @Test
    void otherThreadsAllocateMeanwhile() throws Exception {
        try (CudaStream stream = CudaStream.take(DEVICE);
                Tensor there = Tensor.empty(DEVICE, DType.FLOAT32, 4)) {
            Operator.call(stream.noGrad(), "aten::zero_", there).close();
            stream.synchronize();
            CountDownLatch capturing = new CountDownLatch(1);
            CountDownLatch allocated = new CountDownLatch(1);
            AtomicReference<Throwable> failure = new AtomicReference<>();
            Thread allocating = Thread.ofPlatform().start(() -> {
                try {
                    capturing.await();
                    Tensor.empty(DEVICE, DType.UINT8, 64 << 20).close();
                } catch (Throwable e) {
                    failure.set(e);
                } finally {
                    allocated.countDown();
                }
            });
            try (CudaGraph graph = CudaGraph.capture(stream, () -> {
                Operator.call(stream.noGrad(), "aten::add_", there, there).close();
                capturing.countDown();
                try {
                    allocated.await();
                } catch (InterruptedException e) {
                    throw new IllegalStateException(e);
                }
                Operator.call(stream.noGrad(), "aten::add_", there, there).close();
            })) {
                allocating.join();
                assertThat(failure.get()).isNull();
                assertThat(graph.nodes()).isEqualTo(2);
                graph.run();
            }
        }
    }

    @Test
    void aClosedGraphIsNotLaunched() {
        try (CudaStream stream = CudaStream.take(DEVICE);
                Tensor there = Tensor.empty(DEVICE, DType.FLOAT32, 4)) {
            Operator.call(stream.noGrad(), "aten::zero_", there).close();
            CudaGraph graph = CudaGraph.capture(stream,
                    () -> Operator.call(stream.noGrad(), "aten::add_", there, there).close());
            graph.launch();
            graph.close();
            graph.close();
            assertThatThrownBy(graph::run).isInstanceOf(IllegalStateException.class).hasMessageContaining("closed");
            assertThatThrownBy(graph::launch).isInstanceOf(IllegalStateException.class);
        }
    }
}
