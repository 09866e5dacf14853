package dev.wick;

import dev.wick.error.BadArgumentException;
import java.lang.foreign.MemorySegment;

/**
 * Page-locked host memory for copies to and from a CUDA device, in slots of one dtype and shape; one thread for each
 * slot at a time.
 *
 * <pre>{@code
 * try (var buffer = PinnedBuffer.allocate(device, 2, DType.FLOAT32, 1, 3, 224, 224)) {
 *     fill(buffer.segment(slot));                  // waits for the slot's copy in flight, if there is one
 *     buffer.copyTo(slot, deviceTensor, stream);   // enqueued
 *     slot = 1 - slot;
 * }
 * }</pre>
 *
 * <p>Locking pages takes milliseconds, so keep a buffer as long as it is of use. Each slot has an event: what reads,
 * writes or frees the slot's memory through this class waits for the copy that was enqueued last.
 */
public final class PinnedBuffer implements AutoCloseable {
    private final Device device;
    private final Tensor[] tensors;
    private final CudaEvent[] events;
    private volatile boolean closed;

    private PinnedBuffer(Device device, int slots) {
        this.device = device;
        this.tensors = new Tensor[slots];
        this.events = new CudaEvent[slots];
    }

    /** Allocates slots, each a contiguous tensor whose elements are whatever the memory held. */
    public static PinnedBuffer allocate(Device device, int slots, DType dtype, long... shape) {
        if (slots < 1) {
            throw new BadArgumentException("expected at least 1 slot, got " + slots);
        }
        Cuda.index(device);
        PinnedBuffer buffer = new PinnedBuffer(device, slots);
        try {
            for (int i = 0; i < slots; i++) {
                buffer.tensors[i] = Tensor.unscopedPinned(dtype, shape);
                buffer.events[i] = CudaEvent.create(device);
            }
            return buffer;
        } catch (RuntimeException e) {
            buffer.free();
            throw e;
        }
    }

    public int slots() {
        return tensors.length;
    }

    public Device device() {
        return device;
    }

    /** Bytes of one slot. */
    public long slotByteSize() {
        return tensors[0].byteSize();
    }

    /**
     * The memory of a slot, once no copy uses it. Ask for it anew after each copy: a segment from before is the same
     * memory, but does not wait.
     */
    public MemorySegment segment(int slot) {
        await(slot);
        return tensors[slot].segment();
    }

    /** Waits for the copy that was enqueued last for a slot. */
    public void await(int slot) {
        check(slot);
        events[slot].synchronize();
    }

    /** Whether no copy uses a slot. */
    public boolean isFree(int slot) {
        check(slot);
        return events[slot].isDone();
    }

    /** Enqueues a copy of a slot to a tensor on the device; it follows the slot's copies before. */
    public void copyTo(int slot, Tensor target, CudaStream stream) {
        check(slot);
        copy(slot, tensors[slot], target, stream);
    }

    /** Enqueues a copy of a tensor on the device into a slot; {@link #segment} waits for it. */
    public void copyFrom(int slot, Tensor source, CudaStream stream) {
        check(slot);
        copy(slot, source, tensors[slot], stream);
    }

    private void copy(int slot, Tensor from, Tensor to, CudaStream stream) {
        // On another stream than the slot's last copy nothing else would order the two.
        stream.copy(from, to, events[slot], events[slot]);
    }

    private void check(int slot) {
        if (slot < 0 || slot >= tensors.length) {
            throw new BadArgumentException("expected a slot below " + tensors.length + ", got " + slot);
        }
        if (closed) {
            throw new IllegalStateException("the pinned buffer is closed");
        }
    }

    /** Waits for copies in flight and frees the memory; closing again does nothing. */
    @Override
    public void close() {
        if (!closed) {
            closed = true;
            try {
                for (CudaEvent event : events) {
                    event.synchronize();
                }
            } finally {
                free();
            }
        }
    }

    private void free() {
        for (int i = 0; i < tensors.length; i++) {
            if (events[i] != null) {
                events[i].close();
            }
            if (tensors[i] != null) {
                tensors[i].close();
            }
        }
    }
}
