package dev.wick.study.measurement;

import dev.wick.Runner;
import dev.wick.Tensor;
import java.util.List;

/** A prepared call that is timed; one thread. */
public interface TimedCall extends AutoCloseable {

    /** Calls and waits until the outputs are there. */
    void run();

    /**
     * Times of one call on a device, in nanoseconds.
     *
     * @param enqueue until the host has nothing more to do
     * @param device  from the first copy to the last, by events on the stream
     */
    record Parts(long enqueue, long device) {
    }

    /** Runs once more, with events around the work; null on the CPU, where a call returns when its work is done. */
    Parts runInParts();

    /** The outputs in host memory; the call's own. */
    List<Tensor> outputs();

    /** What was done to prepare it. */
    Runner.Preparation preparation();

    @Override
    void close();
}
