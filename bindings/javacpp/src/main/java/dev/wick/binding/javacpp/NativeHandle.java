package dev.wick.binding.javacpp;

import dev.wick.binding.Handle;
import java.util.concurrent.atomic.LongAdder;

/** A handle of this binding, counted while it lives; any thread. */
abstract class NativeHandle extends Handle {
    private static final LongAdder LIVE = new LongAdder();

    NativeHandle() {
        LIVE.increment();
    }

    static long live() {
        return LIVE.sum();
    }

    @Override
    protected final void free() {
        LIVE.decrement();
        freeNative();
    }

    /** Gives back what the handle holds; called once. */
    abstract void freeNative();

    /** The handle as one of this binding. */
    static <H extends NativeHandle> H of(Handle handle, Class<H> type) {
        if (type.isInstance(handle)) {
            return type.cast(handle);
        }
        throw new IllegalArgumentException("not a " + type.getSimpleName() + " of this binding: " + handle);
    }
}
