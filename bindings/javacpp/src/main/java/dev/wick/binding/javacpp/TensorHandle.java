package dev.wick.binding.javacpp;

import dev.wick.binding.Handle;
import org.bytedeco.pytorch.IValue;
import org.bytedeco.pytorch.Tensor;

/** A tensor, kept as the boxed value that calls take; any thread. */
final class TensorHandle extends NativeHandle {
    private final ValueSlot slot;
    /** Memory of Java's that the tensor was made over, or null. */
    private final Retained memory;

    /** Takes the slot over. */
    TensorHandle(ValueSlot slot) {
        this(slot, null);
    }

    TensorHandle(ValueSlot slot, Retained memory) {
        this.slot = slot;
        this.memory = memory;
    }

    static TensorHandle of(Handle handle) {
        return handle instanceof TensorHandle own ? own : of(handle, TensorHandle.class);
    }

    /** Valid while the handle is acquired. */
    IValue value() {
        return slot.value();
    }

    /** A view of the tensor inside {@link #value()}. */
    Tensor tensor() {
        return slot.value().toTensor();
    }

    @Override
    public String kind() {
        return "tensor";
    }

    @Override
    void freeNative() {
        slot.giveBack();
        if (memory != null) {
            memory.handleIsGone();
        } else {
            Retained.drain();
        }
    }
}
