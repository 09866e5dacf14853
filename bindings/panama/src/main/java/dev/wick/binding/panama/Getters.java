package dev.wick.binding.panama;

import java.lang.foreign.FunctionDescriptor;
import java.lang.foreign.Linker;
import java.lang.foreign.SymbolLookup;
import java.lang.foreign.ValueLayout;
import java.lang.invoke.MethodHandle;

/**
 * The few getters that are linked by hand, as critical calls; any thread.
 *
 * <p>A critical call skips the change of thread state: 2.3 ns instead of 6. While it lasts no safepoint can be reached,
 * so only functions belong here that read one field or one atomic: no lock, no allocation, nothing that throws, no
 * upcall. jextract cannot emit linker options.
 */
final class Getters {
    private static final MethodHandle LIVE_HANDLES = link("wick_live_handles", ValueLayout.JAVA_LONG);

    private Getters() {
    }

    static long liveHandles() {
        try {
            return (long) LIVE_HANDLES.invokeExact();
        } catch (Throwable e) {
            throw new AssertionError("a getter cannot throw", e);
        }
    }

    private static MethodHandle link(String name, java.lang.foreign.MemoryLayout result) {
        return Linker.nativeLinker().downcallHandle(SymbolLookup.loaderLookup().findOrThrow(name),
                FunctionDescriptor.of(result), Linker.Option.critical(false));
    }
}
