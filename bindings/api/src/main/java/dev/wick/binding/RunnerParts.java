package dev.wick.binding;

/** Parts of a prepared call on a CUDA device. */
public enum RunnerParts {
    /** Copies the inputs to the device. */
    INPUTS(1),
    /** Converts them and calls the method. */
    CALL(2),
    /** Copies what it gave into the outputs. */
    OUTPUTS(4),
    /** All three. */
    RUN(1 | 2 | 4),
    /** The call, for a graph: refuses outputs that the graph would not compute anew. */
    CAPTURED_CALL(2 | 8),
    /** All of it, for a graph: refuses outputs that the graph would not compute anew. */
    CAPTURED_RUN(1 | 2 | 4 | 8);

    private final int code;

    RunnerParts(int code) {
        this.code = code;
    }

    /** A set of {@code enum wick_runner_parts}. */
    public int code() {
        return code;
    }
}
