package dev.wick.jfr;

import jdk.jfr.Category;
import jdk.jfr.Description;
import jdk.jfr.Event;
import jdk.jfr.Label;
import jdk.jfr.Name;

/** A launch of a CUDA graph. */
@Name("dev.wick.GraphReplay")
@Label("CUDA Graph Replay")
@Category("Wick")
@Description("A launch of a CUDA graph")
public final class GraphReplayEvent extends Event {
    private static final GraphReplayEvent PROBE = new GraphReplayEvent();

    @Label("Device")
    public String device;

    @Label("Nodes")
    @Description("Kernels, copies and the like")
    public long nodes;

    @Label("Awaited")
    @Description("Whether the work was done at the end; else it was only enqueued")
    public boolean awaited;

    /** Begins one; null while nobody records them, and then at no cost. */
    public static GraphReplayEvent begun() {
        if (!PROBE.isEnabled()) {
            return null;
        }
        GraphReplayEvent event = new GraphReplayEvent();
        event.begin();
        return event;
    }

    /** Ends it and says what it was of. */
    public GraphReplayEvent with(String device, long nodes, boolean awaited) {
        end();
        this.device = device;
        this.nodes = nodes;
        this.awaited = awaited;
        return this;
    }
}
