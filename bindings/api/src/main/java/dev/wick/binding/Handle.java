package dev.wick.binding;

import java.lang.invoke.MethodHandles;
import java.lang.invoke.VarHandle;

/**
 * One native object that Java owns; any thread may use and close it.
 *
 * <p>A use is bracketed by {@link #acquire()} and {@link #release()}. {@link #close()} forbids further uses; the object
 * is freed at once when nobody is inside, and by the last one to leave otherwise, so that closing while another thread
 * runs never pulls memory from under it.
 */
public abstract class Handle implements AutoCloseable {
    private static final VarHandle STATE;
    /** Set once closed; the bits below count the uses in flight. */
    private static final int CLOSED = 1 << 31;

    static {
        try {
            STATE = MethodHandles.lookup().findVarHandle(Handle.class, "state", int.class);
        } catch (ReflectiveOperationException e) {
            throw new ExceptionInInitializerError(e);
        }
    }

    private volatile int state;

    /** For the bindings. */
    protected Handle() {
    }

    /** Gives the native object back; called once, by whichever thread is the last user. */
    protected abstract void free();

    /** What this is a handle of, for messages: "tensor", "model". */
    public abstract String kind();

    /**
     * Begins a use.
     *
     * @throws IllegalStateException if the handle is closed
     */
    public final void acquire() {
        while (true) {
            int seen = state;
            if (seen < 0) {
                throw new IllegalStateException("the " + kind() + " is closed");
            }
            if (STATE.compareAndSet(this, seen, seen + 1)) {
                return;
            }
        }
    }

    /** Ends a use. */
    public final void release() {
        int before = (int) STATE.getAndAdd(this, -1);
        if (before == CLOSED + 1) {
            free();
        }
    }

    /** Forbids further uses; idempotent. */
    @Override
    public final void close() {
        int before = (int) STATE.getAndBitwiseOr(this, CLOSED);
        if (before == 0) {
            free();
        }
    }

    /** Whether {@link #close()} has been called. */
    public final boolean isClosed() {
        return state < 0;
    }
}
