package dev.wick.study.training;

/**
 * How a training went; immutable.
 *
 * @param steps     that were made
 * @param firstLoss of the first step's batch
 * @param lastLoss  of the last step's batch
 * @param seconds   of wall time
 * @param cancelled whether the progress callback ended it early
 */
public record TrainingResult(long steps, double firstLoss, double lastLoss, double seconds, boolean cancelled) {
}
