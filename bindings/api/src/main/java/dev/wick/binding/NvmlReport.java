package dev.wick.binding;

import java.util.List;
import java.util.Optional;
import java.util.OptionalLong;

/**
 * What the driver's management library says of a device; immutable.
 *
 * @param memory    the device's memory
 * @param processes those with a compute context on it, by the numbers of the driver's own namespace
 * @param obstacle  why something is missing; empty when nothing is
 */
public record NvmlReport(Optional<Memory> memory, Optional<List<Process>> processes, Optional<String> obstacle) {

    /**
     * A device's memory; bytes.
     *
     * @param total    of the device
     * @param reserved by driver and firmware
     * @param free     that nobody has
     */
    public record Memory(long total, long reserved, long free) {
    }

    /**
     * A process that uses the device.
     *
     * @param pid       its number
     * @param usedBytes device memory; empty where the driver does not count by process
     */
    public record Process(long pid, OptionalLong usedBytes) {
    }

    /** Where NVML says nothing. */
    public static NvmlReport missing(String why) {
        return new NvmlReport(Optional.empty(), Optional.empty(), Optional.of(why));
    }
}
