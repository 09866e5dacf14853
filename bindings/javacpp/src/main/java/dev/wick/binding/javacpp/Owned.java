package dev.wick.binding.javacpp;

import org.bytedeco.javacpp.Pointer;
import org.bytedeco.pytorch.GenericList;
import org.bytedeco.pytorch.IValue;
import org.bytedeco.pytorch.IValueVector;
import org.bytedeco.pytorch.InferenceMode;
import org.bytedeco.pytorch.JitModule;
import org.bytedeco.pytorch.Storage;
import org.bytedeco.pytorch.Tensor;
import org.bytedeco.pytorch.TensorBase;

/**
 * Native objects whose end Wick decides.
 *
 * <p>An ordinary owning {@link Pointer} enters a list under a lock of the whole process, is freed by JavaCPP's thread
 * when forgotten, and over JavaCPP's memory limit its making collects garbage, sleeps up to a second and fails. All
 * that happens when a pointer takes its deallocator: these keep theirs to themselves instead. {@code giveBack} is
 * called once.
 */
final class Owned {
    private Owned() {
    }

    /** Memory at an address, owned by somebody else. */
    static final class Address extends Pointer {
        Address(long address) {
            this.address = address;
        }
    }

    /** One value of TorchScript: what a tensor handle holds, or an argument on its way. */
    static final class Value extends IValue {
        private Deallocator own;

        Value() {
        }

        Value(IValue other) {
            super(other);
        }

        Value(TensorBase tensor) {
            super(tensor);
        }

        Value(long number) {
            super(number);
        }

        Value(double number) {
            super(number);
        }

        Value(boolean truth) {
            super(truth);
        }

        Value(GenericList list) {
            super(list);
        }

        @Override
        protected <P extends Pointer> P deallocator(Deallocator deallocator) {
            own = deallocator;
            return null;
        }

        void giveBack() {
            own.deallocate();
        }
    }

    /** A stack on which functions find their arguments and leave their results. */
    static final class Stack extends IValueVector {
        private Deallocator own;

        Stack() {
            super(0L);
        }

        @Override
        protected <P extends Pointer> P deallocator(Deallocator deallocator) {
            own = deallocator;
            return null;
        }

        void giveBack() {
            own.deallocate();
        }
    }

    /** A list while it is filled. */
    static final class Elements extends GenericList {
        private Deallocator own;

        Elements(org.bytedeco.pytorch.Type.TypePtr elementType) {
            super(elementType);
        }

        @Override
        protected <P extends Pointer> P deallocator(Deallocator deallocator) {
            own = deallocator;
            return null;
        }

        void giveBack() {
            own.deallocate();
        }
    }

    /** A module; copies share one object. */
    static final class Module extends JitModule {
        private Deallocator own;

        Module(JitModule other) {
            super(other);
        }

        @Override
        protected <P extends Pointer> P deallocator(Deallocator deallocator) {
            own = deallocator;
            return null;
        }

        void giveBack() {
            own.deallocate();
        }
    }

    /** The mode of a thread, until it is freed there. */
    static final class Mode extends InferenceMode {
        private Deallocator own;

        Mode(boolean inference) {
            super(inference);
        }

        @Override
        protected <P extends Pointer> P deallocator(Deallocator deallocator) {
            own = deallocator;
            return null;
        }

        void giveBack() {
            own.deallocate();
        }
    }

    /** A reference to a tensor's memory. */
    static final class Memory extends Tensor {
        private Deallocator own;

        Memory(Tensor tensor) {
            super(tensor);
        }

        @Override
        protected <P extends Pointer> P deallocator(Deallocator deallocator) {
            own = deallocator;
            return null;
        }

        /** How many tensors and other owners use the memory, this one among them. */
        long users() {
            Storage storage = storage();
            return storage.use_count();
        }

        void giveBack() {
            own.deallocate();
        }
    }
}
