package dev.wick;

import dev.wick.binding.CudaBinding;
import dev.wick.binding.CudaHostMemory;
import dev.wick.binding.DeviceStats;
import dev.wick.binding.OutOfMemory;
import dev.wick.binding.TorchBinding;
import dev.wick.error.DeviceOutOfMemoryException;
import dev.wick.error.UnsupportedFeatureException;
import dev.wick.jfr.DeviceMemoryEvent;
import dev.wick.jfr.HostMemoryEvent;
import dev.wick.jfr.OutOfMemoryEvent;
import java.util.Optional;
import jdk.jfr.FlightRecorder;
import jdk.jfr.FlightRecorderListener;

/**
 * The flight recorder's events that no call of the user's makes: figures once a period, and allocations that were refused;
 * any thread.
 *
 * <p>The recorder begins when somebody starts a recording; until then it is only told whom to call. Its threads may hold its
 * locks when they call, so they use the binding at hand and never wait for the engine to be loaded.
 */
final class EngineEvents {
    /** What the recorder's tools print as N/A. */
    private static final long UNKNOWN = Long.MIN_VALUE;

    private final TorchBinding binding;

    private EngineEvents(TorchBinding binding) {
        this.binding = binding;
    }

    static void install(TorchBinding binding) {
        EngineEvents events = new EngineEvents(binding);
        OutOfMemory.observe(EngineEvents::refused);
        FlightRecorder.addListener(new FlightRecorderListener() {
            @Override
            public void recorderInitialized(FlightRecorder recorder) {
                FlightRecorder.addPeriodicEvent(HostMemoryEvent.class, events::hostMemory);
                FlightRecorder.addPeriodicEvent(DeviceMemoryEvent.class, events::deviceMemory);
            }
        });
    }

    private static void refused(DeviceOutOfMemoryException error) {
        if (!OutOfMemoryEvent.isOn()) {
            return;
        }
        OutOfMemoryEvent event = new OutOfMemoryEvent();
        event.device = error.reservedBytes() < 0 ? "cpu" : "cuda";
        event.requestedBytes = known(error.requestedBytes());
        event.allocatedBytes = known(error.allocatedBytes());
        event.limitBytes = known(error.limitBytes());
        event.reservedBytes = known(error.reservedBytes());
        event.freeBytes = known(error.freeBytes());
        event.largestFreeBlockBytes = known(error.largestFreeBlockBytes());
        event.commit();
    }

    private static long known(long bytes) {
        return bytes < 0 ? UNKNOWN : bytes;
    }

    private void hostMemory() {
        HostMemoryEvent event = new HostMemoryEvent();
        event.allocatedBytes = UNKNOWN;
        event.allocatedBytesPeak = UNKNOWN;
        event.limitBytes = UNKNOWN;
        event.allocations = UNKNOWN;
        event.numOoms = UNKNOWN;
        event.pinnedAllocatedBytes = UNKNOWN;
        event.pinnedActiveBytes = UNKNOWN;
        binding.memory().ifPresent(memory -> {
            DeviceStats stats = memory.cpu();
            event.allocatedBytes = stats.allocatedBytes().all().current();
            event.allocatedBytesPeak = stats.allocatedBytes().all().peak();
            event.limitBytes = memory.cpuLimit() == 0 ? UNKNOWN : memory.cpuLimit();
            event.allocations = stats.allocation().all().current();
            event.numOoms = stats.numOoms();
        });
        pinned().ifPresent(pinned -> {
            event.pinnedAllocatedBytes = pinned.allocatedBytes().current();
            event.pinnedActiveBytes = pinned.activeBytes().current();
        });
        event.liveHandles = binding.liveHandles();
        event.commit();
    }

    private Optional<CudaHostMemory> pinned() {
        try {
            return binding.cuda().map(CudaBinding::hostMemory);
        } catch (UnsupportedFeatureException e) {
            return Optional.empty();
        }
    }

    /** Of the devices that LibTorch has allocated on: a look at another one would tell nothing. */
    private void deviceMemory() {
        if (binding.cuda().isEmpty()) {
            return;
        }
        CudaBinding cuda = binding.cuda().get();
        for (int device = 0; device < cuda.deviceCount(); device++) {
            DeviceStats stats = cuda.memory(device);
            if (stats.numDeviceAlloc() > 0) {
                commit(Device.cuda(device), stats);
            }
        }
    }

    private static void commit(Device device, DeviceStats stats) {
        DeviceMemoryEvent event = new DeviceMemoryEvent();
        event.device = device.toString();
        event.requestedBytes = stats.requestedBytes().all().current();
        event.allocatedBytes = stats.allocatedBytes().all().current();
        event.allocatedBytesPeak = stats.allocatedBytes().all().peak();
        event.activeBytes = stats.activeBytes().all().current();
        event.reservedBytes = stats.reservedBytes().all().current();
        event.reservedBytesPeak = stats.reservedBytes().all().peak();
        event.inactiveSplitBytes = stats.inactiveSplitBytes().all().current();
        event.allocations = stats.allocation().all().current();
        event.numAllocRetries = stats.numAllocRetries();
        event.numOoms = stats.numOoms();
        event.commit();
    }
}
