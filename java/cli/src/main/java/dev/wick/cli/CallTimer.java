package dev.wick.cli;

import dev.wick.Cuda;
import dev.wick.Device;

/** Says how long calls take on a device; one thread. Another clock, such as CUDA's events, is one more of these. */
interface CallTimer {

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

    static CallTimer of(Device device) {
        return device.type() == Device.Type.CUDA ? new BetweenSynchronisations(device) : new OnTheHost();
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
    }

    /**
     * Enqueues all calls on an idle device and waits once. The time of one is the device's where that is longer than
     * enqueueing, as with large matrices; else it is that of enqueueing.
     */
    final class BetweenSynchronisations implements CallTimer {
        private final Device device;

        BetweenSynchronisations(Device device) {
            this.device = device;
        }

        @Override
        public Timing time(Runnable call, int calls) {
            Cuda.synchronize(device);
            long start = System.nanoTime();
            for (int i = 0; i < calls; i++) {
                call.run();
            }
            long enqueued = System.nanoTime();
            Cuda.synchronize(device);
            long done = System.nanoTime();
            return new Timing((done - start) / (double) calls, (enqueued - start) / (double) calls);
        }

        /** A synchronisation takes about ten microseconds. */
        @Override
        public double sampleNanoseconds() {
            return 2e7;
        }
    }
}
