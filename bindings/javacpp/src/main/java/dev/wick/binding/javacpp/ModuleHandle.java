package dev.wick.binding.javacpp;

import dev.wick.binding.Handle;

/** A reference to a module; handles may share it. Any thread. */
final class ModuleHandle extends NativeHandle {
    private final Owned.Module module;
    private final ModuleState state;

    /** Takes the module over. */
    ModuleHandle(Owned.Module module, ModuleState state) {
        this.module = module;
        this.state = state;
    }

    static ModuleHandle of(Handle handle) {
        return of(handle, ModuleHandle.class);
    }

    /** Valid while the handle is acquired. */
    Owned.Module module() {
        return module;
    }

    ModuleState state() {
        return state;
    }

    @Override
    public String kind() {
        return "model";
    }

    @Override
    void freeNative() {
        module.giveBack();
        Retained.drain();
    }
}
