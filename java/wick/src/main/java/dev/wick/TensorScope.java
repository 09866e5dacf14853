package dev.wick;

import dev.wick.error.BadArgumentException;
import java.util.ArrayList;
import java.util.List;

/**
 * Frees the tensors that the thread which opened it makes while it is open; opened and closed by one thread, while
 * tensors in it may be used and closed by any.
 *
 * <pre>{@code
 * try (var scope = TensorScope.open()) {
 *     Tensor sum = a.plus(b);                 // freed with the scope
 *     return scope.detach(sum.to(FLOAT16));   // moved out
 * }
 * }</pre>
 *
 * <p>Scopes nest: the innermost takes what is made. There is no parent to climb to: a detached tensor is the caller's.
 */
public final class TensorScope implements AutoCloseable {
    private static final ThreadLocal<TensorScope> CURRENT = new ThreadLocal<>();

    private final Thread owner = Thread.currentThread();
    private final TensorScope outer;
    private final List<Tensor> tensors = new ArrayList<>();
    private boolean closed;

    private TensorScope(TensorScope outer) {
        this.outer = outer;
    }

    /** Opens a scope on this thread. */
    public static TensorScope open() {
        TensorScope scope = new TensorScope(CURRENT.get());
        CURRENT.set(scope);
        return scope;
    }

    /** The innermost scope of this thread takes a new tensor; without one it is the caller's alone. */
    static void adopt(Tensor tensor) {
        TensorScope scope = CURRENT.get();
        if (scope != null) {
            scope.add(tensor);
        }
    }

    private synchronized void add(Tensor tensor) {
        tensor.enter(this, tensors.size());
        tensors.add(tensor);
    }

    /** Forgets a tensor; the last one takes its place, so that closing many early costs no search. */
    synchronized void remove(Tensor tensor) {
        int place = tensor.placeIn(this);
        if (place < 0) {
            return;
        }
        Tensor last = tensors.removeLast();
        if (last != tensor) {
            tensors.set(place, last);
            last.enter(this, place);
        }
        tensor.leave();
    }

    /**
     * Moves a tensor out: it outlives the scope and is the caller's to close.
     *
     * @return the same tensor
     */
    public Tensor detach(Tensor tensor) {
        synchronized (this) {
            if (tensor.placeIn(this) < 0) {
                throw new BadArgumentException("the tensor is not in this scope");
            }
            remove(tensor);
        }
        return tensor;
    }

    /** Tensors that the scope would free now. */
    public synchronized int size() {
        return tensors.size();
    }

    /** Frees what is in the scope; idempotent. */
    @Override
    public void close() {
        if (Thread.currentThread() != owner) {
            throw new IllegalStateException("a tensor scope is closed by the thread that opened it");
        }
        List<Tensor> left;
        synchronized (this) {
            if (closed) {
                return;
            }
            if (CURRENT.get() != this) {
                throw new IllegalStateException("an inner tensor scope is still open");
            }
            closed = true;
            left = new ArrayList<>(tensors);
            tensors.clear();
            left.forEach(Tensor::leave);
        }
        if (outer == null) {
            CURRENT.remove();
        } else {
            CURRENT.set(outer);
        }
        left.forEach(Tensor::close);
    }
}
