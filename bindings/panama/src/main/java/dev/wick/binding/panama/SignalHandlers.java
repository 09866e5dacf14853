package dev.wick.binding.panama;

import dev.wick.error.NativesException;
import java.lang.foreign.Arena;
import java.lang.foreign.FunctionDescriptor;
import java.lang.foreign.Linker;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.lang.invoke.MethodHandle;

/**
 * Keeps the JVM's signal handlers while a foreign library loads.
 *
 * <p>The JVM lives on SIGSEGV (implicit null checks, safepoint polls). A LibTorch that pulls in UCX replaces the
 * handlers while it loads, and the next implicit null check would end the process.
 */
final class SignalHandlers {
    private static final int SIGILL = 4;
    private static final int SIGBUS = 7;
    private static final int SIGFPE = 8;
    private static final int SIGSEGV = 11;
    private static final int[] KEPT = {SIGSEGV, SIGBUS, SIGFPE, SIGILL};
    /** More than glibc's {@code struct sigaction} (152 bytes), which is only handed back as it came. */
    private static final long ACTION_BYTES = 256;

    private SignalHandlers() {
    }

    static void keepWhile(Runnable load) {
        Linker linker = Linker.nativeLinker();
        MethodHandle sigaction = linker.downcallHandle(linker.defaultLookup().findOrThrow("sigaction"),
                FunctionDescriptor.of(ValueLayout.JAVA_INT, ValueLayout.JAVA_INT, ValueLayout.ADDRESS,
                        ValueLayout.ADDRESS));
        try (Arena arena = Arena.ofConfined()) {
            MemorySegment[] actions = new MemorySegment[KEPT.length];
            for (int i = 0; i < KEPT.length; i++) {
                actions[i] = arena.allocate(ACTION_BYTES, 16);
                call(sigaction, KEPT[i], MemorySegment.NULL, actions[i]);
            }
            try {
                load.run();
            } finally {
                for (int i = 0; i < KEPT.length; i++) {
                    call(sigaction, KEPT[i], actions[i], MemorySegment.NULL);
                }
            }
        }
    }

    private static void call(MethodHandle sigaction, int signal, MemorySegment set, MemorySegment get) {
        int status;
        try {
            status = (int) sigaction.invokeExact(signal, set, get);
        } catch (Throwable e) {
            throw new NativesException("sigaction cannot be called", e);
        }
        if (status != 0) {
            throw new NativesException("sigaction failed for signal " + signal);
        }
    }
}
