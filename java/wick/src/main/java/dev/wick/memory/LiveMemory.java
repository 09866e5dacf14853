package dev.wick.memory;

import java.util.BitSet;

/**
 * Which of a timeline's allocations are alive, event by event; one thread.
 *
 * <p>Memory is alive from {@link MemoryAction#ALLOC} until {@link MemoryAction#FREE_COMPLETED}, which is what LibTorch
 * counts as {@code requested_bytes}. It takes a bit for each event.
 */
final class LiveMemory {
    private final MemoryTimeline timeline;
    private final BitSet allocations = new BitSet();
    private long position;
    private long bytes;
    private long unrecordedBytes;

    LiveMemory(MemoryTimeline timeline) {
        this.timeline = timeline;
        this.bytes = timeline.unrecordedBytes();
        this.unrecordedBytes = timeline.unrecordedBytes();
    }

    /** What an event changes the memory given out by. */
    static long change(MemoryTimeline timeline, long event) {
        return switch (timeline.action(event)) {
            case ALLOC -> timeline.bytes(event);
            case FREE_COMPLETED -> -timeline.bytes(event);
            default -> 0;
        };
    }

    /** Goes on until so many events have happened. */
    LiveMemory advanceTo(long events) {
        while (position < events) {
            advance();
        }
        return this;
    }

    /** Goes on by one event. */
    void advance() {
        MemoryAction action = timeline.action(position);
        if (action == MemoryAction.ALLOC) {
            allocations.set(Math.toIntExact(position));
            bytes += timeline.bytes(position);
        } else if (action == MemoryAction.FREE_COMPLETED) {
            long allocation = timeline.allocation(position);
            if (allocation >= 0) {
                allocations.clear(Math.toIntExact(allocation));
            } else {
                unrecordedBytes -= timeline.bytes(position);
            }
            bytes -= timeline.bytes(position);
        }
        position++;
    }

    /** Events that have happened. */
    long position() {
        return position;
    }

    /** Of all that is alive. */
    long bytes() {
        return bytes;
    }

    /** Of what was given out before the first event. */
    long unrecordedBytes() {
        return unrecordedBytes;
    }

    /** Indexes of the events that gave out what is alive; this object's own. */
    BitSet allocations() {
        return allocations;
    }
}
