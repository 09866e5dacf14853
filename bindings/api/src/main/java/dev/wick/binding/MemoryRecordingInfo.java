package dev.wick.binding;

/**
 * What a recording of a device's memory knows beside its events; times are {@link System#nanoTime()}'s.
 *
 * @param baselineBytes          bytes given out when it began
 * @param currentBytes           bytes given out now, or when it ended
 * @param peakBytes              the most in between, also where events were dropped
 * @param peakTime               when that was
 * @param unrecordedBytes        bytes given out just before the first event that is still there
 * @param eventCount             events that are still there
 * @param dropped                events that were overwritten, all of them older
 * @param startTime              when it began
 * @param endTime                when it ended; 0 as long as it is open
 * @param startEpochMicroseconds {@code startTime} in microseconds since 1970
 */
public record MemoryRecordingInfo(long baselineBytes, long currentBytes, long peakBytes, long peakTime,
        long unrecordedBytes, long eventCount, long dropped, long startTime, long endTime,
        long startEpochMicroseconds) {
}
