package dev.wick.binding.panama;

import dev.wick.binding.CallSites;

/**
 * Tells native code for whom a call allocates, while memory is recorded; around one downcall, on one thread.
 *
 * <p>A number stays on the carrier between the two: nothing in between may block, or a virtual thread could go on
 * elsewhere.
 */
final class RecordedCall {
    /** What {@link #begin} returns when nothing is to be undone. */
    static final long NONE = -1;

    private RecordedCall() {
    }

    /** To be passed to {@link #end}. Costs one flag when nothing records. */
    static long begin() {
        return CallSites.active() ? Getters.setCallSite(CallSites.current()) : NONE;
    }

    static void end(long before) {
        if (before != NONE) {
            Getters.setCallSite(before);
        }
    }
}
