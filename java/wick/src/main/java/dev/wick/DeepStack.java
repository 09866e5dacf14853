package dev.wick;

import dev.wick.binding.CallSites;
import java.util.concurrent.atomic.AtomicReference;
import java.util.function.Supplier;

/**
 * Runs work that recurses over a model on a platform thread with a deep stack; any thread may ask.
 *
 * <p>LibTorch parses archives recursively. An ordinary thread's stack overflows in native code on a deeply nested one,
 * and that ends the process.
 */
final class DeepStack {
    private static final long STACK_BYTES = 512L << 20;

    private DeepStack() {
    }

    static <T> T call(Supplier<T> work) {
        AtomicReference<T> result = new AtomicReference<>();
        AtomicReference<Throwable> failure = new AtomicReference<>();
        Supplier<T> inCallersName = CallSites.adopting(work);
        Thread thread = new Thread(null, () -> {
            try {
                result.set(inCallersName.get());
            } catch (Throwable e) {
                failure.set(e);
            }
        }, "wick-deep-stack", STACK_BYTES);
        thread.setDaemon(true);
        thread.start();
        boolean interrupted = false;
        while (true) {
            try {
                // Not abandoned when interrupted: the work holds the caller's native objects.
                thread.join();
                break;
            } catch (InterruptedException e) {
                interrupted = true;
            }
        }
        if (interrupted) {
            Thread.currentThread().interrupt();
        }
        if (failure.get() instanceof RuntimeException e) {
            throw e;
        }
        if (failure.get() instanceof Error e) {
            throw e;
        }
        return result.get();
    }

    static void run(Runnable work) {
        call(() -> {
            work.run();
            return null;
        });
    }
}
