package dev.wick;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import dev.wick.error.BadArgumentException;
import dev.wick.error.UnsupportedFeatureException;
import dev.wick.error.WickException;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.lang.management.ManagementFactory;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

/** Prepared calls of models on a device: eager, as a graph, in half precision, overlapped. */
class CudaRunnerTest extends CudaCase {

    @ParameterizedTest
    @ValueSource(booleans = {false, true})
    void inputsAndOutputsStayInPlaceAndArePageLocked(boolean graph) {
        try (TorchScriptModel model = onDevice("tiny.pt"); Runner runner = runner(model, graph)) {
            assertThat(runner.input(0).isPinned()).isTrue();
            assertThat(runner.output(0).isPinned()).isTrue();
            assertThat(runner.preparation().graphNodes() > 0).isEqualTo(graph);
            MemorySegment in = runner.input(0).segment();
            MemorySegment out = runner.output(0).segment();
            for (int i = 0; i < 1000; i++) {
                in.setAtIndex(ValueLayout.JAVA_FLOAT, 1, i);
                runner.run();
                assertThat(out.getAtIndex(ValueLayout.JAVA_FLOAT, 1)).isEqualTo(i + 1);
            }
            in.setAtIndex(ValueLayout.JAVA_FLOAT, 2, 5);
            runner.enqueue();
            runner.synchronize();
            assertThat(out.getAtIndex(ValueLayout.JAVA_FLOAT, 2)).isEqualTo(6);
        }
    }

    private static Runner runner(TorchScriptModel model, boolean graph) {
        Runner.Builder builder = Runner.of(model, "forward").input(DType.FLOAT32, 3).optimize(Optimization.NONE);
        return (graph ? builder.cudaGraph() : builder).build();
    }

    /** Half precision on the way in and out: every conversion is the device's, or the copy would not be page-locked. */
    @ParameterizedTest
    @CsvSource({"false, FLOAT16", "true, FLOAT16", "false, BFLOAT16", "true, BFLOAT16"})
    void conversionsAreTheDevices(boolean graph, DType compute) {
        try (TorchScriptModel model = onDevice("tiny.pt")) {
            Runner.Builder builder = Runner.of(model, "forward").input(DType.FLOAT32, 3).optimize(Optimization.NONE)
                    .compute(compute).output(DType.FLOAT32);
            try (Runner runner = (graph ? builder.cudaGraph() : builder).build()) {
                assertThat(runner.input(0).dtype()).isEqualTo(DType.FLOAT32);
                assertThat(runner.output(0).dtype()).isEqualTo(DType.FLOAT32);
                for (int i = 0; i < 100; i++) {
                    runner.input(0).segment().setAtIndex(ValueLayout.JAVA_FLOAT, 0, i);
                    runner.run();
                    assertThat(runner.output(0).segment().getAtIndex(ValueLayout.JAVA_FLOAT, 0)).isEqualTo(i + 1);
                }
            }
        }
    }

    @ParameterizedTest
    @CsvSource({"NONE, false", "NONE, true", "FREEZE, true", "OFI, true", "AUTO, false", "AUTO, true"})
    void aClassifierGivesPyTorchsOutput(Optimization optimization, boolean graph) {
        assumeRealKernels();
        try (TorchScriptModel model = onDevice("classifier.pt");
                Tensor input = Npy.floats("classifier.forward.input.0.npy");
                Tensor expected = Npy.floats("classifier.forward.output.npy")) {
            Runner.Builder builder = Runner.of(model, "forward").input(input).optimize(optimization);
            try (Runner runner = (graph ? builder.cudaGraph() : builder).build()) {
                for (int i = 0; i < 3; i++) {
                    runner.run();
                    assertThat(TensorDifference.between(runner.output(0), expected).within(1e-3, 1e-4)).isTrue();
                }
            }
        }
    }

    @ParameterizedTest
    @ValueSource(booleans = {false, true})
    void aRunnerOutlivesItsModelAndNotItsStream(boolean graph) {
        TorchScriptModel model = onDevice("tiny.pt");
        CudaStream stream = CudaStream.take(DEVICE);
        Runner.Builder builder = Runner.of(model, "forward").input(DType.FLOAT32, 3).optimize(Optimization.NONE).on(stream);
        try (Runner runner = (graph ? builder.cudaGraph() : builder).build()) {
            model.close();
            runner.run();
            assertThat(runner.output(0).toFloatArray()).containsExactly(1, 1, 1);
            runner.enqueue();
            stream.close();
            assertThatThrownBy(runner::run).isInstanceOf(IllegalStateException.class)
                    .hasMessageContaining("stream is closed");
            assertThatThrownBy(runner::enqueue).isInstanceOf(IllegalStateException.class);
        }
    }

