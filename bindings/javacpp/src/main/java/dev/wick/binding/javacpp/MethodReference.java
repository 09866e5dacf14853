package dev.wick.binding.javacpp;

import dev.wick.binding.Handle;
import org.bytedeco.javacpp.PointerScope;
import org.bytedeco.pytorch.Function;
import org.bytedeco.pytorch.IValue;
import org.bytedeco.pytorch.Method;

/** A method, with its module kept alive and its schema read; any thread. */
final class MethodReference extends NativeHandle {
    /** The module as the method's first argument; keeps it and its code alive. */
    private final Owned.Value self;
    private final ModuleState state;
    private final Function function;
    private final Schema schema;

    private MethodReference(Owned.Value self, ModuleState state, Function function, Schema schema) {
        this.self = self;
        this.state = state;
        this.function = function;
        this.schema = schema;
    }

    static MethodReference to(ModuleHandle module, Method method) {
        // Read before anything is counted as live, since reading can fail.
        Function function = method.function();
        Schema schema = new Schema(function.getSchema());
        try (PointerScope _ = new PointerScope()) {
            Owned.Value self = new Owned.Value(new IValue(module.module()._ivalue()));
            return new MethodReference(self, module.state(), function, schema);
        }
    }

    static MethodReference of(Handle handle) {
        return handle instanceof MethodReference own ? own : of(handle, MethodReference.class);
    }

    Owned.Value self() {
        return self;
    }

    ModuleState state() {
        return state;
    }

    Function function() {
        return function;
    }

    Schema schema() {
        return schema;
    }

    @Override
    public String kind() {
        return "method";
    }

    @Override
    void freeNative() {
        schema.close();
        self.giveBack();
    }
}
