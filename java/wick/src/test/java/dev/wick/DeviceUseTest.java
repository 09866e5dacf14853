package dev.wick;

import static org.assertj.core.api.Assertions.assertThat;

import dev.wick.binding.CudaUse;
import dev.wick.binding.NvmlReport;
import java.util.List;
import java.util.Optional;
import java.util.OptionalLong;
import org.junit.jupiter.api.Test;

/** A device's memory is split without remainder, and what is not known is left empty with the reason. */
class DeviceUseTest {
    private static final Device DEVICE = Device.cuda(0);
    private static final long PID = 4711;
    private static final NvmlReport.Memory MEMORY = new NvmlReport.Memory(10_000, 100, 5_900);

    private static NvmlReport nvml(NvmlReport.Process... processes) {
        return new NvmlReport(Optional.of(MEMORY), Optional.of(List.of(processes)), Optional.empty());
    }

    private static NvmlReport.Process process(long pid, long bytes) {
        return new NvmlReport.Process(pid, OptionalLong.of(bytes));
    }

    private static DeviceUse of(NvmlReport nvml) {
        return DeviceUse.of(DEVICE, 2_000, new CudaUse(5_900, 9_900, 300, 123, 200, nvml), PID);
    }

    @Test
    void thePartsAddUpToTheDevice() {
        DeviceUse use = of(nvml(process(1, 700), process(PID, 2_500)));
        assertThat(use.allocatorBytes()).isEqualTo(1_500);
        assertThat(use.workspaceBytes()).hasValue(200);
        assertThat(use.graphBytes()).isEqualTo(300);
        assertThat(use.contextBytes()).hasValue(500);
        assertThat(use.otherProcessesBytes()).hasValue(1_500);
        assertThat(use.systemBytes()).hasValue(100);
        assertThat(use.largestFreeBlockBytes()).isEqualTo(123);
        assertThat(use.obstacle()).isEmpty();
        assertThat(use.freeBytes().getAsLong() + use.systemBytes().getAsLong() + use.otherProcessesBytes().getAsLong()
                + use.allocatorBytes() + use.workspaceBytes().getAsLong() + use.graphBytes() + use.contextBytes().getAsLong())
                .isEqualTo(use.totalBytes().getAsLong());
    }

    @Test
    void aProcessThatIsListedTwiceIsOne() {
        assertThat(of(nvml(process(PID, 1_500), process(PID, 1_000))).contextBytes()).hasValue(500);
    }

    @Test
    void theOnlyOneListedIsThisOneByAnotherNumber() {
        assertThat(of(nvml(process(99, 2_500))).contextBytes()).hasValue(500);
    }

    @Test
    void amongOthersByOtherNumbersItIsNotKnown() {
        DeviceUse use = of(nvml(process(98, 1_500), process(99, 2_500)));
        assertThat(use.contextBytes()).isEmpty();
        assertThat(use.otherProcessesBytes()).isEmpty();
        assertThat(use.freeBytes()).hasValue(5_900);
        assertThat(use.obstacle()).hasValueSatisfying(why -> assertThat(why).contains("4711", "container"));
    }

    @Test
    void aDriverThatDoesNotCountByProcess() {
        DeviceUse use = of(nvml(new NvmlReport.Process(PID, OptionalLong.empty())));
        assertThat(use.contextBytes()).isEmpty();
        assertThat(use.obstacle()).isPresent();
    }

    @Test
    void withoutNvmlCudaTellsWhatItCan() {
        DeviceUse use = of(NvmlReport.missing("no driver library"));
        assertThat(use.totalBytes()).hasValue(9_900);
        assertThat(use.freeBytes()).hasValue(5_900);
        assertThat(use.allocatorBytes()).isEqualTo(1_500);
        assertThat(use.contextBytes()).isEmpty();
        assertThat(use.otherProcessesBytes()).isEmpty();
        assertThat(use.systemBytes()).isEmpty();
        assertThat(use.obstacle()).hasValue("no driver library");
    }

    @Test
    void aDeviceWithoutAContextHasNothingOfThisProcess() {
        DeviceUse use = DeviceUse.of(DEVICE, 0, new CudaUse(-1, -1, 0, 0, 0, nvml(process(1, 4_000))), PID);
        assertThat(use.contextBytes()).hasValue(0);
        assertThat(use.otherProcessesBytes()).hasValue(4_000);
        DeviceUse silent = DeviceUse.of(DEVICE, 0, new CudaUse(-1, -1, 0, 0, -1, NvmlReport.missing("none")), PID);
        assertThat(silent.totalBytes()).isEmpty();
        assertThat(silent.freeBytes()).isEmpty();
        assertThat(silent.workspaceBytes()).isEmpty();
    }
}
