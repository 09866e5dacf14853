package dev.wick.jfr;

import jdk.jfr.Category;
import jdk.jfr.DataAmount;
import jdk.jfr.Description;
import jdk.jfr.Event;
import jdk.jfr.Label;
import jdk.jfr.Name;

/** Loading of an archive, reading and checking it included. */
@Name("dev.wick.ModelLoad")
@Label("Model Load")
@Category("Wick")
@Description("Loading of a TorchScript archive")
public final class ModelLoadEvent extends Event {
    private static final ModelLoadEvent PROBE = new ModelLoadEvent();

    @Label("Source")
    @Description("Where the archive was read")
    public String source;

    @Label("Device")
    public String device;

    @Label("Archive Size")
    @DataAmount
    public long archiveBytes;

    /** Begins one; null while nobody records them, and then at no cost. */
    public static ModelLoadEvent begun() {
        if (!PROBE.isEnabled()) {
            return null;
        }
        ModelLoadEvent event = new ModelLoadEvent();
        event.begin();
        return event;
    }

    /** Ends it and says what it was of. */
    public ModelLoadEvent with(String source, String device, long archiveBytes) {
        end();
        this.source = source;
        this.device = device;
        this.archiveBytes = archiveBytes;
        return this;
    }
}
