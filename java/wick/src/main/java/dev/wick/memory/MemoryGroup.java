package dev.wick.memory;

/**
 * One of those that memory is attributed to.
 *
 * @param name what a person reads; of a kind other than {@link Kind#NAMED} it is in parentheses
 */
public record MemoryGroup(Kind kind, String name) {
    /** Of allocations whose context does not say it. */
    public static final MemoryGroup UNKNOWN = new MemoryGroup(Kind.UNKNOWN, "(unknown)");
    /** Of what was given out before the first event of the timeline. */
    public static final MemoryGroup BEFORE_RECORDING = new MemoryGroup(Kind.BEFORE_RECORDING, "(before recording)");
    /** Of groups that a shortened list leaves out. */
    public static final MemoryGroup OTHERS = new MemoryGroup(Kind.OTHERS, "(others)");

    /** A group whose context says its name. */
    public static MemoryGroup named(String name) {
        return new MemoryGroup(Kind.NAMED, name);
    }

    /** What is known of a group: a name alone could be a user's tag. */
    public enum Kind {
        NAMED, UNKNOWN, BEFORE_RECORDING, OTHERS
    }
}
