package dev.wick.binding.javacpp;

import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.concurrent.atomic.AtomicReferenceArray;
import org.bytedeco.pytorch.IValue;

/**
 * What one call needs beside its function: a native stack, the tensors in use, values that go when it ends. Taken
 * from a pool and given back by {@link #close()}; for one thread at a time.
 */
final class Call implements AutoCloseable {
    private static final int SLOTS = 64;
    private static final AtomicReferenceArray<Call> POOL = new AtomicReferenceArray<>(SLOTS);

    private final Owned.Stack stack = new Owned.Stack();
    private final List<TensorHandle> acquired = new ArrayList<>();
    private final List<Owned.Value> temporaries = new ArrayList<>();
    private IValue[] values = new IValue[16];
    private int count;

    private Call() {
    }

    static Call take() {
        Call pooled = POOL.getAndSet(slot(), null);
        return pooled != null ? pooled : new Call();
    }

    private static int slot() {
        return (int) (Thread.currentThread().threadId() & (SLOTS - 1));
    }

    /** The value inside a tensor's handle, which stays in use until {@link #close()}. */
    IValue use(TensorHandle tensor) {
        tensor.acquire();
        acquired.add(tensor);
        return tensor.value();
    }

    /** Has a value freed by {@link #close()}. */
    Owned.Value temporary(Owned.Value value) {
        temporaries.add(value);
        return value;
    }

    /** Adds the next argument. */
    void push(IValue value) {
        if (count == values.length) {
            values = Arrays.copyOf(values, 2 * count);
        }
        values[count++] = value;
    }

    /** Arguments so far. */
    int count() {
        return count;
    }

    /** Forgets the arguments from an index on: another overload is tried. */
    void reset(int keep) {
        Arrays.fill(values, keep, count, null);
        count = keep;
        temporaries.forEach(Owned.Value::giveBack);
        temporaries.clear();
        acquired.forEach(TensorHandle::release);
        acquired.clear();
    }

    /** The native stack with the arguments on it. */
    Owned.Stack stack() {
        stack.resize(count);
        for (int i = 0; i < count; i++) {
            stack.put(i, values[i]);
        }
        return stack;
    }

    @Override
    public void close() {
        stack.resize(0);
        reset(0);
        // One that came back to the same slot meanwhile is let go.
        Call left = POOL.getAndSet(slot(), this);
        if (left != null) {
            left.stack.giveBack();
        }
    }
}
