package dev.wick.binding.panama;

import dev.wick.binding.Handle;
import dev.wick.binding.panama.generated.WickTorch;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;

/** The address of one native object, freed by the function that belongs to its kind; any thread. */
final class PanamaHandle extends AddressedHandle {

    enum Kind {
        TENSOR("tensor"), MODULE("model"), METHOD("method"), RUNNER("runner"), OPERATOR("operator"),
        RECORDING("recording of memory"), TRACE("trace"), RANGE("range");

        private final String text;

        Kind(String text) {
            this.text = text;
        }
    }

    private final Kind kind;
    /** A runner's own error record, so that a run allocates nothing and shares nothing; otherwise null. */
    private final MemorySegment error;

    PanamaHandle(Kind kind, long address) {
        super(address);
        this.kind = kind;
        this.error = kind == Kind.RUNNER ? Frame.allocateError(Arena.ofAuto()) : null;
    }

    static PanamaHandle of(Handle handle, Kind kind) {
        if (handle instanceof PanamaHandle own && own.kind == kind) {
            return own;
        }
        throw new IllegalArgumentException("not a " + kind.text + " of this binding: " + handle);
    }

    MemorySegment error() {
        return error;
    }

    @Override
    public String kind() {
        return kind.text;
    }

    @Override
    protected void free() {
        switch (kind) {
            case TENSOR -> {
                WickTorch.wick_tensor_free(address());
                Retained.drain();
            }
            case MODULE -> WickTorch.wick_module_free(address());
            case METHOD -> WickTorch.wick_method_free(address());
            case RUNNER -> {
                WickTorch.wick_runner_free(address());
                Retained.drain();
            }
            case RECORDING -> WickTorch.wick_memory_recording_free(address());
            case TRACE -> WickTorch.wick_trace_free(address());
            case RANGE -> WickTorch.wick_range_end(address());
            case OPERATOR -> {
                // Lives as long as the process.
            }
        }
    }

    @Override
    public String toString() {
        return kind.text + "@" + Long.toHexString(address());
    }
}
