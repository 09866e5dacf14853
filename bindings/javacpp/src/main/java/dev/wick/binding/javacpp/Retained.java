package dev.wick.binding.javacpp;

import java.lang.foreign.MemorySegment;
import java.util.Queue;
import java.util.concurrent.ConcurrentLinkedQueue;
import java.util.concurrent.atomic.AtomicInteger;

/**
 * A segment that native tensors look into; any thread.
 *
 * <p>A tensor over Java's memory may outlive the handle that Java holds of it: as a view, as a model's attribute. A
 * deleter in Java would be called from wherever the last tensor dies, on a thread of LibTorch's perhaps, or while the
 * JVM ends. So a reference of Wick's own stays here beside the segment, and when it is the last one, both go: asked
 * when the handle is closed, and then a few at a time whenever a tensor is freed or wrapped.
 */
final class Retained {
    /** How many are asked in one go, so that many long-lived views do not slow down every free. */
    private static final int BATCH = 4;

    /** Outlived by their memory's users. */
    private static final Queue<Retained> WAITING = new ConcurrentLinkedQueue<>();
    private static final AtomicInteger WAITING_COUNT = new AtomicInteger();

    private final MemorySegment segment;
    private final Owned.Memory witness;

    Retained(MemorySegment segment, Owned.Memory witness) {
        this.segment = segment;
        this.witness = witness;
    }

    /** Called once, after the handle that wrapped the segment was freed. */
    void handleIsGone() {
        if (!release()) {
            WAITING.add(this);
            WAITING_COUNT.incrementAndGet();
        }
        drain();
    }

    /** Gives up the segment when nothing else uses it; the caller alone holds this object. */
    private boolean release() {
        // Views share the storage, copies of the handle the tensor itself.
        if (witness.use_count() > 1 || witness.users() > 1) {
            return false;
        }
        witness.giveBack();
        return true;
    }

    /** Looks at some of those that wait. */
    static void drain() {
        for (int i = Math.min(BATCH, WAITING_COUNT.get()); i > 0; i--) {
            Retained first = WAITING.poll();
            if (first == null) {
                return;
            }
            if (first.release()) {
                WAITING_COUNT.decrementAndGet();
            } else {
                WAITING.add(first);
            }
        }
    }

    /** Segments whose handle is gone and whose memory is in use. */
    static int waiting() {
        return WAITING_COUNT.get();
    }

    @Override
    public String toString() {
        return "memory retained at " + segment;
    }
}
