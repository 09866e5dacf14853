package dev.wick.memory;

/**
 * Memory that was given out at a moment.
 *
 * @param event     the index of the event that gave it out
 * @param timeNanos when, since recording began
 */
public record LiveAllocation(long event, long timeNanos, long address, long bytes, MemoryContext context) {
}
