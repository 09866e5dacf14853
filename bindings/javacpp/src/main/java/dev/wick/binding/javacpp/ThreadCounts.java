package dev.wick.binding.javacpp;

import dev.wick.error.BadArgumentException;
import org.bytedeco.pytorch.global.torch;

/**
 * The thread counts of the process and of single calls; any thread.
 *
 * <p>LibTorch's own setting is not seen by threads that have started, and it clears oneDNN's caches of compiled
 * primitives, which costs more than most calls. So the count goes to the OpenMP that LibTorch was linked with, in the
 * calling thread.
 */
final class ThreadCounts {
    private static volatile int process;
    /**
     * LibTorch initialises its count once per thread, at the first question; asked later, it would undo what is set.
     */
    private static final ThreadLocal<Boolean> INITIALISED = ThreadLocal.withInitial(() -> {
        torch.get_num_threads();
        return true;
    });

    private ThreadCounts() {
    }

    static void set(int intraOp, int interOp) {
        if (intraOp < 0 || interOp < 0) {
            throw new BadArgumentException("a thread count is negative: " + intraOp + " intra-op, " + interOp
                    + " inter-op");
        }
        if (interOp > 0 && interOp != torch.get_num_interop_threads()) {
            torch.set_num_interop_threads(interOp);
        }
        if (intraOp > 0) {
            // Once here, so that threads of LibTorch's own start with it.
            torch.set_num_threads(intraOp);
            process = intraOp;
        }
    }

    static int intraOp() {
        int count = process;
        return count > 0 ? count : torch.get_num_threads();
    }

    static int interOp() {
        return (int) torch.get_num_interop_threads();
    }

    /** Sets the count for a call; the result goes to {@link #leave(int)}. */
    static int enter(int wanted) {
        int count = wanted > 0 ? wanted : process;
        if (count == 0) {
            return 0;
        }
        INITIALISED.get();
        int current = NativeFunctions.get().threads();
        if (count == current) {
            return 0;
        }
        NativeFunctions.get().setThreads(count);
        return wanted > 0 ? current : 0;
    }

    static void leave(int previous) {
        if (previous > 0) {
            NativeFunctions.get().setThreads(previous);
        }
    }
}
