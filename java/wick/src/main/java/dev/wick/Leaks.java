package dev.wick;

import dev.wick.binding.Handle;
import java.lang.invoke.MethodHandles;
import java.lang.invoke.VarHandle;
import java.lang.ref.Cleaner;
import java.util.concurrent.atomic.AtomicLong;

/**
 * Frees what was forgotten and reports it; any thread.
 *
 * <p>The report names the place of allocation under {@code -Dwick.leaks=track}; a stack walk for every tensor would
 * cost more than most operators, so it is off otherwise.
 */
final class Leaks {
    static final String PROPERTY = "wick.leaks";

    private static final System.Logger LOGGER = System.getLogger("dev.wick.leaks");
    private static final Cleaner CLEANER = Cleaner.create(Thread.ofPlatform().name("wick-cleaner").daemon().factory());
    private static final boolean TRACK = "track".equals(System.getProperty(PROPERTY));
    private static final AtomicLong FORGOTTEN = new AtomicLong();

    private Leaks() {
    }

    static long forgotten() {
        return FORGOTTEN.get();
    }

    /**
     * What keeps a native object alive on Java's side: the object that the user holds, and the scope of each view of
     * its memory. The last of them to become unreachable frees a forgotten one.
     */
    static final class Ownership implements Runnable {
        private static final VarHandle ANCHORS;

        static {
            try {
                ANCHORS = MethodHandles.lookup().findVarHandle(Ownership.class, "anchors", int.class);
            } catch (ReflectiveOperationException e) {
                throw new ExceptionInInitializerError(e);
            }
        }

        private final Handle handle;
        private final Throwable site;
        /** Beyond the first. */
        private volatile int anchors;
        private volatile boolean deferred;
        private volatile Runnable also;

        Ownership(Handle handle) {
            this.handle = handle;
            this.site = TRACK ? new Throwable("allocated here") : null;
        }

        /** Keeps the native object as long as its first owner is reachable. */
        Cleaner.Cleanable first(Object owner) {
            return CLEANER.register(owner, this);
        }

        /** Keeps the native object as long as another object is reachable. */
        void anchor(Object object) {
            ANCHORS.getAndAdd(this, 1);
            CLEANER.register(object, this);
        }

        /** What is to be freed with a forgotten object; it must not reach the object itself. */
        void also(Runnable freeing) {
            also = freeing;
        }

        /** The user has closed the object, but its memory is in use: the last anchor frees it, and that is no leak. */
        void defer() {
            deferred = true;
        }

        @Override
        public void run() {
            // A closed one first: that is how nearly every life ends, and nothing is left to count.
            if (handle.isClosed() || (int) ANCHORS.getAndAdd(this, -1) > 0) {
                return;
            }
            if (deferred) {
                handle.close();
                return;
            }
            handle.close();
            if (also != null) {
                also.run();
            }
            long count = FORGOTTEN.incrementAndGet();
            if (site != null) {
                LOGGER.log(System.Logger.Level.WARNING, "a " + handle.kind() + " was never closed", site);
            } else if (count == 1) {
                LOGGER.log(System.Logger.Level.WARNING, "a " + handle.kind() + " was never closed; -D" + PROPERTY
                        + "=track logs where such objects are allocated");
            }
        }
    }
}
