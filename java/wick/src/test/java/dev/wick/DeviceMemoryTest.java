package dev.wick;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.within;

import dev.wick.binding.DeviceStats;
import dev.wick.binding.DeviceStats.PoolStat;
import dev.wick.binding.DeviceStats.Stat;
import dev.wick.binding.TorchBinding;
import dev.wick.error.BadArgumentException;
import dev.wick.error.DeviceOutOfMemoryException;
import dev.wick.error.UnsupportedFeatureException;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;

/** The CPU's figures against sizes computed by hand, exact to the byte. */
class DeviceMemoryTest extends WickCase {

    @BeforeEach
    void needsTheFigures() {
        assumeFeature(TorchBinding.MEMORY);
    }

    private static DeviceMemory now() {
        return DeviceMemory.of(Device.CPU);
    }

    @Test
    void aTensorIsItsElements() {
        DeviceMemory.resetPeaks(Device.CPU);
        DeviceMemory before = now();
        try (Tensor _ = Tensor.empty(DType.FLOAT32, 3, 5, 7); Tensor _ = Tensor.empty(DType.INT8, 11)) {
            DeviceMemory with = now();
            long bytes = 3 * 5 * 7 * 4 + 11;
            assertThat(with.allocatedBytes().current() - before.allocatedBytes().current()).isEqualTo(bytes);
            assertThat(with.requestedBytes()).isEqualTo(with.allocatedBytes());
            assertThat(with.activeBytes()).isEqualTo(with.allocatedBytes());
            assertThat(with.reservedBytes()).isEqualTo(with.allocatedBytes());
            assertThat(with.inactiveSplitBytes()).isEqualTo(Stat.ZERO);
            assertThat(with.stats().allocation().all().current() - before.stats().allocation().all().current())
                    .isEqualTo(2);
            assertThat(with.idleShare() + with.splitShare() + with.roundingShare()).isZero();
        }
        DeviceMemory after = now();
        assertThat(after.allocatedBytes().current()).isEqualTo(before.allocatedBytes().current());
        assertThat(after.allocatedBytes().peak()).isEqualTo(before.allocatedBytes().current() + 3 * 5 * 7 * 4 + 11);
        assertThat(after.allocatedBytes().allocated() - before.allocatedBytes().allocated()).isEqualTo(431);
        assertThat(after.allocatedBytes().freed() - before.allocatedBytes().freed()).isEqualTo(431);
        DeviceMemory.trim(Device.CPU);
        DeviceMemory.resetPeaks(Device.CPU);
        assertThat(now().allocatedBytes().peak()).isEqualTo(before.allocatedBytes().current());
    }

    /** Nothing of the archive, its graphs or its loading stays in LibTorch's allocator. */
    @Test
    void aModelIsItsParametersAndBuffers() {
        for (String archive : new String[] {"mlp.pt", "resnet-small.pt"}) {
            // What loading needs once in a process is not the model's.
            load(archive).close();
            long before = now().allocatedBytes().current();
            try (TorchScriptModel model = load(archive)) {
                long with = now().allocatedBytes().current();
                long bytes = 0;
                for (var tensors : java.util.List.of(model.parameters(), model.buffers())) {
                    for (Tensor tensor : tensors.values()) {
                        bytes += tensor.elementCount() * tensor.dtype().byteSize();
                        tensor.close();
                    }
                }
                assertThat(with - before).as(archive).isEqualTo(bytes).isPositive();
            }
            assertThat(now().allocatedBytes().current()).isEqualTo(before);
        }
    }

    @Test
    void whatIsRefusedIsCounted() {
        long before = now().stats().numOoms();
        long used = now().allocatedBytes().current();
        DeviceMemory.setCpuLimit(used + 1000);
        try {
            assertThat(DeviceMemory.cpuLimit()).isEqualTo(used + 1000);
            assertThatThrownBy(() -> Tensor.empty(DType.INT8, 1001)).isInstanceOf(DeviceOutOfMemoryException.class);
            Tensor.empty(DType.INT8, 1000).close();
        } finally {
            DeviceMemory.setCpuLimit(0);
        }
        assertThat(DeviceMemory.cpuLimit()).isZero();
        assertThat(now().stats().numOoms()).isEqualTo(before + 1);
        assertThat(now().allocatedBytes().current()).isEqualTo(used);
    }

    @Test
    void sharesAreWhatTheirFormulasSay() {
        DeviceMemory memory = new DeviceMemory(Device.cuda(0), new DeviceStats(PoolStat.ZERO, PoolStat.ZERO,
                PoolStat.ZERO, PoolStat.ZERO, bytes(600), bytes(2000), bytes(800), bytes(500), bytes(450), 0, 0,
                Stat.ZERO, Stat.ZERO, 0, 0, 0, -1));
        assertThat(memory.idleShare()).isEqualTo(1 - 800.0 / 2000, within(1e-12));
        assertThat(memory.splitShare()).isEqualTo(500.0 / 2000, within(1e-12));
        assertThat(memory.roundingShare()).isEqualTo(1 - 450.0 / 600, within(1e-12));
        DeviceMemory nothing = new DeviceMemory(Device.CPU, DeviceStats.ofUncached(Stat.ZERO, Stat.ZERO, 0));
        assertThat(nothing.idleShare()).isZero();
        assertThat(nothing.splitShare()).isZero();
        assertThat(nothing.roundingShare()).isZero();
    }

    private static PoolStat bytes(long current) {
        return PoolStat.ofAll(new Stat(current, current, current, 0));
    }

    @Test
    void whatTheCpuHasNot() {
        assertThatThrownBy(() -> DeviceMemory.use(Device.CPU)).isInstanceOf(UnsupportedFeatureException.class);
        assertThatThrownBy(() -> DeviceMemory.of(Device.parse("meta"))).isInstanceOf(BadArgumentException.class);
        assertThatThrownBy(() -> DeviceMemory.setCpuLimit(-1)).isInstanceOf(BadArgumentException.class);
        assertThatThrownBy(() -> DeviceMemory.resetPeaks(Device.parse("meta")))
                .isInstanceOf(BadArgumentException.class);
    }
}
