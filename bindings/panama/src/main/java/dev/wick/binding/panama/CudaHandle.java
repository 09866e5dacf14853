package dev.wick.binding.panama;

import dev.wick.binding.Handle;
import dev.wick.binding.panama.generated.cuda.WickCuda;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;

/** A stream, an event or a graph of a CUDA device, given back by the function that belongs to its kind; any thread. */
final class CudaHandle extends AddressedHandle {

    enum Kind {
        STREAM("stream"), EVENT("event"), GRAPH("CUDA graph");

        private final String text;

        Kind(String text) {
            this.text = text;
        }
    }

    private final Kind kind;
    private final int device;
    private final int priority;
    /** A graph's own error record, so that a launch allocates nothing and shares nothing; otherwise null. */
    private final MemorySegment error;

    private CudaHandle(Kind kind, long address, int device, int priority) {
        super(address);
        this.kind = kind;
        this.device = device;
        this.priority = priority;
        this.error = kind == Kind.GRAPH ? Frame.allocateError(Arena.ofAuto()) : null;
    }

    static CudaHandle stream(long address, int device, int priority) {
        return new CudaHandle(Kind.STREAM, address, device, priority);
    }

    static CudaHandle event(long address, int device) {
        return new CudaHandle(Kind.EVENT, address, device, 0);
    }

    static CudaHandle graph(long address, int device) {
        return new CudaHandle(Kind.GRAPH, address, device, 0);
    }

    static CudaHandle of(Handle handle, Kind kind) {
        if (handle instanceof CudaHandle own && own.kind == kind) {
            return own;
        }
        throw new IllegalArgumentException("not a " + kind.text + " of this binding: " + handle);
    }

    int device() {
        return device;
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
            case STREAM -> WickCuda.wick_cuda_stream_give_back(device, priority, address());
            case EVENT -> WickCuda.wick_cuda_event_free(address());
            case GRAPH -> WickCuda.wick_cuda_graph_free(address());
        }
    }

    @Override
    public String toString() {
        return kind.text + "@" + Long.toHexString(address()) + " on cuda:" + device;
    }
}
