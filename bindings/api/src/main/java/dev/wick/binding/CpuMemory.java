package dev.wick.binding;

/**
 * What LibTorch holds on the CPU, counted by its allocator: exact to the byte, and zero when all is freed.
 *
 * @param allocatedBytesCurrent   bytes now
 * @param allocatedBytesPeak      most bytes since the peak was last reset
 * @param allocatedBytesAllocated bytes handed out since the process began
 * @param allocatedBytesFreed     bytes taken back since the process began
 * @param allocationCurrent       blocks now
 * @param allocationPeak          most blocks since the peak was last reset
 * @param allocationAllocated     blocks handed out since the process began
 * @param allocationFreed         blocks taken back since the process began
 */
public record CpuMemory(long allocatedBytesCurrent, long allocatedBytesPeak, long allocatedBytesAllocated,
        long allocatedBytesFreed, long allocationCurrent, long allocationPeak, long allocationAllocated,
        long allocationFreed) {
}
