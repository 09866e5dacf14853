package dev.wick.binding;

/** What a trace records of each operator beside its time; every one of them makes recording slower. */
public enum TraceDetail {
    /** The shapes and dtypes of its arguments; in the written file alone. */
    SHAPES(1),
    /** Allocations and frees on the CPU. */
    MEMORY(2),
    /** The TorchScript call stack and the modules that called it; in the written file alone. */
    STACKS(4);

    private final int code;

    TraceDetail(int code) {
        this.code = code;
    }

    /** {@code enum wick_trace_flags}. */
    public int code() {
        return code;
    }
}
