package dev.wick;

import dev.wick.binding.CudaBinding;
import dev.wick.binding.TorchBinding;
import dev.wick.error.UnsupportedFeatureException;
import java.lang.management.ManagementFactory;
import java.util.ArrayList;
import java.util.List;
import javax.management.InstanceAlreadyExistsException;
import javax.management.InstanceNotFoundException;
import javax.management.JMException;
import javax.management.MBeanServer;
import javax.management.ObjectName;

/**
 * Beans of the platform's MBean server, one for each device whose memory can be told:
 * {@code dev.wick:type=DeviceMemory,device=cpu}, and {@code device="cuda:0"} with the quotes that a colon takes. They are
 * there only when asked for, here or by {@code -Dwick.jmx=true}; any thread.
 */
public final class WickBeans {
    /** The system property that registers the beans when LibTorch is loaded. */
    public static final String PROPERTY = "wick.jmx";

    private static final String MODULE = "java.management";

    private WickBeans() {
    }

    /**
     * Registers the beans; those that are there stay.
     *
     * @return their names
     * @throws UnsupportedFeatureException where the runtime lacks the module java.management
     */
    public static List<String> register() {
        return register(Engine.binding());
    }

    static List<String> register(TorchBinding binding) {
        requireModule();
        List<String> names = new ArrayList<>();
        for (Device device : devices(binding)) {
            names.add(Registry.register(device));
        }
        return List.copyOf(names);
    }

    /** Removes the beans; those that are not there are no error. */
    public static void unregister() {
        requireModule();
        devices(Engine.binding()).forEach(Registry::unregister);
    }

    private static List<Device> devices(TorchBinding binding) {
        List<Device> devices = new ArrayList<>();
        if (binding.memory().isPresent()) {
            devices.add(Device.CPU);
        }
        int count = binding.cuda().map(CudaBinding::deviceCount).orElse(0);
        for (int i = 0; i < count; i++) {
            devices.add(Device.cuda(i));
        }
        return devices;
    }

    private static void requireModule() {
        if (ModuleLayer.boot().findModule(MODULE).isEmpty()) {
            throw new UnsupportedFeatureException("this Java runtime lacks the module " + MODULE
                    + ", which JMX needs: add it with --add-modules, or to the runtime's image");
        }
    }

    /** What takes the module: loaded after it was found. */
    private static final class Registry {
        private static final MBeanServer SERVER = ManagementFactory.getPlatformMBeanServer();

        static String register(Device device) {
            ObjectName name = name(device);
            try {
                SERVER.registerMBean(new Bean(device), name);
            } catch (InstanceAlreadyExistsException e) {
                // Registered before, which is what was asked for.
            } catch (JMException e) {
                throw new IllegalStateException(e);
            }
            return name.toString();
        }

        static void unregister(Device device) {
            try {
                SERVER.unregisterMBean(name(device));
            } catch (InstanceNotFoundException e) {
                // Not there, which is what was asked for.
            } catch (JMException e) {
                throw new IllegalStateException(e);
            }
        }

        private static ObjectName name(Device device) {
            String text = device.toString();
            try {
                return new ObjectName("dev.wick:type=DeviceMemory,device="
                        + (text.indexOf(':') < 0 ? text : ObjectName.quote(text)));
            } catch (JMException e) {
                throw new IllegalStateException(e);
            }
        }
    }

    private record Bean(Device of) implements DeviceMemoryMXBean {

        private DeviceMemory now() {
            return DeviceMemory.of(of);
        }

        @Override
        public String getDevice() {
            return of.toString();
        }

        @Override
        public long getRequestedBytes() {
            return now().requestedBytes().current();
        }

        @Override
        public long getAllocatedBytes() {
            return now().allocatedBytes().current();
        }

        @Override
        public long getAllocatedBytesPeak() {
            return now().allocatedBytes().peak();
        }

        @Override
        public long getActiveBytes() {
            return now().activeBytes().current();
        }

        @Override
        public long getReservedBytes() {
            return now().reservedBytes().current();
        }

        @Override
        public long getReservedBytesPeak() {
            return now().reservedBytes().peak();
        }

        @Override
        public long getInactiveSplitBytes() {
            return now().inactiveSplitBytes().current();
        }

        @Override
        public long getAllocations() {
            return now().stats().allocation().all().current();
        }

        @Override
        public long getNumAllocRetries() {
            return now().stats().numAllocRetries();
        }

        @Override
        public long getNumOoms() {
            return now().stats().numOoms();
        }

        @Override
        public double getIdleShare() {
            return now().idleShare();
        }

        @Override
        public double getSplitShare() {
            return now().splitShare();
        }

        @Override
        public double getRoundingShare() {
            return now().roundingShare();
        }

        @Override
        public void resetPeaks() {
            DeviceMemory.resetPeaks(of);
        }

        @Override
        public void trim() {
            DeviceMemory.trim(of);
        }
    }
}
