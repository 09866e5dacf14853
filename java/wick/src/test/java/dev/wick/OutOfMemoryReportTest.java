package dev.wick;

import static org.assertj.core.api.Assertions.assertThat;

import dev.wick.binding.TorchBinding;
import dev.wick.error.DeviceOutOfMemoryException;
import dev.wick.error.WickException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.stream.Stream;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** What a refused allocation leaves behind, in processes of their own. */
class OutOfMemoryReportTest extends WickCase {

    @BeforeEach
    void requireMemory() {
        assumeFeature(TorchBinding.MEMORY);
    }

    /** Is refused twice, the second time while it records. */
    static final class Refused {
        public static void main(String[] arguments) {
            try (Tensor _ = Tensor.empty(DType.INT8, 1 << 20)) {
                refuse();
                try (MemoryProfile profile = MemoryProfile.builder(Device.CPU).stacks(true).start();
                        MemoryProfile.Tag _ = profile.tag("the culprit");
                        Tensor _ = Tensor.zeros(DType.INT8, 300_000)) {
                    refuse();
                }
            } catch (WickException e) {
                System.out.println("refused: " + e.getMessage());
            }
        }

        private static void refuse() {
            try {
                Tensor.empty(DType.INT8, 2 << 20).close();
            } catch (DeviceOutOfMemoryException e) {
                System.out.println("alive: " + e.liveAllocations());
            }
        }
    }

    @Test
    void aReportSaysWhatWasAlive(@TempDir Path directory) throws Exception {
        Path reports = directory.resolve("reports");
        OwnProcess process = OwnProcess.run(Refused.class, "-Dwick.memory.cpuLimit=2m",
                "-Dwick.memory.oomReport=" + reports);
        assertThat(process.output()).contains("alive: []").contains("300,000 bytes").contains("(the culprit)");
        List<Path> files;
        try (Stream<Path> listed = Files.list(reports)) {
            files = listed.sorted().toList();
        }
        assertThat(files).extracting(file -> file.getFileName().toString().replaceAll("\\d{2,}", "PID"))
                .containsExactly("wick-oom-PID-1.json", "wick-oom-PID-2.html", "wick-oom-PID-2.json");
        String without = Files.readString(files.getFirst());
        assertThat(without).contains("\"wick-oom-report-1\"").contains("\"requestedBytes\" : 2097152")
                .contains("\"allocatedBytes\" : 1048576").contains("\"limitBytes\" : 2097152")
                .contains("\"reservedBytes\" : null").contains("Refused.refuse").contains("would tell here");
        String with = Files.readString(files.getLast());
        assertThat(with).contains("\"beforeRecordingBytes\" : 1048576").contains("\"bytes\" : 1348576")
                .contains("the culprit").contains("300,000 bytes by aten::").doesNotContain("would tell here");
        assertThat(Files.size(files.get(1))).isGreaterThan(1000);
    }

    @Test
    void withoutTheSettingNothingIsWritten() throws Exception {
        assertThat(OwnProcess.run(Refused.class, "-Dwick.memory.cpuLimit=2m").output()).contains("(the culprit)")
                .doesNotContain("wick-oom");
    }

    @Test
    void aDirectoryThatCannotBeMadeIsRefusedAtOnce(@TempDir Path directory) throws Exception {
        Path file = Files.writeString(directory.resolve("file"), "");
        assertThat(OwnProcess.run(Refused.class, "-Dwick.memory.oomReport=" + file.resolve("below")).output())
                .contains("refused: -Dwick.memory.oomReport=").contains("cannot make that directory");
    }
}
