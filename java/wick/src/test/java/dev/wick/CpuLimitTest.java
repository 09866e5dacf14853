package dev.wick;

import static org.assertj.core.api.Assertions.assertThat;

import dev.wick.binding.TorchBinding;
import dev.wick.error.DeviceOutOfMemoryException;
import dev.wick.error.WickException;
import org.junit.jupiter.api.Test;

/** The limit that a property sets, in processes of their own. */
class CpuLimitTest extends WickCase {

    /** Allocates 1 MiB, then another one. */
    static final class Allocating {
        public static void main(String[] arguments) {
            try (Tensor _ = Tensor.empty(DType.INT8, 1 << 20)) {
                System.out.println("first, of " + DeviceMemory.cpuLimit());
                Tensor.empty(DType.INT8, 1 << 20).close();
                System.out.println("second");
            } catch (DeviceOutOfMemoryException e) {
                System.out.println("out of memory at " + e.limitBytes());
            } catch (WickException e) {
                System.out.println("refused: " + e.getMessage());
            }
        }
    }

    @Test
    void itHoldsFromTheFirstTensorOn() throws Exception {
        assumeFeature(TorchBinding.MEMORY);
        assertThat(OwnProcess.run(Allocating.class, "-Dwick.memory.cpuLimit=1100k").output())
                .contains("first, of 1126400").contains("out of memory at 1126400");
        assertThat(OwnProcess.run(Allocating.class, "-Dwick.memory.cpuLimit=2g").output()).contains("second");
    }

    @Test
    void whatIsNoSizeIsRefused() throws Exception {
        assertThat(OwnProcess.run(Allocating.class, "-Dwick.memory.cpuLimit=lots").output())
                .contains("refused: -Dwick.memory.cpuLimit=lots is no number of bytes");
    }

    /** A limit that would not hold is not taken for one that does. */
    @Test
    void whereThereIsNoneItIsRefused() throws Exception {
        String reason = Engine.get().missingFeatures().get(TorchBinding.MEMORY);
        if (reason != null) {
            assertThat(OwnProcess.run(Allocating.class, "-Dwick.memory.cpuLimit=1g").output())
                    .contains("refused: -Dwick.memory.cpuLimit=1g: " + reason);
        }
    }
}
