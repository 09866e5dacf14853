package dev.wick;

import static org.assertj.core.api.Assertions.assertThat;

import dev.wick.binding.TorchBinding;
import dev.wick.error.UnsupportedFeatureException;
import java.lang.management.ManagementFactory;
import java.util.List;
import javax.management.JMX;
import javax.management.MBeanServer;
import javax.management.ObjectName;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;

/** The figures through JMX, when asked for. */
class WickBeansTest extends WickCase {
    private static final MBeanServer SERVER = ManagementFactory.getPlatformMBeanServer();

    @AfterEach
    void unregister() {
        WickBeans.unregister();
        WickBeans.unregister();
    }

    private static List<ObjectName> registered() throws Exception {
        return List.copyOf(SERVER.queryNames(new ObjectName("dev.wick:*"), null));
    }

    @Test
    void theyAreThereWhenAskedForAndNoLonger() throws Exception {
        assumeFeature(TorchBinding.MEMORY);
        assertThat(registered()).isEmpty();
        List<String> names = WickBeans.register();
        assertThat(names).contains("dev.wick:type=DeviceMemory,device=cpu");
        assertThat(WickBeans.register()).isEqualTo(names);
        assertThat(registered()).hasSize(names.size());
        WickBeans.unregister();
        assertThat(registered()).isEmpty();
    }

    @Test
    void theCpusFigures() throws Exception {
        assumeFeature(TorchBinding.MEMORY);
        WickBeans.register();
        ObjectName name = new ObjectName("dev.wick:type=DeviceMemory,device=cpu");
        DeviceMemoryMXBean bean = JMX.newMXBeanProxy(SERVER, name, DeviceMemoryMXBean.class);
        long before = bean.getAllocatedBytes();
        long blocks = bean.getAllocations();
        try (Tensor _ = Tensor.empty(DType.FLOAT64, 1000)) {
            assertThat(bean.getAllocatedBytes() - before).isEqualTo(8000);
            assertThat(bean.getAllocations() - blocks).isEqualTo(1);
            assertThat(bean.getReservedBytes()).isEqualTo(bean.getRequestedBytes()).isEqualTo(bean.getActiveBytes());
            assertThat(SERVER.getAttribute(name, "AllocatedBytes")).isEqualTo(before + 8000);
        }
        assertThat(bean.getAllocatedBytesPeak()).isGreaterThanOrEqualTo(before + 8000);
        bean.resetPeaks();
        bean.trim();
        assertThat(bean.getAllocatedBytesPeak()).isEqualTo(before);
        assertThat(bean.getReservedBytesPeak()).isEqualTo(before);
        assertThat(bean.getDevice()).isEqualTo("cpu");
        assertThat(bean.getInactiveSplitBytes() + bean.getNumAllocRetries()).isZero();
        assertThat(bean.getNumOoms()).isEqualTo(DeviceMemory.of(Device.CPU).stats().numOoms());
        assertThat(bean.getIdleShare() + bean.getSplitShare() + bean.getRoundingShare()).isZero();
    }

    /** Says which beans there are once LibTorch is loaded, or why there are none. */
    static final class Asking {
        public static void main(String[] arguments) throws Exception {
            try {
                Engine.get();
                System.out.println("beans " + registered().size());
                WickBeans.register();
            } catch (UnsupportedFeatureException e) {
                System.out.println("refused: " + e.getMessage());
            }
        }
    }

    @Test
    void aPropertyRegistersThem() throws Exception {
        assumeFeature(TorchBinding.MEMORY);
        assertThat(OwnProcess.run(Asking.class).output()).contains("beans 0");
        assertThat(OwnProcess.run(Asking.class, "-Dwick.jmx=true").output()).containsPattern("beans [1-9]");
    }

    /** Whoever does without JMX has an engine all the same. */
    static final class Computing {
        public static void main(String[] arguments) {
            try (Tensor tensor = Tensor.zeros(DType.FLOAT32, 2)) {
                System.out.println("size " + tensor.byteSize());
                WickBeans.register();
            } catch (UnsupportedFeatureException e) {
                System.out.println("refused: " + e.getMessage());
            }
        }
    }

    @Test
    void aRuntimeWithoutTheModuleDoesAllElse() throws Exception {
        assertThat(OwnProcess.run(Computing.class, "--limit-modules", "java.base,java.logging,java.xml,jdk.jfr,"
                + "jdk.unsupported").output()).contains("size 8").contains("refused: this Java runtime lacks the module "
                + "java.management");
    }
}
