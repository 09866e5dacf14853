package dev.wick.jfr;

import jdk.jfr.Category;
import jdk.jfr.DataAmount;
import jdk.jfr.Description;
import jdk.jfr.Event;
import jdk.jfr.Label;
import jdk.jfr.Name;

/** A run of a runner, copies in and out with it. */
@Name("dev.wick.RunnerRun")
@Label("Runner Run")
@Category("Wick")
@Description("A run of a method that was prepared for fixed shapes")
public final class RunnerRunEvent extends Event {
    private static final RunnerRunEvent PROBE = new RunnerRunEvent();

    @Label("Method")
    public String method;

    @Label("Device")
    public String device;

    @Label("CUDA Graph")
    @Description("Whether the run was one launch of a CUDA graph")
    public boolean graph;

    @Label("Awaited")
    @Description("Whether the work was done at the end; else it was only enqueued")
    public boolean awaited;

    @Label("Input Size")
    @DataAmount
    public long inputBytes;

    @Label("Output Size")
    @DataAmount
    public long outputBytes;

    /** Begins one; null while nobody records them, and then at no cost. */
    public static RunnerRunEvent begun() {
        if (!PROBE.isEnabled()) {
            return null;
        }
        RunnerRunEvent event = new RunnerRunEvent();
        event.begin();
        return event;
    }

    /** Ends it and says what it was of. */
    public RunnerRunEvent with(String method, String device, boolean graph, boolean awaited, long inputBytes,
            long outputBytes) {
        end();
        this.method = method;
        this.device = device;
        this.graph = graph;
        this.awaited = awaited;
        this.inputBytes = inputBytes;
        this.outputBytes = outputBytes;
        return this;
    }
}
