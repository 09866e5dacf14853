package dev.wick.cli;

import java.util.function.Consumer;

/**
 * Notices that something native has run for far too long, from a thread of its own; begin and end belong to one other
 * thread. A native call cannot be interrupted, so all that is left is to say what hangs and to end the process.
 */
final class Watchdog implements AutoCloseable {
    private static final long INTERVAL_MILLISECONDS = 200;

    private final Consumer<String> alarm;
    private final Thread thread;
    /** Written before {@link #deadline}, which publishes it. */
    private String what;
    private volatile long deadline = Long.MAX_VALUE;
    private volatile boolean closed;

    /** Starts watching; the alarm is called once, on the watching thread. */
    Watchdog(Consumer<String> alarm) {
        this.alarm = alarm;
        this.thread = Thread.ofPlatform().daemon().name("wick-watchdog").start(this::watch);
    }

    /** From now on this is being done, and may take so long. */
    void begin(String doing, long nanoseconds) {
        what = doing;
        deadline = System.nanoTime() + nanoseconds;
    }

    /** It is done. */
    void end() {
        deadline = Long.MAX_VALUE;
    }

    private void watch() {
        while (!closed) {
            long limit = deadline;
            if (limit != Long.MAX_VALUE && System.nanoTime() - limit > 0) {
                alarm.accept(what);
                return;
            }
            try {
                Thread.sleep(INTERVAL_MILLISECONDS);
            } catch (InterruptedException e) {
                return;
            }
        }
    }

    @Override
    public void close() {
        closed = true;
        thread.interrupt();
    }
}
