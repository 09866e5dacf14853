package dev.wick.memory;

/**
 * A group's part of the memory that was given out at a moment.
 *
 * @param count of allocations; 0 for {@link MemoryGroup#BEFORE_RECORDING}, whose allocations nobody counted
 */
public record MemoryShare(MemoryGroup group, long bytes, long count) {
}