    @Test
    void aVirtualThreadGetsItsGraphToo() throws Exception {
        try (TorchScriptModel model = onDevice("tiny.pt");
                var threads = java.util.concurrent.Executors.newVirtualThreadPerTaskExecutor()) {
            float found = threads.submit(() -> {
                try (Runner runner = runner(model, true)) {
                    assertThat(runner.preparation().graphNodes()).isPositive();
                    runner.input(0).segment().setAtIndex(ValueLayout.JAVA_FLOAT, 0, 41);
                    runner.run();
                    return runner.output(0).segment().getAtIndex(ValueLayout.JAVA_FLOAT, 0);
                }
            }).get();
            assertThat(found).isEqualTo(42);
        }
    }

    @Test
    void aClosedRunnerSaysSo() {
        try (TorchScriptModel model = onDevice("tiny.pt")) {
            for (boolean graph : new boolean[] {false, true}) {
                Runner runner = runner(model, graph);
                runner.enqueue();
                runner.close();
                runner.close();
                assertThatThrownBy(runner::run).isInstanceOf(IllegalStateException.class)
                        .hasMessageContaining("runner is closed");
                assertThatThrownBy(runner::enqueue).isInstanceOf(IllegalStateException.class);
            }
        }
    }

    @Test
    void whatDoesNotFitIsRefused() {
        try (TorchScriptModel model = onDevice("tiny.pt"); TorchScriptModel onCpu = load("tiny.pt");
                CudaStream stream = CudaStream.take(DEVICE); Runner runner = runner(model, true)) {
            assertThatThrownBy(() -> Runner.of(onCpu, "forward").cudaGraph()).isInstanceOf(BadArgumentException.class)
                    .hasMessageContaining("CUDA device");
            assertThatThrownBy(() -> Runner.of(onCpu, "forward").on(stream)).isInstanceOf(BadArgumentException.class);
            try (Runner plain = Runner.of(onCpu, "forward").input(DType.FLOAT32, 3).build()) {
                assertThatThrownBy(plain::enqueue).isInstanceOf(UnsupportedFeatureException.class);
            }
            // Shapes other than those captured: the input is of the shape that was asked for, and stays so.
            try (Tensor other = Tensor.zeros(DType.FLOAT32, 7)) {
                assertThatThrownBy(() -> runner.input(0).copyFrom(other)).isInstanceOf(WickException.class);
            }
            runner.run();
        }
    }

    @ParameterizedTest
    @ValueSource(booleans = {false, true})
    void aPipelineKeepsTheOrder(boolean graph) throws InterruptedException {
        try (TorchScriptModel model = onDevice("tiny.pt")) {
            Pipeline.Builder builder = Pipeline.of(model, "forward").input(DType.FLOAT32, 3);
            try (Pipeline pipeline = (graph ? builder.cudaGraph() : builder).build()) {
                PipelineTest.countThrough(pipeline, 1000);
            }
            try (Pipeline half = builder.compute(DType.FLOAT16).output(DType.FLOAT32).slots(5).build()) {
                PipelineTest.countThrough(half, 1000);
            }
        }
    }

    @Test
    void aPipelineIsClosedWithCallsInFlight() throws InterruptedException {
        try (TorchScriptModel model = onDevice("tiny.pt")) {
            Pipeline pipeline = Pipeline.of(model, "forward").input(DType.FLOAT32, 1 << 20).cudaGraph().build();
            for (int i = 0; i < pipeline.slots(); i++) {
                pipeline.submit(pipeline.acquire());
            }
            pipeline.close();
        }
    }

    @Test
    void aRunMakesNoJavaObject() {
        com.sun.management.ThreadMXBean threads = (com.sun.management.ThreadMXBean) ManagementFactory.getThreadMXBean();
        assumeTrue(threads.isThreadAllocatedMemorySupported());
        try (TorchScriptModel model = onDevice("tiny.pt")) {
            for (boolean graph : new boolean[] {false, true}) {
                try (Runner runner = runner(model, graph)) {
                    // The interpreter makes objects where compiled code makes none, and the compiler takes its time.
                    double bytesPerRun = Double.MAX_VALUE;
                    for (int round = 0; round < 20 && bytesPerRun >= 0.1; round++) {
                        bytesPerRun = bytesPerRun(runner, threads);
                    }
                    assertThat(bytesPerRun).as("Java bytes a run").isLessThan(0.1);
                }
            }
        }
    }

    private static double bytesPerRun(Runner runner, com.sun.management.ThreadMXBean threads) {
        int runs = 10_000;
        long before = threads.getCurrentThreadAllocatedBytes();
        for (int i = 0; i < runs; i++) {
            runner.run();
        }
        return (threads.getCurrentThreadAllocatedBytes() - before) / (double) runs;
    }
}
