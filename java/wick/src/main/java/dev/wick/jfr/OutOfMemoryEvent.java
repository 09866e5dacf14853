package dev.wick.jfr;

import jdk.jfr.Category;
import jdk.jfr.DataAmount;
import jdk.jfr.Description;
import jdk.jfr.Event;
import jdk.jfr.Label;
import jdk.jfr.Name;

/** An allocation that was refused, with what the allocator had. */
@Name("dev.wick.OutOfMemory")
@Label("Out of Memory")
@Category("Wick")
@Description("An allocation that was refused")
public final class OutOfMemoryEvent extends Event {
    private static final OutOfMemoryEvent PROBE = new OutOfMemoryEvent();

    @Label("Device")
    @Description("Kind of device")
    public String device;

    @Label("Requested")
    @DataAmount
    public long requestedBytes;

    @Label("Allocated")
    @Description("What LibTorch had handed out")
    @DataAmount
    public long allocatedBytes;

    @Label("Limit")
    @Description("The limit that was set, or the memory of the device")
    @DataAmount
    public long limitBytes;

    @Label("Reserved")
    @Description("What the allocator held, free blocks with them")
    @DataAmount
    public long reservedBytes;

    @Label("Free")
    @Description("What the driver had free")
    @DataAmount
    public long freeBytes;

    @Label("Largest Free Block")
    @Description("That the allocator held")
    @DataAmount
    public long largestFreeBlockBytes;

    /** Whether anybody records them. */
    public static boolean isOn() {
        return PROBE.isEnabled();
    }
}
