package dev.wick.study.training;

import dev.wick.DType;
import java.lang.foreign.MemorySegment;
import java.util.Arrays;
import java.util.List;

/** Where a training takes its batches from; called by the thread that trains. */
public interface BatchSource {
    /**
     * One tensor of every batch.
     *
     * @param dtype of its elements
     * @param shape the batch first
     */
    record Part(DType dtype, long... shape) {
        /** Examples in a batch. */
        public long examples() {
            return shape[0];
        }

        @Override
        public String toString() {
            return dtype.torchName() + Arrays.toString(shape);
        }
    }

    /** What a batch is made of; the same at every step. */
    List<Part> parts();

    /**
     * Writes a batch, which must depend on nothing but the step if the training is to be repeatable.
     *
     * @param step   from 0
     * @param memory of each part, in row-major order; written before
     */
    void fill(long step, List<MemorySegment> memory);
}
