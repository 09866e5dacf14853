package dev.wick;

import dev.wick.binding.DeviceStats;
import dev.wick.binding.DeviceStats.Stat;
import dev.wick.binding.MemoryBinding;
import dev.wick.error.BadArgumentException;
import dev.wick.error.UnsupportedFeatureException;

/**
 * What LibTorch's allocator holds on a device, at one moment; immutable, any thread.
 *
 * <p>Bytes under LibTorch's own names: requested by callers, allocated after rounding up, active (allocated, or freed and
 * still in use by a stream), reserved from the driver with what is cached. What else of a device is taken, by whom, tells
 * {@link #use}; page-locked host memory {@link Cuda#hostMemory()}. On the CPU Wick's own allocator counts, exactly to the
 * byte: nothing is cached or rounded up there, so all four are one figure. It counts what LibTorch allocates; a library's
 * own {@code malloc} (oneDNN's code, OpenBLAS's buffers) is not in it.
 *
 * <p>Every method throws {@link UnsupportedFeatureException} where {@link Engine#missingFeatures()} has a reason: under
 * {@code memory} for the CPU, under {@code cuda} for a CUDA device.
 *
 * @param device which
 * @param stats  all of LibTorch's figures, by small and large pools as well
 */
public record DeviceMemory(Device device, DeviceStats stats) {

    /** The system property with a limit for the CPU, such as {@code 536870912}, {@code 512m} or {@code 2g}. */
    public static final String CPU_LIMIT_PROPERTY = "wick.memory.cpuLimit";

    /** The figures now; zeros for a CUDA device before LibTorch's first use of CUDA, which this is not. */
    public static DeviceMemory of(Device device) {
        return new DeviceMemory(device, isCpu(device) ? cpu().cpu() : Cuda.binding().memory(device.index()));
    }

    /** Where all of a CUDA device's memory is, that of other processes as well; slower than the figures themselves. */
    public static DeviceUse use(Device device) {
        if (isCpu(device)) {
            throw new UnsupportedFeatureException("the machine's memory is the operating system's to tell; of a CUDA device "
                    + "the driver does");
        }
        return DeviceUse.of(device);
    }

    /** Sets the peaks to the current figures. */
    public static void resetPeaks(Device device) {
        if (isCpu(device)) {
            cpu().resetPeakCpu();
        } else {
            Cuda.binding().resetPeakMemory(Cuda.index(device));
        }
    }

    /**
     * Gives what LibTorch caches back to the driver, on every CUDA device, and waits for them; does nothing for the CPU,
     * where nothing is cached.
     */
    public static void trim(Device device) {
        if (isCpu(device)) {
            cpu();
        } else {
            Cuda.index(device);
            Cuda.binding().trimMemory();
        }
    }

    /** The share of a CUDA device's memory that LibTorch may reserve for this process; 1 unless it was set. */
    public static double fraction(Device device) {
        return Cuda.binding().memoryFraction(Cuda.index(device));
    }

    /**
     * Lets LibTorch reserve at most a share of a CUDA device's memory: what goes beyond is out of memory.
     *
     * @param fraction from 0 to 1
     */
    public static void setFraction(Device device, double fraction) {
        Cuda.binding().setMemoryFraction(Cuda.index(device), fraction);
    }

    /** The bytes that LibTorch may allocate on the CPU; 0 without a limit. */
    public static long cpuLimit() {
        return cpu().cpuLimit();
    }

    /** Makes CPU allocations beyond so many bytes in all fail as out of memory; 0 lifts the limit. */
    public static void setCpuLimit(long bytes) {
        cpu().setCpuLimit(bytes);
    }

    /** Bytes that callers asked for. */
    public Stat requestedBytes() {
        return stats.requestedBytes().all();
    }

    /** Bytes of blocks handed out. */
    public Stat allocatedBytes() {
        return stats.allocatedBytes().all();
    }

    /** Bytes of blocks handed out, or freed and still in use by a stream. */
    public Stat activeBytes() {
        return stats.activeBytes().all();
    }

    /** Bytes taken from the driver, free blocks with them. */
    public Stat reservedBytes() {
        return stats.reservedBytes().all();
    }

    /** Bytes of free blocks that cannot go back to the driver, being part of a segment in use. */
    public Stat inactiveSplitBytes() {
        return stats.inactiveSplitBytes().all();
    }

    /** What is reserved and idle: 1 - active / reserved; 0 when nothing is reserved. */
    public double idleShare() {
        return complement(activeBytes(), reservedBytes());
    }

    /** What is idle and cannot be given back: inactive_split / reserved; 0 when nothing is reserved. */
    public double splitShare() {
        return share(inactiveSplitBytes(), reservedBytes());
    }

    /** What rounding up takes: 1 - requested / allocated; 0 when nothing is allocated. */
    public double roundingShare() {
        return complement(requestedBytes(), allocatedBytes());
    }

    private static double share(Stat part, Stat whole) {
        return whole.current() == 0 ? 0 : (double) part.current() / whole.current();
    }

    private static double complement(Stat part, Stat whole) {
        return whole.current() == 0 ? 0 : 1 - share(part, whole);
    }

    private static boolean isCpu(Device device) {
        if (device.type() == Device.Type.META) {
            throw new BadArgumentException("expected the CPU or a CUDA device, got " + device);
        }
        return device.type() == Device.Type.CPU;
    }

    private static MemoryBinding cpu() {
        return Engine.get().memory();
    }
}
