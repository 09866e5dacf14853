package dev.wick;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.wick.error.DeviceOutOfMemoryException;
import java.io.IOException;
import java.nio.file.Path;
import java.util.List;
import jdk.jfr.consumer.RecordedEvent;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** What the JVM's flight recorder sees of Wick on a CUDA device. */
class CudaFlightRecorderTest extends CudaCase {

    @TempDir
    private Path directory;

    private Path file() {
        return directory.resolve("wick.jfr");
    }

    private static List<Object> fields(RecordedEvent event) {
        return List.of(event.getString("source"), event.getString("target"), event.getLong("bytes"),
                event.getBoolean("pinned"), event.getBoolean("awaited"));
    }

    @Test
    void copiesBetweenHostAndDevice() throws IOException {
        try (CudaStream stream = CudaStream.take(DEVICE);
                Tensor pinned = pinned(1, 2, 3);
                Tensor pageable = Tensor.of(new float[] {1, 2, 3}, 3);
                Tensor there = Tensor.empty(DEVICE, DType.FLOAT32, 3);
                Tensor alsoThere = Tensor.empty(DEVICE, DType.FLOAT32, 3)) {
            Recorded recorded = Recorded.of(file(), () -> {
                stream.copy(pinned, there).close();
                stream.copy(there, pinned).close();
                there.copyFrom(pageable);
                alsoThere.copyFrom(there);
                pageable.to(DEVICE).close();
                there.toFloatArray();
            });
            assertThat(recorded.of("Copy")).extracting(CudaFlightRecorderTest::fields).containsExactly(
                    List.of("cpu", "cuda:0", 12L, true, false), List.of("cuda:0", "cpu", 12L, true, false),
                    List.of("cpu", "cuda:0", 12L, false, true), List.of("cpu", "cuda:0", 12L, false, true),
                    List.of("cuda:0", "cpu", 12L, false, true));
            Recorded.assertCalledBy(recorded.of("Copy").getFirst(), CudaStream.class, "copy",
                    CudaFlightRecorderTest.class);
        }
    }

    @Test
    void runsAndLaunchesOfGraphs() throws IOException {
        try (TorchScriptModel model = onDevice("tiny.pt");
                Runner plain = Runner.of(model, "forward").input(DType.FLOAT32, 4).optimize(Optimization.NONE).build();
                Runner graphed = Runner.of(model, "forward").input(DType.FLOAT32, 4).optimize(Optimization.NONE)
                        .cudaGraph().build()) {
            Recorded recorded = Recorded.of(file(), () -> {
                plain.run();
                graphed.run();
                graphed.enqueue();
                graphed.synchronize();
            });
            assertThat(recorded.of("RunnerRun")).extracting(event -> List.of(event.getString("device"),
                    event.getBoolean("graph"), event.getBoolean("awaited"), event.getLong("inputBytes")))
                    .containsExactly(List.of("cuda:0", false, true, 16L), List.of("cuda:0", true, true, 16L),
                            List.of("cuda:0", true, false, 16L));
            assertThat(recorded.of("GraphReplay")).extracting(event -> List.of(event.getString("device"),
                    event.getLong("nodes"), event.getBoolean("awaited")))
                    .containsExactly(List.of("cuda:0", graphed.preparation().graphNodes(), true),
                            List.of("cuda:0", graphed.preparation().graphNodes(), false));
        }
    }

    @Test
    void pageLockedMemoryAndWhatTheDeviceHolds() throws IOException {
        try (Tensor _ = Tensor.empty(DEVICE, DType.FLOAT32, 1 << 20)) {
            Recorded recorded = Recorded.forASecond(file(), "DeviceMemory",
                    () -> Tensor.pinned(DType.FLOAT32, 1000).close());
            assertThat(recorded.one("PinnedAllocation").getLong("bytes")).isEqualTo(4000);
            assertThat(recorded.of("DeviceMemory")).hasSizeGreaterThan(2).allSatisfy(event -> {
                assertThat(event.getString("device")).isEqualTo("cuda:0");
                assertThat(event.getLong("allocatedBytes")).isGreaterThanOrEqualTo(4 << 20)
                        .isEqualTo(DeviceMemory.of(DEVICE).allocatedBytes().current());
                assertThat(event.getLong("reservedBytes")).isGreaterThanOrEqualTo(event.getLong("allocatedBytes"));
            });
        }
    }

    @Test
    void whatTheDeviceRefuses() throws IOException {
        long total = Engine.get().cudaDevices().getFirst().totalBytes();
        Recorded recorded = Recorded.of(file(), () -> assertThatThrownBy(
                () -> Tensor.empty(DEVICE, DType.UINT8, 2 * total)).isInstanceOf(DeviceOutOfMemoryException.class));
        RecordedEvent event = recorded.one("OutOfMemory");
        assertThat(event.getString("device")).isEqualTo("cuda");
        assertThat(event.getLong("requestedBytes")).isGreaterThanOrEqualTo(2 * total);
        assertThat(event.getLong("limitBytes")).isEqualTo(total);
    }
}
