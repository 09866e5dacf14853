package dev.wick;

/**
 * A copy that was enqueued and not awaited; any thread may wait for it.
 *
 * <p>Before it is done the target holds neither its old elements nor its new ones. Closing waits as well; a copy that is
 * forgotten is reported like any other native object.
 */
public final class CudaCopy implements AutoCloseable {
    private final CudaEvent done;

    CudaCopy(CudaEvent done) {
        this.done = done;
    }

    /** Waits for the copy. */
    public void await() {
        if (!done.isClosed()) {
            done.synchronize();
        }
    }

    public boolean isDone() {
        return done.isClosed() || done.isDone();
    }

    /** Waits for the copy and forgets it. */
    @Override
    public void close() {
        await();
        done.close();
    }
}
