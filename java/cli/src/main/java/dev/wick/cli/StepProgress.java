package dev.wick.cli;

import dev.wick.study.StudyProgress;
import java.io.PrintWriter;
import me.tongfei.progressbar.ConsoleProgressBarConsumer;
import me.tongfei.progressbar.ProgressBar;
import me.tongfei.progressbar.ProgressBarBuilder;
import me.tongfei.progressbar.ProgressBarStyle;

/** Shows how far a study is: a bar on a terminal, else a line now and then; one thread. */
final class StepProgress implements StudyProgress, AutoCloseable {
    private static final int INTERVAL_MILLISECONDS = 250;
    private static final long LINE_NANOSECONDS = 10_000_000_000L;

    private final PrintWriter err;
    private final boolean terminal = Boolean.getBoolean(CellProgress.TERMINAL_PROPERTY);
    private ProgressBar bar;
    private String step;
    private long lastLine = System.nanoTime();

    StepProgress(PrintWriter err) {
        this.err = err;
    }

    @Override
    public void at(String name, long done, long total) {
        if (!name.equals(step)) {
            clear();
            step = name;
            bar = !terminal ? null : new ProgressBarBuilder().setTaskName(name).setInitialMax(total)
                    .setStyle(ProgressBarStyle.ASCII).setUpdateIntervalMillis(INTERVAL_MILLISECONDS)
                    .setConsumer(new ConsoleProgressBarConsumer(System.err)).clearDisplayOnFinish().build();
        }
        if (bar != null) {
            bar.stepTo(done);
        } else if (System.nanoTime() - lastLine > LINE_NANOSECONDS) {
            lastLine = System.nanoTime();
            err.println(name + ": " + done + (total < 0 ? "" : " of " + total));
            err.flush();
        }
    }

    /** Takes the bar away, before a result is printed. */
    void clear() {
        if (bar != null) {
            bar.close();
            bar = null;
        }
        step = null;
    }

    @Override
    public void close() {
        clear();
    }
}
