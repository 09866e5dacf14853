package dev.wick.binding;

/** The facet for memory that LibTorch allocates; any thread. */
public interface MemoryBinding {

    /** What LibTorch holds on the CPU, exact to the byte. */
    DeviceStats cpu();

    /** Sets the peaks of {@link #cpu()} to the current values. */
    void resetPeakCpu();

    /** Makes CPU allocations beyond so many bytes in all fail as out of memory; 0 lifts the limit. */
    void setCpuLimit(long bytes);

    /** The limit; 0 without one. */
    long cpuLimit();
}
