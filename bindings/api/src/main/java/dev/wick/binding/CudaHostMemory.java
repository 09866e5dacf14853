package dev.wick.binding;

/**
 * LibTorch's statistics of page-locked host memory ({@code at::HostStats}); bytes and counts, immutable.
 *
 * <p>The active ones are too large in LibTorch 2.11: it counts them down only when a block comes back that a stream has
 * used, and counts a request twice whose block it had to allocate.
 *
 * @param activeRequests allocations in use
 * @param activeBytes    their bytes, rounded up to a power of two
 * @param allocations    allocations in use or free
 * @param allocatedBytes their bytes
 * @param numHostAlloc   times the driver locked pages
 * @param numHostFree    times it unlocked them
 */
public record CudaHostMemory(DeviceStats.Stat activeRequests, DeviceStats.Stat activeBytes,
        DeviceStats.Stat allocations, DeviceStats.Stat allocatedBytes, long numHostAlloc, long numHostFree) {
}
