package dev.wick.jfr;

import jdk.jfr.Category;
import jdk.jfr.DataAmount;
import jdk.jfr.Description;
import jdk.jfr.Event;
import jdk.jfr.Label;
import jdk.jfr.Name;

/** An allocation of page-locked host memory, from the cache or from the driver. */
@Name("dev.wick.PinnedAllocation")
@Label("Page-locked Allocation")
@Category("Wick")
@Description("An allocation of page-locked host memory")
public final class PinnedAllocationEvent extends Event {
    private static final PinnedAllocationEvent PROBE = new PinnedAllocationEvent();

    @Label("Size")
    @Description("What was asked for")
    @DataAmount
    public long bytes;

    /** Begins one; null while nobody records them, and then at no cost. */
    public static PinnedAllocationEvent begun() {
        if (!PROBE.isEnabled()) {
            return null;
        }
        PinnedAllocationEvent event = new PinnedAllocationEvent();
        event.begin();
        return event;
    }

    /** Ends it and says what it was of. */
    public PinnedAllocationEvent with(long bytes) {
        end();
        this.bytes = bytes;
        return this;
    }
}
