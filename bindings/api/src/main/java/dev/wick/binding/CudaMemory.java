package dev.wick.binding;

/**
 * LibTorch's statistics of a CUDA device's memory under its own names ({@code c10::CachingDeviceAllocator::DeviceStats}),
 * and what the driver says; bytes and counts, immutable.
 *
 * @param allocation          allocations that were asked for
 * @param segment             segments that the driver gave
 * @param active              blocks in use, or waiting for a stream
 * @param inactiveSplit       free blocks that cannot go back to the driver, being part of a segment in use
 * @param allocatedBytes      bytes of blocks handed out
 * @param reservedBytes       bytes of segments, free blocks with them
 * @param activeBytes         bytes of active blocks
 * @param inactiveSplitBytes  bytes of inactive split blocks
 * @param requestedBytes      bytes that were asked for, before rounding
 * @param numAllocRetries     times the cache was emptied because the driver refused
 * @param numOoms             allocations that failed all the same
 * @param numSyncAllStreams   times every stream was waited for, to free blocks
 * @param numDeviceAlloc      the driver's allocations
 * @param numDeviceFree       what was given back to it
 * @param deviceFreeBytes     free in the driver, of every process together ({@code cudaMemGetInfo})
 * @param deviceTotalBytes    of the device
 */
public record CudaMemory(PoolStat allocation, PoolStat segment, PoolStat active, PoolStat inactiveSplit,
        PoolStat allocatedBytes, PoolStat reservedBytes, PoolStat activeBytes, PoolStat inactiveSplitBytes,
        PoolStat requestedBytes, long numAllocRetries, long numOoms, long numSyncAllStreams, long numDeviceAlloc,
        long numDeviceFree, long deviceFreeBytes, long deviceTotalBytes) {

    /**
     * One statistic.
     *
     * @param current   now
     * @param peak      the most since the peaks were reset
     * @param allocated in all, since the process began
     * @param freed     in all, since the process began
     */
    public record Stat(long current, long peak, long allocated, long freed) {
    }

    /**
     * A statistic by LibTorch's pools.
     *
     * @param all   of both
     * @param small of blocks up to 1 MiB
     * @param large of larger ones
     */
    public record PoolStat(Stat all, Stat small, Stat large) {
    }
}
