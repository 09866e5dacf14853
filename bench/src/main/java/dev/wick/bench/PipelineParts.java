package dev.wick.bench;

import dev.wick.Tensor;

/** What a pipeline does, each part by itself; one thread. */
interface PipelineParts extends AutoCloseable {
    /** Nanoseconds of a batch's copies, both directions at once; -1 where nothing is copied. */
    double copy(int batches);

    /** Nanoseconds of a batch's computation, of what lies on the device already. */
    double compute(int batches);

    /** That a sample must have, for what the first copies in and the last copies out take to be lost in it. */
    int fewestBatches();

    /** What was computed last, in a tensor of the caller's. */
    Tensor result();

    @Override
    void close();
}
