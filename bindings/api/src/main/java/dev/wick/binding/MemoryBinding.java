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

    /**
     * Begins to record what a device's allocator does, on every thread. Several recordings may be open at once.
     *
     * @param device   -1 for the CPU, otherwise the CUDA device
     * @param capacity events that it keeps, 64 bytes each: the newest
     * @param stacks   whether TorchScript's call stacks are recorded
     */
    Handle startRecording(int device, long capacity, boolean stacks);

    /** Ends a recording, which keeps its events. */
    void stopRecording(Handle recording);

    /** What a recording knows beside its events. */
    MemoryRecordingInfo describeRecording(Handle recording);

    /** Copies the events of a recording, open or ended. */
    RecordedMemory readRecording(Handle recording);

    /**
     * What is known of an event's context while a recording exists: a tuple of the number from {@link CallSites}, operator
     * or none, submodule or none, and TorchScript's stack as a list of tuples of function, file and line.
     */
    BoxedValue recordedContext(int context);
}
