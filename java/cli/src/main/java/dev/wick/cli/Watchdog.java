package dev.wick.cli;

import dev.wick.study.StudyWatch;
import java.io.PrintWriter;
import java.util.function.Consumer;
import picocli.CommandLine;

/**
 * Notices that something native has run for far too long, from a thread of its own; begin and end belong to one other
 * thread. A native call cannot be interrupted, so all that is left is to say what hangs and to end the process.
 */
final class Watchdog implements AutoCloseable {
    private static final long INTERVAL_MILLISECONDS = 200;
    /** A run may take this many budgets, and this much more, before it is held to hang. */
    private static final int HANG_BUDGETS = 10;
    private static final long HANG_NANOSECONDS = 60_000_000_000L;

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

    /** One that says what hangs and ends the process: an orderly exit would wait for the call. */
    static Watchdog ending(PrintWriter err, String hint) {
        return new Watchdog(what -> {
            err.println();
            err.println("wick: " + what + " hangs: it runs for more than ten budgets and a minute");
            err.println("hint: " + hint);
            err.flush();
            Runtime.getRuntime().halt(CommandLine.ExitCode.SOFTWARE);
        });
    }

    /** How long a run may take, in nanoseconds, when its cell's budget is this long. */
    static long limit(long budget) {
        return HANG_BUDGETS * budget + HANG_NANOSECONDS;
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

    /** Watches a study: each thing that it begins may take so long. */
    StudyWatch study(long nanoseconds) {
        return new StudyWatch() {
            @Override
            public void begins(String what) {
                begin(what, nanoseconds);
            }

            @Override
            public void ends() {
                end();
            }
        };
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
