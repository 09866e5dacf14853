package dev.wick;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.wick.error.BadArgumentException;
import java.lang.foreign.ValueLayout;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicReference;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

/** Order, back-pressure and errors of a pipeline, on the CPU; {@link CudaRunnerTest} has it on a device. */
@Timeout(60)
class PipelineTest extends WickCase {

    @Test
    void resultsComeInTheOrderOfSubmission() throws InterruptedException {
        try (TorchScriptModel model = load("tiny.pt");
                Pipeline pipeline = Pipeline.of(model, "forward").input(DType.FLOAT32, 3).slots(2).build()) {
            countThrough(pipeline, 100);
        }
    }

    /** Sends numbers through a model that adds one. */
    static void countThrough(Pipeline pipeline, int count) throws InterruptedException {
        int taken = 0;
        for (int i = 0; i < count; i++) {
            if (pipeline.inFlight() == pipeline.slots()) {
                take(pipeline, taken++);
            }
            Pipeline.Slot slot = pipeline.acquire();
            slot.input(0).segment().setAtIndex(ValueLayout.JAVA_FLOAT, 1, i);
            pipeline.submit(slot);
        }
        while (pipeline.inFlight() > 0) {
            take(pipeline, taken++);
        }
        assertThat(taken).isEqualTo(count);
    }

    private static void take(Pipeline pipeline, int expected) throws InterruptedException {
        try (Pipeline.Slot slot = pipeline.take()) {
            assertThat(slot.output(0).segment().getAtIndex(ValueLayout.JAVA_FLOAT, 1)).isEqualTo(expected + 1);
        }
    }

    @Test
    void oneThreadSubmitsAndAnotherTakes() throws Exception {
        try (TorchScriptModel model = load("tiny.pt");
                Pipeline pipeline = Pipeline.of(model, "forward").input(DType.FLOAT32, 3).slots(2).build()) {
            AtomicReference<Throwable> failure = new AtomicReference<>();
            Thread taker = Thread.ofPlatform().start(() -> {
                try {
                    for (int i = 0; i < 1000; i++) {
                        take(pipeline, i);
                    }
                } catch (Throwable e) {
                    failure.set(e);
                }
            });
            for (int i = 0; i < 1000; i++) {
                Pipeline.Slot slot = pipeline.acquire();
                slot.input(0).segment().setAtIndex(ValueLayout.JAVA_FLOAT, 1, i);
                pipeline.submit(slot);
            }
            taker.join();
            assertThat(failure.get()).isNull();
        }
    }

    @Test
    void aSlotMoreThanThereAreIsWaitedFor() throws Exception {
        try (TorchScriptModel model = load("tiny.pt");
                Pipeline pipeline = Pipeline.of(model, "forward").input(DType.FLOAT32, 3).slots(1).build()) {
            Pipeline.Slot only = pipeline.acquire();
            assertThat(pipeline.tryAcquire()).isNull();
            Thread waiting = Thread.ofPlatform().start(() -> {
                try {
                    pipeline.acquire().close();
                } catch (InterruptedException e) {
                    throw new IllegalStateException(e);
                }
            });
            assertThat(waiting.join(java.time.Duration.ofMillis(100))).isFalse();
            only.close();
            assertThat(waiting.join(java.time.Duration.ofSeconds(10))).isTrue();
        }
    }

    @Test
    void aSlotIsItsHoldersAlone() throws InterruptedException {
        try (TorchScriptModel model = load("tiny.pt");
                Pipeline pipeline = Pipeline.of(model, "forward").input(DType.FLOAT32, 3).build();
                Pipeline other = Pipeline.of(model, "forward").input(DType.FLOAT32, 3).build()) {
            Pipeline.Slot slot = pipeline.acquire();
            assertThatThrownBy(() -> other.submit(slot)).isInstanceOf(BadArgumentException.class);
            pipeline.submit(slot);
            assertThatThrownBy(() -> slot.input(0)).isInstanceOf(IllegalStateException.class).hasMessageContaining("take()");
            assertThatThrownBy(() -> pipeline.submit(slot)).isInstanceOf(IllegalStateException.class);
            slot.close();
            assertThat(pipeline.inFlight()).as("closing a submitted slot changes nothing").isEqualTo(1);
            Pipeline.Slot taken = pipeline.take();
            taken.close();
            taken.close();
            assertThatThrownBy(() -> taken.output(0)).isInstanceOf(IllegalStateException.class).hasMessageContaining("free");
            assertThatThrownBy(() -> pipeline.acquire().input(1)).isInstanceOf(BadArgumentException.class);
        }
    }

    @Test
    void whoeverWaitsIsToldOfTheEnd() throws Exception {
        try (TorchScriptModel model = load("tiny.pt")) {
            Pipeline pipeline = Pipeline.of(model, "forward").input(DType.FLOAT32, 3).build();
            AtomicReference<Throwable> told = new AtomicReference<>();
            Thread waiting = Thread.ofPlatform().start(() -> {
                try {
                    pipeline.take();
                } catch (Throwable e) {
                    told.set(e);
                }
            });
            while (waiting.getState() != Thread.State.WAITING) {
                TimeUnit.MILLISECONDS.sleep(1);
            }
            pipeline.close();
            waiting.join();
            assertThat(told.get()).isInstanceOf(IllegalStateException.class).hasMessageContaining("closed");
            assertThatThrownBy(pipeline::acquire).isInstanceOf(IllegalStateException.class);
            pipeline.close();
        }
    }

    @Test
    void aFailedBuildLeavesNothing() {
        try (TorchScriptModel model = load("tiny.pt")) {
            assertThatThrownBy(() -> Pipeline.of(model, "forward").build()).isInstanceOf(BadArgumentException.class);
            assertThatThrownBy(() -> Pipeline.of(model, "forward").slots(0)).isInstanceOf(BadArgumentException.class);
            assertThatThrownBy(() -> Pipeline.of(model, "forward").compute(DType.INT32))
                    .isInstanceOf(BadArgumentException.class);
            assertThatThrownBy(() -> Pipeline.of(model, "forward").cudaGraph()).isInstanceOf(BadArgumentException.class)
                    .hasMessageContaining("CUDA device");
        }
    }
}
