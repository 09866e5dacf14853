package dev.wick.binding.javacpp;

/** What holds for a module and all its submodules, whichever handle they were reached by; any thread. */
final class ModuleState {
    /** Set by the first call: from then on executors keep compiled copies of the graphs. */
    private volatile boolean called;
    private final boolean frozen;
    private final boolean optimized;

    ModuleState(boolean frozen, boolean optimized) {
        this.frozen = frozen;
        this.optimized = optimized;
    }

    static ModuleState fresh() {
        return new ModuleState(false, false);
    }

    /** Of a copy, which nobody has called. */
    ModuleState copy() {
        return new ModuleState(frozen, optimized);
    }

    boolean called() {
        return called;
    }

    void markCalled() {
        if (!called) {
            called = true;
        }
    }

    boolean frozen() {
        return frozen;
    }

    boolean optimized() {
        return optimized;
    }
}
