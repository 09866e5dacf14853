package dev.wick.jfr;

import jdk.jfr.Category;
import jdk.jfr.DataAmount;
import jdk.jfr.Description;
import jdk.jfr.Event;
import jdk.jfr.Label;
import jdk.jfr.Name;
import jdk.jfr.Period;
import jdk.jfr.StackTrace;

/** The memory of a CUDA device that this process uses, once a period. */
@Name("dev.wick.DeviceMemory")
@Label("Device Memory")
@Category("Wick")
@Description("What LibTorch's allocator holds on a CUDA device")
@Period("1 s")
@StackTrace(false)
public final class DeviceMemoryEvent extends Event {
    private static final DeviceMemoryEvent PROBE = new DeviceMemoryEvent();

    @Label("Device")
    public String device;

    @Label("Requested")
    @Description("What callers asked for")
    @DataAmount
    public long requestedBytes;

    @Label("Allocated")
    @Description("Blocks handed out")
    @DataAmount
    public long allocatedBytes;

    @Label("Allocated, Peak")
    @DataAmount
    public long allocatedBytesPeak;

    @Label("Active")
    @Description("Blocks handed out, or freed and still in use by a stream")
    @DataAmount
    public long activeBytes;

    @Label("Reserved")
    @Description("Taken from the driver")
    @DataAmount
    public long reservedBytes;

    @Label("Reserved, Peak")
    @DataAmount
    public long reservedBytesPeak;

    @Label("Inactive Split")
    @Description("Free, and part of a segment in use")
    @DataAmount
    public long inactiveSplitBytes;

    @Label("Allocations")
    public long allocations;

    @Label("Retries")
    @Description("Times the cache was emptied because the driver refused")
    public long numAllocRetries;

    @Label("Refusals")
    @Description("Allocations that failed")
    public long numOoms;

    /** Whether anybody records them. */
    public static boolean isOn() {
        return PROBE.isEnabled();
    }
}
