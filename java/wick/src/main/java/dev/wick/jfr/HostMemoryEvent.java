package dev.wick.jfr;

import jdk.jfr.Category;
import jdk.jfr.DataAmount;
import jdk.jfr.Description;
import jdk.jfr.Event;
import jdk.jfr.Label;
import jdk.jfr.Name;
import jdk.jfr.Period;
import jdk.jfr.StackTrace;

/** The native memory of the host that LibTorch allocated, once a period. */
@Name("dev.wick.HostMemory")
@Label("Host Native Memory")
@Category("Wick")
@Description("What LibTorch holds in the memory of the host")
@Period("1 s")
@StackTrace(false)
public final class HostMemoryEvent extends Event {
    private static final HostMemoryEvent PROBE = new HostMemoryEvent();

    @Label("Allocated")
    @DataAmount
    public long allocatedBytes;

    @Label("Allocated, Peak")
    @DataAmount
    public long allocatedBytesPeak;

    @Label("Limit")
    @Description("The limit that was set")
    @DataAmount
    public long limitBytes;

    @Label("Allocations")
    public long allocations;

    @Label("Refusals")
    @Description("Allocations that failed")
    public long numOoms;

    @Label("Page-locked")
    @Description("Page-locked memory, free blocks with it")
    @DataAmount
    public long pinnedAllocatedBytes;

    @Label("Page-locked, Active")
    @Description("Page-locked memory in use")
    @DataAmount
    public long pinnedActiveBytes;

    @Label("Live Handles")
    @Description("Tensors, models and the like that were not closed")
    public long liveHandles;

    /** Whether anybody records them. */
    public static boolean isOn() {
        return PROBE.isEnabled();
    }
}
