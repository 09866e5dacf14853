package dev.wick.memory;

/**
 * A named moment of a timeline, such as the end of an iteration.
 *
 * @param name       what the caller calls it
 * @param eventIndex events before this index came earlier
 * @param timeNanos  since recording began
 */
public record MemoryMark(String name, long eventIndex, long timeNanos) {
}
