package dev.wick.binding.javacpp;

import java.util.concurrent.ExecutionException;
import java.util.concurrent.Future;
import java.util.concurrent.LinkedBlockingQueue;
import java.util.concurrent.ThreadPoolExecutor;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.function.Supplier;

/**
 * Runs the calls of virtual threads on platform threads; any thread.
 *
 * <p>A call is several crossings through JNI, and what it sets at the first (mode, threads, the optimiser's flag)
 * belongs to the native thread. A virtual thread may stand on another one after each crossing, and would leave its
 * mode behind for a stranger.
 */
final class PlatformThreads {
    /** The stack that parsing a deeply nested model needs. */
    private static final long STACK_BYTES = 256L << 20;
    private static final int KEPT_SECONDS = 60;
    private static final AtomicInteger NUMBER = new AtomicInteger();
    private static final ThreadPoolExecutor THREADS = threads();

    private PlatformThreads() {
    }

    private static ThreadPoolExecutor threads() {
        // As many as the carriers would be: each one that computes brings an OpenMP team of its own.
        int count = Runtime.getRuntime().availableProcessors();
        ThreadPoolExecutor threads = new ThreadPoolExecutor(count, count, KEPT_SECONDS, TimeUnit.SECONDS,
                new LinkedBlockingQueue<>(), work -> {
                    Thread thread = new Thread(null, work, "wick-javacpp-" + NUMBER.incrementAndGet(), STACK_BYTES);
                    thread.setDaemon(true);
                    return thread;
                });
        threads.allowCoreThreadTimeOut(true);
        return threads;
    }

    /** Runs it here, or on a platform thread when this one is virtual; what it throws is thrown. */
    static <T> T call(Supplier<T> work) {
        return Thread.currentThread().isVirtual() ? elsewhere(work) : work.get();
    }

    /** As {@link #call(Supplier)}, without a result. */
    static void run(Runnable work) {
        call(() -> {
            work.run();
            return null;
        });
    }

    private static <T> T elsewhere(Supplier<T> work) {
        Future<T> result = THREADS.submit(work::get);
        boolean interrupted = false;
        try {
            while (true) {
                try {
                    return result.get();
                } catch (InterruptedException e) {
                    // The native call cannot be stopped, and it uses what the caller holds.
                    interrupted = true;
                } catch (ExecutionException e) {
                    throw rethrown(e.getCause());
                }
            }
        } finally {
            if (interrupted) {
                Thread.currentThread().interrupt();
            }
        }
    }

    private static RuntimeException rethrown(Throwable cause) {
        if (cause instanceof Error error) {
            throw error;
        }
        return cause instanceof RuntimeException exception ? exception : new IllegalStateException(cause);
    }
}
