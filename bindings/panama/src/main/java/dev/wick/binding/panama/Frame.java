package dev.wick.binding.panama;

import dev.wick.binding.CallSettings;
import dev.wick.binding.panama.generated.WickTorch;
import dev.wick.binding.panama.generated.wick_call_options;
import dev.wick.binding.panama.generated.wick_error;
import dev.wick.binding.panama.generated.wick_result;
import dev.wick.binding.panama.generated.wick_tensor_info;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.util.concurrent.atomic.AtomicReferenceArray;

/**
 * The native memory that one downcall needs beside its arguments: error record, result, options, out parameter.
 *
 * <p>Frames are pooled, since allocating zero-filled native memory for each call would cost more than most calls. A
 * frame belongs to one call from {@link #take()} to {@link #close()}, not to a thread: a virtual thread may change its
 * carrier in between.
 */
final class Frame implements AutoCloseable {
    private static final int SLOTS = 64;
    private static final AtomicReferenceArray<Frame> POOL = new AtomicReferenceArray<>(SLOTS);

    final MemorySegment error;
    final MemorySegment result;
    final MemorySegment options;
    final MemorySegment info;
    /** One 64-bit out parameter. */
    final MemorySegment out;
    final ArgumentWriter arguments = new ArgumentWriter();
    /** What {@link #options} holds. */
    private CallSettings written;
    private long callSiteBefore;

    private Frame() {
        Arena arena = Arena.ofAuto();
        error = allocateError(arena);
        result = wick_result.allocate(arena);
        options = wick_call_options.allocate(arena);
        info = wick_tensor_info.allocate(arena);
        out = arena.allocate(ValueLayout.JAVA_LONG);
    }

    static MemorySegment allocateError(Arena arena) {
        return wick_error.allocate(arena);
    }

    static Frame take() {
        Frame pooled = POOL.getAndSet(slot(), null);
        Frame frame = pooled != null ? pooled : new Frame();
        frame.callSiteBefore = RecordedCall.begin();
        return frame;
    }

    /** Writes the settings of a call. */
    MemorySegment options(CallSettings settings) {
        if (settings == written) {
            return options;
        }
        wick_call_options.mode(options, settings.mode().code());
        wick_call_options.intra_op_threads(options, settings.intraOpThreads());
        wick_call_options.flags(options, settings.onednnGraph() ? WickTorch.WICK_CALL_ONEDNN_GRAPH() : 0);
        wick_call_options.device_index(options, settings.cudaDevice() + 1);
        wick_call_options.stream(options, settings.cudaStream());
        written = settings;
        return options;
    }

    /** Throws what the status and the error record say, unless all is well. */
    void check(int status) {
        if (status != 0) {
            throw Errors.of(status, error);
        }
    }

    long outValue() {
        return out.get(ValueLayout.JAVA_LONG, 0);
    }

    @Override
    public void close() {
        RecordedCall.end(callSiteBefore);
        arguments.clear();
        // Release: what was written here is seen by the next taker, and no full fence is paid for it.
        POOL.setRelease(slot(), this);
    }

    private static int slot() {
        return (int) (Thread.currentThread().threadId() & (SLOTS - 1));
    }
}
