package dev.wick;

/** {@link DeviceMemory} for JMX: bytes and counts as they are when they are asked for; any thread. */
public interface DeviceMemoryMXBean {

    /** {@code cpu} or {@code cuda:N}. */
    String getDevice();

    long getRequestedBytes();

    long getAllocatedBytes();

    long getAllocatedBytesPeak();

    long getActiveBytes();

    long getReservedBytes();

    long getReservedBytesPeak();

    long getInactiveSplitBytes();

    /** Blocks handed out. */
    long getAllocations();

    /** Times the cache was emptied because the driver refused. */
    long getNumAllocRetries();

    /** Allocations that failed. */
    long getNumOoms();

    /** See {@link DeviceMemory#idleShare()}. */
    double getIdleShare();

    /** See {@link DeviceMemory#splitShare()}. */
    double getSplitShare();

    /** See {@link DeviceMemory#roundingShare()}. */
    double getRoundingShare();

    /** See {@link DeviceMemory#resetPeaks}. */
    void resetPeaks();

    /** See {@link DeviceMemory#trim}. */
    void trim();
}
