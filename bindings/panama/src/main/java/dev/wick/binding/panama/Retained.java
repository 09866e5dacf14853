package dev.wick.binding.panama;

import dev.wick.binding.panama.generated.WickTorch;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.util.Map;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.atomic.AtomicLong;

/**
 * Segments that native tensors look into; any thread.
 *
 * <p>A tensor over Java's memory may outlive the handle that Java holds of it: a view, a model's attribute. So the
 * segment stays reachable here until the shim reports that the last tensor over it is gone. The shim cannot call up
 * into Java from a deleter; it queues ids, and they are drained whenever a tensor is freed or wrapped.
 */
final class Retained {
    private static final Map<Long, MemorySegment> SEGMENTS = new ConcurrentHashMap<>();
    private static final AtomicLong NEXT = new AtomicLong(1);
    private static final int BATCH = 256;

    private Retained() {
    }

    static long keep(MemorySegment segment) {
        drain();
        long id = NEXT.getAndIncrement();
        SEGMENTS.put(id, segment);
        return id;
    }

    static void forget(long id) {
        SEGMENTS.remove(id);
    }

    static void drain() {
        if (SEGMENTS.isEmpty()) {
            return;
        }
        try (Arena arena = Arena.ofConfined()) {
            MemorySegment ids = arena.allocate(ValueLayout.JAVA_LONG, BATCH);
            long count;
            do {
                count = WickTorch.wick_tensor_take_released(ids, BATCH);
                for (long i = 0; i < count; i++) {
                    SEGMENTS.remove(ids.getAtIndex(ValueLayout.JAVA_LONG, i));
                }
            } while (count == BATCH);
        }
    }

    /** Segments kept now. */
    static int size() {
        drain();
        return SEGMENTS.size();
    }
}
