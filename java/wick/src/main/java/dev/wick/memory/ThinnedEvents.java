package dev.wick.memory;

import java.util.BitSet;

/**
 * The events of a timeline that are drawn each for itself: the allocations and frees of its largest allocations; immutable.
 *
 * <p>An allocation is kept with its free, or neither is. Where the limit falls among allocations of like size, some of
 * them are kept. It takes a bit for each event and a number for every 64.
 */
final class ThinnedEvents {
    /** Sizes are told apart by their highest bit. */
    private static final int CLASSES = Long.SIZE + 1;

    /** Spreads indexes evenly, whatever pattern they have: 2 to the 64 by the golden ratio. */
    private static final long SPREAD = 0x9E3779B97F4A7C15L;

    private final long[] kept;
    /** How many are kept before each word of {@link #kept}. */
    private final int[] before;
    private final int count;
    private final long leftOut;

    private ThinnedEvents(long[] kept, long leftOut) {
        this.kept = kept;
        this.leftOut = leftOut;
        this.before = new int[kept.length + 1];
        for (int i = 0; i < kept.length; i++) {
            before[i + 1] = before[i] + Long.bitCount(kept[i]);
        }
        this.count = before[kept.length];
    }

    static ThinnedEvents of(MemoryTimeline timeline, int most) {
        long[] ofClass = new long[CLASSES];
        for (long event = 0; event < timeline.size(); event++) {
            if (isDrawn(timeline, event)) {
                ofClass[sizeClass(timeline, event)]++;
            }
        }
        long room = most;
        int smallest = CLASSES;
        while (smallest > 0 && ofClass[smallest - 1] <= room) {
            smallest--;
            room -= ofClass[smallest];
        }
        long stride = smallest == 0 || room == 0 ? Long.MAX_VALUE : -Math.floorDiv(-ofClass[smallest - 1], room);
        long peak = MemoryPeak.of(timeline).events() - 1;
        BitSet kept = new BitSet();
        long leftOut = 0;
        for (long event = 0; event < timeline.size(); event++) {
            if (!isDrawn(timeline, event)) {
                continue;
            }
            int sizeClass = sizeClass(timeline, event);
            long allocation = timeline.allocation(event);
            long whose = allocation < 0 ? event : allocation;
            if (sizeClass >= smallest || whose == peak || sizeClass == smallest - 1 && (whose * SPREAD >>> 32) % stride == 0) {
                kept.set(Math.toIntExact(event));
            } else {
                leftOut++;
            }
        }
        return new ThinnedEvents(kept.toLongArray(), leftOut);
    }

    private static boolean isDrawn(MemoryTimeline timeline, long event) {
        MemoryAction action = timeline.action(event);
        return action == MemoryAction.ALLOC || action == MemoryAction.FREE_COMPLETED;
    }

    private static int sizeClass(MemoryTimeline timeline, long event) {
        return Long.SIZE - Long.numberOfLeadingZeros(timeline.bytes(event));
    }

    boolean isKept(long event) {
        int word = (int) (event >> 6);
        return word < kept.length && (kept[word] >> event & 1) != 0;
    }

    /** How many are kept of the events before this one, which is its own place among them. */
    int keptBefore(long event) {
        int word = (int) (event >> 6);
        return word >= kept.length ? count
                : before[word] + Long.bitCount(kept[word] & (1L << event) - 1);
    }

    int kept() {
        return count;
    }

    /** Allocations and frees that are not kept. */
    long leftOut() {
        return leftOut;
    }
}
