package dev.wick.binding;

import dev.wick.error.DeviceOutOfMemoryException;
import java.util.List;
import java.util.Objects;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.function.Consumer;

/** Tells observers of allocations that were refused, on the thread whose call fails; any thread. */
public final class OutOfMemory {
    private static final List<Consumer<DeviceOutOfMemoryException>> OBSERVERS = new CopyOnWriteArrayList<>();

    private OutOfMemory() {
    }

    /** Adds an observer, for good. What it throws is attached to the error that it was told of. */
    public static void observe(Consumer<DeviceOutOfMemoryException> observer) {
        OBSERVERS.add(Objects.requireNonNull(observer));
    }

    /** For a binding that is about to throw. */
    public static DeviceOutOfMemoryException told(DeviceOutOfMemoryException error) {
        for (Consumer<DeviceOutOfMemoryException> observer : OBSERVERS) {
            try {
                observer.accept(error);
            } catch (RuntimeException e) {
                error.addSuppressed(e);
            }
        }
        return error;
    }
}
