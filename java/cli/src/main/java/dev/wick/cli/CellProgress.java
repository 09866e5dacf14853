package dev.wick.cli;

import java.io.PrintStream;
import java.io.PrintWriter;
import me.tongfei.progressbar.ConsoleProgressBarConsumer;
import me.tongfei.progressbar.ProgressBar;
import me.tongfei.progressbar.ProgressBarBuilder;
import me.tongfei.progressbar.ProgressBarStyle;

/** Shows how far a measurement is: a bar on a terminal, else a line for each cell; one thread. */
final class CellProgress implements AutoCloseable {
    /** Set by the launcher: Java itself cannot tell whether stderr is a terminal. */
    static final String TERMINAL_PROPERTY = "wick.terminal";
    /** Seldom enough not to take time from what is measured. */
    private static final int INTERVAL_MILLISECONDS = 250;

    private final PrintWriter err;
    private final ProgressBar bar;
    private final int runsPerCell;
    private long stepsBefore;

    CellProgress(PrintWriter err, int cells, int runsPerCell) {
        this.err = err;
        this.runsPerCell = runsPerCell;
        this.bar = !Boolean.getBoolean(TERMINAL_PROPERTY) ? null : new ProgressBarBuilder()
                .setTaskName("bench").setInitialMax((long) cells * runsPerCell).setUnit(" runs", 1)
                .setStyle(ProgressBarStyle.ASCII).setUpdateIntervalMillis(INTERVAL_MILLISECONDS)
                .setConsumer(new ConsoleProgressBarConsumer(terminal())).clearDisplayOnFinish().build();
    }

    private static PrintStream terminal() {
        return System.err;
    }

    void doing(String what) {
        if (bar != null) {
            bar.setExtraMessage(" " + what);
        }
    }

    void ran() {
        if (bar != null) {
            bar.step();
        }
    }

    /** A cell is finished, cut or not. */
    void cellDone(String summary) {
        stepsBefore += runsPerCell;
        if (bar != null) {
            bar.stepTo(stepsBefore);
        } else {
            err.println(summary);
            err.flush();
        }
    }

    @Override
    public void close() {
        if (bar != null) {
            bar.close();
        }
    }
}
