package dev.wick.jfr;

import jdk.jfr.Category;
import jdk.jfr.Description;
import jdk.jfr.Event;
import jdk.jfr.Label;
import jdk.jfr.Name;

/** A call of a model, from the arguments to the result; on a CUDA device without the work that is only enqueued. */
@Name("dev.wick.MethodCall")
@Label("Method Call")
@Category("Wick")
@Description("A call of a method of a TorchScript model")
public final class MethodCallEvent extends Event {
    private static final MethodCallEvent PROBE = new MethodCallEvent();

    @Label("Method")
    public String method;

    @Label("Device")
    public String device;

    @Label("Arguments")
    @Description("Number of arguments")
    public int arguments;

    /** Begins one; null while nobody records them, and then at no cost. */
    public static MethodCallEvent begun() {
        if (!PROBE.isEnabled()) {
            return null;
        }
        MethodCallEvent event = new MethodCallEvent();
        event.begin();
        return event;
    }

    /** Ends it and says what it was of. */
    public MethodCallEvent with(String method, String device, int arguments) {
        end();
        this.method = method;
        this.device = device;
        this.arguments = arguments;
        return this;
    }
}
