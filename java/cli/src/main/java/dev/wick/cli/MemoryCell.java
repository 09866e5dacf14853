package dev.wick.cli;

import dev.wick.DType;
import dev.wick.memory.MemoryLeaks;
import dev.wick.memory.MemoryMark;
import dev.wick.memory.MemoryPeak;
import dev.wick.memory.MemoryTimeline;
import java.util.Optional;

/**
 * The memory of a model in one dtype; immutable.
 *
 * @param weightsBytes     that are given out once the model is there
 * @param loadingPeakBytes the most that were while it was loaded and converted
 * @param timeline         of inputs and runs, with the marks of {@link MemoryMeasurement}; it begins once the model is there
 */
record MemoryCell(DType dtype, long weightsBytes, long loadingPeakBytes, MemoryTimeline timeline) {
    private long ready() {
        return timeline.marks().stream().filter(mark -> mark.name().equals(MemoryMeasurement.READY)).findFirst()
                .map(MemoryMark::eventIndex).orElse(0L);
    }

    /** Bytes of others, from before the model was loaded. */
    private long othersBytes() {
        return timeline.baselineBytes() - weightsBytes;
    }

    /** The highest moment of the runs. */
    MemoryPeak peak() {
        return MemoryPeak.of(timeline, ready(), timeline.size());
    }

    /** Of the runs, weights and inputs with them. */
    long peakBytes() {
        return peak().allocatedBytes() - othersBytes();
    }

    long inputBytes() {
        return MemoryPeak.at(timeline, ready()).allocatedBytes() - timeline.baselineBytes();
    }

    /** What the runs add to weights and inputs, at their peak. */
    long activationBytes() {
        return peakBytes() - weightsBytes - inputBytes();
    }

    /** Empty where there were too few runs. */
    Optional<MemoryLeaks> leaks() {
        long runs = timeline.marks().stream().filter(mark -> mark.name().equals(MemoryMeasurement.RUN)).count();
        return runs < MemoryCommand.RUNS_FOR_LEAKS ? Optional.empty()
                : Optional.of(MemoryLeaks.of(timeline, MemoryMeasurement.RUN));
    }
}
