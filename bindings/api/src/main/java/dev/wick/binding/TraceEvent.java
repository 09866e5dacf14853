package dev.wick.binding;

/**
 * One event of a trace.
 *
 * @param device            the index of the CUDA device it ran on, or -1 on the host
 * @param thread            LibTorch's number of the thread it began on; 0 on a device
 * @param endThread         that on which it ended
 * @param startNanos        since the epoch
 * @param correlation       of an operator, function or range: the number by which device work refers to it
 * @param linkedCorrelation of device work: the number of what launched it; 0 where that is not known
 * @param bytes             of an allocation, negative of a free; else 0
 */
public record TraceEvent(Kind kind, String name, int device, long thread, long endThread, long startNanos,
        long durationNanos, long correlation, long linkedCorrelation, long bytes) {

    /** In the order of {@code enum wick_trace_kind}. */
    public enum Kind {
        OTHER,
        OPERATOR,
        /** A TorchScript method. */
        FUNCTION,
        /** A range that the user marked. */
        RANGE,
        /** An allocation or a free on the CPU. */
        ALLOCATION,
        /** A call of CUDA's runtime or driver, on the host. */
        CUDA_CALL,
        KERNEL,
        /** A copy by a device. */
        COPY,
        /** Memory that a device sets. */
        FILL,
        /** A range's shadow on a device: from its first work there to its last. */
        DEVICE_RANGE,
        DEVICE_OTHER;

        /** Whether such an event is work that keeps a device busy. */
        public boolean isDeviceWork() {
            return this == KERNEL || this == COPY || this == FILL;
        }
    }

    public long endNanos() {
        return startNanos + durationNanos;
    }
}
