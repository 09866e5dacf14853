package dev.wick.study.measurement;

import dev.wick.Device;
import dev.wick.DeviceMemory;
import dev.wick.Engine;
import dev.wick.binding.TorchBinding;
import dev.wick.study.report.Machine;

/**
 * The most memory that is held on a device while something is done; any thread, but the peaks are the process's.
 *
 * @param device whose
 */
public record PeakMemory(Device device) {

    /** Why LibTorch's allocations on the device are not counted, so that only the whole process can be told; null if they are. */
    public String missing() {
        return isCuda() ? null : Engine.get().missingFeatures().get(TorchBinding.MEMORY);
    }

    /** Whether LibTorch's allocations are counted. */
    public boolean isCounted() {
        return missing() == null;
    }

    /** What is counted: {@code device allocator}, {@code allocator} or {@code rss}. */
    public String source() {
        return isCuda() ? "device allocator" : isCounted() ? "allocator" : "rss";
    }

    /** Begins anew; gives what is cached back first. */
    public void reset() {
        if (isCounted()) {
            // What an earlier measurement left in a device's cache is not this one's.
            DeviceMemory.trim(device);
            DeviceMemory.resetPeaks(device);
        } else {
            Machine.resetPeakResident();
        }
    }

    /** The most bytes since then; -1 where the system does not say. */
    public long bytes() {
        return isCounted() ? DeviceMemory.of(device).allocatedBytes().peak() : Machine.peakResidentBytes();
    }

    private boolean isCuda() {
        return device.type() == Device.Type.CUDA;
    }
}
