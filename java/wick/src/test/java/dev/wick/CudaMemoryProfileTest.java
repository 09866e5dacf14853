package dev.wick;

import static org.assertj.core.api.Assertions.assertThat;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import dev.wick.binding.AllocatorSegment;
import dev.wick.error.DeviceOutOfMemoryException;
import dev.wick.memory.MemoryAction;
import dev.wick.memory.MemoryGroup;
import dev.wick.memory.MemoryGrouping;
import dev.wick.memory.MemoryTimeline;
import java.io.IOException;
import java.io.InputStream;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** What LibTorch's allocator does on a device is what is recorded. */
class CudaMemoryProfileTest extends CudaCase {
    private static final int LARGE = 30 << 20;
    /** What the script ends with. */
    private static final int NO_TORCH = 3;

    private static long requested() {
        return DeviceMemory.of(DEVICE).stats().requestedBytes().all().current();
    }

    private static long count(MemoryTimeline timeline, MemoryAction action) {
        long count = 0;
        for (long i = 0; i < timeline.size(); i++) {
            count += timeline.action(i) == action ? 1 : 0;
        }
        return count;
    }

    @Test
    void bytesAndPeakAreTheAllocators() {
        try (Tensor _ = Tensor.empty(DEVICE, DType.UINT8, 5000);
                MemoryProfile profile = MemoryProfile.builder(DEVICE).stacks(true).start()) {
            assertThat(profile.baselineBytes()).isEqualTo(requested());
            try (Tensor _ = Tensor.empty(DEVICE, DType.UINT8, 1000)) {
                try (MemoryProfile.Tag _ = profile.tag("large"); Tensor _ = Tensor.empty(DEVICE, DType.UINT8, LARGE)) {
                    assertThat(profile.currentBytes()).isEqualTo(requested());
                }
                MemoryTimeline timeline = profile.stop();
                assertThat(profile.currentBytes()).isEqualTo(requested()).isEqualTo(profile.baselineBytes() + 1000);
                assertThat(timeline.device()).isEqualTo("cuda:0");
                assertThat(count(timeline, MemoryAction.ALLOC)).isEqualTo(2);
                assertThat(count(timeline, MemoryAction.FREE_REQUESTED)).isOne();
                assertThat(count(timeline, MemoryAction.FREE_COMPLETED)).isOne();
                assertThat(profile.peak().allocatedBytes()).isEqualTo(profile.peakBytes())
                        .isEqualTo(profile.baselineBytes() + 1000 + LARGE);
                assertThat(profile.peak().shares(MemoryGrouping.TAG)).anySatisfy(share -> {
                    assertThat(share.group()).isEqualTo(MemoryGroup.named("large"));
                    assertThat(share.bytes()).isEqualTo(LARGE);
                });
                assertThat(timeline.segments().stream().mapToLong(AllocatorSegment::totalBytes).sum())
                        .isEqualTo(DeviceMemory.of(DEVICE).reservedBytes().current());
                assertThat(timeline.segments().stream().mapToLong(AllocatorSegment::requestedBytes).sum())
                        .isEqualTo(requested());
            }
        }
    }

    @Test
    void theCpusEventsAreNotTheDevices() {
        try (MemoryProfile here = MemoryProfile.record(Device.CPU); MemoryProfile there = MemoryProfile.record(DEVICE)) {
            try (Tensor _ = Tensor.empty(DType.UINT8, 77); Tensor _ = Tensor.empty(DEVICE, DType.UINT8, 88)) {
                assertThat(here.currentBytes()).isEqualTo(here.baselineBytes() + 77);
                assertThat(there.currentBytes()).isEqualTo(there.baselineBytes() + 88);
            }
            assertThat(count(here.stop(), MemoryAction.ALLOC)).isOne();
            assertThat(count(there.stop(), MemoryAction.ALLOC)).isOne();
        }
    }

    @Test
    void aRefusalSaysWhatIsAlive() {
        long total = Engine.get().cudaDevices().getFirst().totalBytes();
        try (MemoryProfile profile = MemoryProfile.record(DEVICE); Tensor _ = Tensor.empty(DEVICE, DType.UINT8, LARGE)) {
            try {
                Tensor.empty(DEVICE, DType.UINT8, 2 * total).close();
                throw new AssertionError("twice the device's memory was given out");
            } catch (DeviceOutOfMemoryException e) {
                assertThat(e.liveAllocations()).singleElement().asString().contains("31,457,280 bytes");
            }
            assertThat(count(profile.stop(), MemoryAction.OOM)).isOne();
        }
    }

    @Test
    void aSnapshotIsWritten(@TempDir Path directory) throws Exception {
        try (MemoryProfile profile = MemoryProfile.builder(DEVICE).stacks(true).start();
                Tensor _ = Tensor.empty(DEVICE, DType.UINT8, LARGE)) {
            Path file = directory.resolve("snapshot.pickle");
            profile.writeSnapshot(file);
            assertThat(Files.size(file)).isGreaterThan(500);
            assertThat(new String(Files.readAllBytes(file), StandardCharsets.ISO_8859_1))
                    .contains("segment_alloc", "active_allocated", "device_traces");
        }
    }

    /** Keys and types are those of torch.cuda.memory._snapshot() on the same device. */
    @Test
    void aSnapshotLooksLikePythons(@TempDir Path directory) throws Exception {
        Path file = directory.resolve("snapshot.pickle");
        try (MemoryProfile profile = MemoryProfile.builder(DEVICE).stacks(true).start();
                MemoryProfile.Tag _ = profile.tag("large"); Tensor _ = Tensor.empty(DEVICE, DType.UINT8, LARGE)) {
            Tensor.empty(DEVICE, DType.UINT8, 10).close();
            profile.writeSnapshot(file);
        }
        Path script = directory.resolve("compare_snapshot.py");
        try (InputStream resource = getClass().getResourceAsStream("compare_snapshot.py")) {
            Files.copy(resource, script);
        }
        Process python;
        try {
            python = new ProcessBuilder("python3", script.toString(), file.toString())
                    .redirectError(directory.resolve("errors").toFile()).start();
        } catch (IOException e) {
            assumeTrue(false, "there is no python3: " + e.getMessage());
            return;
        }
        String differences = new String(python.getInputStream().readAllBytes(), StandardCharsets.UTF_8);
        int status = python.waitFor();
        String errors = Files.readString(directory.resolve("errors"));
        assumeTrue(status != NO_TORCH, () -> "python3 has no torch with CUDA: " + errors);
        assertThat(status).as(errors).isZero();
        assertThat(differences).isEmpty();
    }
}
