package dev.wick.jfr;

import jdk.jfr.Category;
import jdk.jfr.DataAmount;
import jdk.jfr.Description;
import jdk.jfr.Event;
import jdk.jfr.Label;
import jdk.jfr.Name;

/** A copy of a tensor between host and device; those of a run are in its own event. */
@Name("dev.wick.Copy")
@Label("Copy")
@Category("Wick")
@Description("A copy between host and device")
public final class CopyEvent extends Event {
    private static final CopyEvent PROBE = new CopyEvent();

    @Label("Source")
    @Description("Device that is read")
    public String source;

    @Label("Target")
    @Description("Device that is written")
    public String target;

    @Label("Size")
    @DataAmount
    public long bytes;

    @Label("Page-locked")
    @Description("Whether the host memory is page-locked")
    public boolean pinned;

    @Label("Awaited")
    @Description("Whether the copy was done at the end; else it was only enqueued")
    public boolean awaited;

    /** Begins one; null while nobody records them, and then at no cost. */
    public static CopyEvent begun() {
        if (!PROBE.isEnabled()) {
            return null;
        }
        CopyEvent event = new CopyEvent();
        event.begin();
        return event;
    }

    /** Ends it and says what it was of. */
    public CopyEvent with(String source, String target, long bytes, boolean pinned, boolean awaited) {
        end();
        this.source = source;
        this.target = target;
        this.bytes = bytes;
        this.pinned = pinned;
        this.awaited = awaited;
        return this;
    }
}
