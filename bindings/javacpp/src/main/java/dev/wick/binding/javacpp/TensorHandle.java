package dev.wick.binding.javacpp;

import dev.wick.binding.Handle;
import org.bytedeco.pytorch.Tensor;

/** A tensor, kept as the boxed value that calls take; any thread. */
final class TensorHandle extends NativeHandle {
    private final Owned.Value value;
    /** Memory of Java's that the tensor was made over, or null. */
    private final Retained memory;

    /** Takes the value over. */
    TensorHandle(Owned.Value value) {
        this(value, null);
    }

    TensorHandle(Owned.Value value, Retained memory) {
        this.value = value;
        this.memory = memory;
    }

    static TensorHandle of(Handle handle) {
        return handle instanceof TensorHandle own ? own : of(handle, TensorHandle.class);
    }

    /** Valid while the handle is acquired. */
    Owned.Value value() {
        return value;
    }

    /** A view of the tensor inside {@link #value()}. */
    Tensor tensor() {
        return value.toTensor();
    }

    @Override
    public String kind() {
        return "tensor";
    }

    @Override
    void freeNative() {
        value.giveBack();
        if (memory != null) {
            memory.handleIsGone();
        } else {
            Retained.drain();
        }
    }
}
