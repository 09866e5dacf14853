package dev.wick;

import dev.wick.binding.Handle;
import java.lang.ref.Cleaner;
import java.lang.ref.Reference;
import java.util.function.Consumer;
import java.util.function.Function;

/** A handle with its owner in Java: closed once by the user, or by the cleaner when forgotten; any thread. */
abstract class NativeResource implements AutoCloseable {
    private final Handle handle;
    private final Leaks.Ownership ownership;
    private final Cleaner.Cleanable cleanable;
    private volatile boolean closed;

    NativeResource(Handle handle) {
        this.handle = handle;
        this.ownership = new Leaks.Ownership(handle);
        this.cleanable = ownership.first(this);
    }

    Handle handle() {
        return handle;
    }

    /** Calls with the handle and stays reachable meanwhile, so that no cleaner closes it before the call has begun. */
    final <R> R using(Function<Handle, R> call) {
        try {
            return call.apply(handle);
        } finally {
            Reference.reachabilityFence(this);
        }
    }

    /** As {@link #using}, for a call without a result. */
    final void use(Consumer<Handle> call) {
        using(handle -> {
            call.accept(handle);
            return null;
        });
    }

    Leaks.Ownership ownership() {
        return ownership;
    }

    /** Whether it has been closed. */
    public final boolean isClosed() {
        return closed;
    }

    final void checkOpen() {
        if (closed) {
            throw new IllegalStateException("the " + handle.kind() + " is closed");
        }
    }

    /** Forbids further uses, before anything is taken away: whoever publishes a view must look at this afterwards. */
    final void markClosed() {
        closed = true;
    }

    /** Frees the native object, at once or when the last thread inside leaves; closing again does nothing. */
    @Override
    public void close() {
        // A tensor has marked itself already; storing it again would cost a second fence.
        if (!closed) {
            closed = true;
        }
        handle.close();
        cleanable.clean();
    }

    /** Closes the object for its user, and leaves the native one to the last view of its memory. */
    final void closeWithViews() {
        closed = true;
        ownership.defer();
        cleanable.clean();
    }
}
