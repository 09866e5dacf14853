package dev.wick.binding;

import java.lang.invoke.MethodHandles;
import java.lang.invoke.VarHandle;
import java.util.concurrent.atomic.LongAdder;

/**
 * One native object that Java owns; any thread may use and close it.
 *
 * <p>A use is bracketed by {@link #acquire()} and {@link #release()}. {@link #close()} forbids further uses; the object
 * is freed at once when nobody is inside, and by the last one to leave otherwise, so that closing while another thread
 * runs never pulls memory from under it.
 */
public abstract class Handle implements AutoCloseable {
    private static final VarHandle STATE;
    private static final LongAdder LIVE = new LongAdder();
    /** Set once closed; the bits below count the uses in flight. */
    private static final int CLOSED = 1 << 31;

    static {
        try {
            STATE = MethodHandles.lookup().findVarHandle(Handle.class, "state", int.class);
        } catch (ReflectiveOperationException e) {
            throw new ExceptionInInitializerError(e);
        }
    }

    private final boolean counted;
    private volatile int state;

    protected Handle() {
        this(true);
    }

    /** @param counted false for an object that lives as long as the process, which is no leak */
    protected Handle(boolean counted) {
        this.counted = counted;
        if (counted) {
            LIVE.increment();
        }
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
            freeOnce();
        }
    }

    /** Forbids further uses; idempotent. */
    @Override
    public final void close() {
        int before = (int) STATE.getAndBitwiseOr(this, CLOSED);
        if (before == 0) {
            freeOnce();
        }
    }

    /** Whether {@link #close()} has been called. */
    public final boolean isClosed() {
        return state < 0;
    }

    private void freeOnce() {
        if (counted) {
            LIVE.decrement();
        }
        free();
    }

    /** Handles made and not yet freed, of every binding in this class loader. */
    public static long live() {
        return LIVE.sum();
    }
}
