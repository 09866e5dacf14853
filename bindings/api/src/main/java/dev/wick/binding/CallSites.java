package dev.wick.binding;

import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.concurrent.locks.ReentrantLock;
import java.util.function.Supplier;

/**
 * Who in Java calls for memory while it is recorded: stack and tag of the thread, as a number that native code keeps
 * beside each allocation; any thread.
 *
 * <p>A stack is walked at the call into Wick, on the thread that makes it, never from inside an allocator. As long as
 * nothing records, a call reads one flag.
 */
public final class CallSites {
    /** More frames say nothing about who allocates, and each costs time at every call. */
    private static final int MAXIMUM_FRAMES = 32;
    private static final String OWN_PACKAGE = "dev.wick";
    private static final String OWN_BINDINGS = "dev.wick.binding";
    private static final StackWalker WALKER = StackWalker.getInstance();

    private static final ThreadLocal<String> TAG = new ThreadLocal<>();
    /** The caller's site on a thread that works for another one. */
    private static final ThreadLocal<CallSite> ADOPTED = new ThreadLocal<>();

    private static final ReentrantLock LOCK = new ReentrantLock();
    private static final Map<CallSite, Long> NUMBERS = new HashMap<>();
    private static final Map<Long, CallSite> SITES = new HashMap<>();
    private static long last;
    private static int recordings;
    private static int recordingsWithStacks;

    private static volatile boolean active;
    private static volatile boolean stacks;

    private CallSites() {
    }

    /**
     * One place of calls.
     *
     * @param frames innermost first, beginning outside of Wick; empty unless stacks are recorded
     * @param tag    the thread's innermost tag; null without one
     */
    public record CallSite(List<StackTraceElement> frames, String tag) {
        private static final CallSite NONE = new CallSite(List.of(), null);
    }

    /** Whether calls are to say where they come from. */
    public static boolean active() {
        return active;
    }

    /** Counts a recording that begins. */
    public static void begin(boolean withStacks) {
        LOCK.lock();
        try {
            recordings++;
            recordingsWithStacks += withStacks ? 1 : 0;
            stacks = recordingsWithStacks > 0;
            active = true;
        } finally {
            LOCK.unlock();
        }
    }

    /** Counts a recording whose numbers nobody will ask for again; numbers are forgotten with the last one. */
    public static void end(boolean withStacks) {
        LOCK.lock();
        try {
            recordings--;
            recordingsWithStacks -= withStacks ? 1 : 0;
            stacks = recordingsWithStacks > 0;
            active = recordings > 0;
            if (recordings == 0) {
                NUMBERS.clear();
                SITES.clear();
            }
        } finally {
            LOCK.unlock();
        }
    }

    /** The number of this thread's place; 0 when it has neither tag nor stack. */
    public static long current() {
        CallSite site = here();
        if (site == CallSite.NONE) {
            return 0;
        }
        LOCK.lock();
        try {
            Long known = NUMBERS.get(site);
            if (known == null) {
                known = ++last;
                NUMBERS.put(site, known);
                SITES.put(known, site);
            }
            return known;
        } finally {
            LOCK.unlock();
        }
    }

    /** The place behind a number, as long as a recording exists; one without frames and tag for 0. */
    public static CallSite of(long number) {
        LOCK.lock();
        try {
            return SITES.getOrDefault(number, CallSite.NONE);
        } finally {
            LOCK.unlock();
        }
    }

    private static CallSite here() {
        CallSite adopted = ADOPTED.get();
        if (adopted != null) {
            return adopted;
        }
        String tag = TAG.get();
        if (!stacks) {
            return tag == null ? CallSite.NONE : new CallSite(List.of(), tag);
        }
        return new CallSite(WALKER.walk(frames -> {
            List<StackTraceElement> kept = new ArrayList<>();
            var walk = frames.iterator();
            while (walk.hasNext() && kept.size() < MAXIMUM_FRAMES) {
                StackWalker.StackFrame frame = walk.next();
                if (!kept.isEmpty() || !isOwn(frame.getClassName())) {
                    kept.add(frame.toStackTraceElement());
                }
            }
            return List.copyOf(kept);
        }), tag);
    }

    /** Whether a class is the thin layer's or a binding's: what calls these is what people look for. */
    private static boolean isOwn(String className) {
        int end = className.lastIndexOf('.');
        String name = end < 0 ? "" : className.substring(0, end);
        return name.equals(OWN_PACKAGE) || name.equals(OWN_BINDINGS) || name.startsWith(OWN_BINDINGS + ".");
    }

    /** Sets this thread's tag, null for none, and returns the one before. */
    public static String tag(String name) {
        String before = TAG.get();
        if (name == null) {
            TAG.remove();
        } else {
            TAG.set(name);
        }
        return before;
    }

    /** Work that another thread is to do in this thread's name. */
    public static <T> Supplier<T> adopting(Supplier<T> work) {
        if (!active) {
            return work;
        }
        CallSite site = here();
        return () -> {
            ADOPTED.set(site);
            try {
                return work.get();
            } finally {
                ADOPTED.remove();
            }
        };
    }
}
