package dev.wick.binding;

/**
 * An allocator's statistics under LibTorch's own names ({@code c10::CachingDeviceAllocator::DeviceStats}); bytes and
 * counts, immutable.
 *
 * <p>On the CPU LibTorch has no such allocator: there Wick's counts, exact to the byte. It keeps no free memory and rounds
 * nothing up, so what is allocated, active, requested and reserved is one figure; there are no pools, so the small and
 * large ones are 0.
 *
 * @param allocation          allocations that were asked for
 * @param segment             segments that the driver, or the C library, gave
 * @param active              blocks in use, or waiting for a stream
 * @param inactiveSplit       free blocks that cannot go back to the driver, being part of a segment in use
 * @param allocatedBytes      bytes of blocks handed out
 * @param reservedBytes       bytes of segments, free blocks with them
 * @param activeBytes         bytes of active blocks
 * @param inactiveSplitBytes  bytes of inactive split blocks
 * @param requestedBytes      bytes that were asked for, before rounding
 * @param numAllocRetries     times the cache was emptied because the driver refused
 * @param numOoms             allocations that failed all the same
 * @param oversizeAllocations allocations larger than {@code maxSplitSize}
 * @param oversizeSegments    segments larger than {@code maxSplitSize}
 * @param numSyncAllStreams   times every stream was waited for, to free blocks
 * @param numDeviceAlloc      the driver's, or the C library's, allocations
 * @param numDeviceFree       what was given back to it
 * @param maxSplitSize        bytes of the largest block that is split; -1 without a limit, 0 before the first use
 */
public record DeviceStats(PoolStat allocation, PoolStat segment, PoolStat active, PoolStat inactiveSplit,
        PoolStat allocatedBytes, PoolStat reservedBytes, PoolStat activeBytes, PoolStat inactiveSplitBytes,
        PoolStat requestedBytes, long numAllocRetries, long numOoms, Stat oversizeAllocations, Stat oversizeSegments,
        long numSyncAllStreams, long numDeviceAlloc, long numDeviceFree, long maxSplitSize) {

    /**
     * One statistic.
     *
     * @param current   now
     * @param peak      the most since the peaks were reset
     * @param allocated in all, since the process began
     * @param freed     in all, since the process began
     */
    public record Stat(long current, long peak, long allocated, long freed) {
        /** Of nothing. */
        public static final Stat ZERO = new Stat(0, 0, 0, 0);
    }

    /**
     * A statistic by LibTorch's pools.
     *
     * @param all   of both
     * @param small of blocks up to 1 MiB
     * @param large of larger ones
     */
    public record PoolStat(Stat all, Stat small, Stat large) {
        /** Of nothing. */
        public static final PoolStat ZERO = ofAll(Stat.ZERO);

        /** Of an allocator without pools. */
        public static PoolStat ofAll(Stat all) {
            return new PoolStat(all, Stat.ZERO, Stat.ZERO);
        }
    }

    /**
     * Of an allocator that hands out what it is asked for and keeps nothing.
     *
     * @param blocks  allocations
     * @param bytes   their bytes
     * @param numOoms allocations that were refused
     */
    public static DeviceStats ofUncached(Stat blocks, Stat bytes, long numOoms) {
        PoolStat count = PoolStat.ofAll(blocks);
        PoolStat size = PoolStat.ofAll(bytes);
        return new DeviceStats(count, count, count, PoolStat.ZERO, size, size, size, PoolStat.ZERO, size, 0, numOoms,
                Stat.ZERO, Stat.ZERO, 0, blocks.allocated(), blocks.freed(), -1);
    }
}
