package dev.wick.binding.javacpp;

import java.util.ArrayDeque;
import java.util.concurrent.atomic.AtomicInteger;
import org.bytedeco.pytorch.IValue;

/**
 * A place for one value in a native vector that is kept for the process; any thread.
 *
 * <p>Tensors come and go by the million: copying one into a place that is there already costs a crossing, while an
 * object of its own costs a native allocation, two Java objects and a call back into Java.
 */
final class ValueSlot {
    private static final int CHUNK = 1024;
    private static final int STRIPES = 16;
    private static final AtomicInteger PLACES = new AtomicInteger();
    private static final Owned.Value NOTHING = new Owned.Value();
    private static final Stripe[] FREE = new Stripe[STRIPES];

    static {
        for (int i = 0; i < STRIPES; i++) {
            FREE[i] = new Stripe();
        }
    }

    /** Free places, mostly taken by the same few threads. */
    private static final class Stripe {
        private final ArrayDeque<ValueSlot> slots = new ArrayDeque<>();

        synchronized ValueSlot take() {
            if (slots.isEmpty()) {
                // Never resized again, so that places stay where they are.
                Owned.Stack chunk = new Owned.Stack();
                chunk.resize(CHUNK);
                PLACES.addAndGet(CHUNK);
                for (int i = 0; i < CHUNK; i++) {
                    slots.push(new ValueSlot(this, chunk, i));
                }
            }
            return slots.pop();
        }

        synchronized void give(ValueSlot slot) {
            slots.push(slot);
        }
    }

    /** Where it goes back to, whoever frees it: else one thread's places would pile up with another. */
    private final Stripe home;
    private final Owned.Stack chunk;
    private final int index;
    private final IValue value;

    private ValueSlot(Stripe home, Owned.Stack chunk, int index) {
        this.home = home;
        this.chunk = chunk;
        this.index = index;
        this.value = chunk.get(index);
    }

    private static Stripe stripe() {
        return FREE[(int) (Thread.currentThread().threadId() & (STRIPES - 1))];
    }

    /** Places there are, taken and free. */
    static int places() {
        return PLACES.get();
    }

    /** A copy of a value, which shares what the value refers to. */
    static ValueSlot of(IValue value) {
        ValueSlot slot = stripe().take();
        slot.chunk.put(slot.index, value);
        return slot;
    }

    /** The value, until {@link #giveBack()}. */
    IValue value() {
        return value;
    }

    /** Once: lets go of the value. */
    void giveBack() {
        chunk.put(index, NOTHING);
        home.give(this);
    }
}
