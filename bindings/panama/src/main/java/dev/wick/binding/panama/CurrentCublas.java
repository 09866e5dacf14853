package dev.wick.binding.panama;

import dev.wick.binding.panama.generated.cuda.WickCuda;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.util.function.Consumer;

/**
 * The cuBLAS handle that LibTorch keeps for the calling thread on one device, set to a stream, or to the thread's current
 * one there; one thread at a time.
 *
 * <p>It is asked for at every call: the next one may come from another thread, or LibTorch may have set the handle to
 * another stream meanwhile.
 */
final class CurrentCublas {
    private final int device;
    private final long stream;
    private final MemorySegment error;
    private final MemorySegment previous;
    private final MemorySegment out;
    private long handleAddress;
    private MemorySegment handle = MemorySegment.NULL;

    /** stream 0 is the thread's current one, at each use. */
    CurrentCublas(int device, long stream) {
        this.device = device;
        this.stream = stream;
        Arena arena = Arena.ofAuto();
        error = Frame.allocateError(arena);
        previous = arena.allocate(ValueLayout.JAVA_INT);
        out = arena.allocate(ValueLayout.JAVA_LONG);
    }

    /** Has something done with the handle while the device is the thread's current one; makes no object of its own. */
    void with(Consumer<MemorySegment> work) {
        check(WickCuda.wick_cuda_set_device(device, previous, error));
        int before = previous.get(ValueLayout.JAVA_INT, 0);
        try {
            check(WickCuda.wick_cuda_cublas_handle(stream, out, error));
            long address = out.get(ValueLayout.JAVA_LONG, 0);
            if (address != handleAddress) {
                handle = MemorySegment.ofAddress(address);
                handleAddress = address;
            }
            work.accept(handle);
        } finally {
            if (before != device) {
                check(WickCuda.wick_cuda_set_device(before, MemorySegment.NULL, error));
            }
        }
    }

    private void check(int status) {
        if (status != 0) {
            throw Errors.of(status, error);
        }
    }
}
