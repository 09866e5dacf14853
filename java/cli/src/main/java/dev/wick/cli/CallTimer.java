package dev.wick.cli;

import dev.wick.CudaEvent;
import dev.wick.CudaStream;

/** Says how long calls take on a device; one thread. */
interface CallTimer extends AutoCloseable {

    /**
     * What a series of equal calls took, for one of them.
     *
     * @param nanoseconds        until the work was done
     * @param enqueueNanoseconds until control came back; -1 where that is the same
     */
    record Timing(double nanoseconds, double enqueueNanoseconds) {
    }

    /** Makes the calls one after the other. */
    Timing time(Runnable call, int calls);

    /** How long a sample should take for what begins and ends it to be lost in it. */
    double sampleNanoseconds();

    @Override
    void close();

    /** The timer of calls on the CPU, where stream is null, or on a stream of a CUDA device. */
    static CallTimer of(CudaStream stream) {
        return stream == null ? new OnTheHost() : new BetweenEvents(stream);
    }

    /** On a CPU a call returns when its work is done. */
    final class OnTheHost implements CallTimer {
        @Override
        public Timing time(Runnable call, int calls) {
            long start = System.nanoTime();
            for (int i = 0; i < calls; i++) {
                call.run();
            }
            return new Timing((System.nanoTime() - start) / (double) calls, -1);
        }

        /** Looking at the clock takes 25 nanoseconds. */
        @Override
        public double sampleNanoseconds() {
            return 2e6;
        }

        @Override
        public void close() {
            // Holds nothing.
        }
    }

    /**
     * Enqueues all calls on an idle stream between two events of the device's clock. The time of one is the device's where
     * that is longer than enqueueing, as with large matrices; else the device waits for the host in between, and it is that
     * of enqueueing.
     */
    final class BetweenEvents implements CallTimer {
        private final CudaStream stream;
        private final CudaEvent start;
        private final CudaEvent stop;

        BetweenEvents(CudaStream stream) {
            this.stream = stream;
            this.start = CudaEvent.timed(stream.device());
            this.stop = CudaEvent.timed(stream.device());
        }

        @Override
        public Timing time(Runnable call, int calls) {
            stream.synchronize();
            start.record(stream);
            long begin = System.nanoTime();
            for (int i = 0; i < calls; i++) {
                call.run();
            }
            long enqueued = System.nanoTime();
            stop.record(stream);
            stop.synchronize();
            return new Timing(stop.nanosecondsSince(start) / calls, (enqueued - begin) / (double) calls);
        }

        /** The device's clock has steps of half a microsecond. */
        @Override
        public double sampleNanoseconds() {
            return 2e7;
        }

        @Override
        public void close() {
            start.close();
            stop.close();
        }
    }
}
