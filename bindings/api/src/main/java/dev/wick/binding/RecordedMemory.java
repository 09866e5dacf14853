package dev.wick.binding;

import java.lang.foreign.MemorySegment;

/**
 * The events of a recording with what belongs to them.
 *
 * @param info   counts what is in {@code events}
 * @param events {@code struct wick_memory_event} one after the other, the caller's own, freed when unreachable
 */
public record RecordedMemory(MemoryRecordingInfo info, MemorySegment events) {
}
