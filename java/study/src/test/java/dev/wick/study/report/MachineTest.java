package dev.wick.study.report;

import static org.assertj.core.api.Assertions.assertThat;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import java.lang.foreign.Arena;
import java.nio.file.Files;
import java.nio.file.Path;
import org.junit.jupiter.api.Test;

class MachineTest {

    @Test
    void thePeakOfTheProcessBeginsAnew() {
        assumeTrue(Files.isWritable(Path.of("/proc/self/clear_refs")), "the system keeps one peak for the process");
        long bytes = 256L << 20;
        try (Arena arena = Arena.ofConfined()) {
            arena.allocate(bytes).fill((byte) 1);
        }
        long before = Machine.peakResidentBytes();
        Machine.resetPeakResident();

        assertThat(before).isGreaterThan(bytes);
        assertThat(Machine.peakResidentBytes()).isLessThan(before - bytes / 2);
    }
}
