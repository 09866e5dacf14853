package dev.wick.memory;

import dev.wick.binding.AllocatorSegment;
import java.lang.foreign.Arena;
import java.lang.foreign.MemoryLayout;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.StructLayout;
import java.lang.foreign.ValueLayout;
import java.util.ArrayList;
import java.util.List;

/**
 * What an allocator did between two moments, event by event, in the order in which it took effect. Immutable; any thread.
 *
 * <p>Events lie outside the Java heap, 64 bytes each, in memory that is freed when the timeline is unreachable. Where
 * more happened than the recording had room for, the oldest events are missing: {@link #dropped()} counts them, and the
 * memory that they gave out and nobody has freed since is part of {@link #unrecordedBytes()}.
 */
public final class MemoryTimeline {
    /** One event, as {@code struct wick_memory_event}. */
    public static final StructLayout EVENT = MemoryLayout.structLayout(
            ValueLayout.JAVA_LONG.withName("sequence"), ValueLayout.JAVA_LONG.withName("time"),
            ValueLayout.JAVA_LONG.withName("address"), ValueLayout.JAVA_LONG.withName("bytes"),
            ValueLayout.JAVA_LONG.withName("allocation"), ValueLayout.JAVA_LONG.withName("stream"),
            ValueLayout.JAVA_INT.withName("action"), ValueLayout.JAVA_INT.withName("device"),
            ValueLayout.JAVA_INT.withName("context"), ValueLayout.JAVA_INT.withName("thread"));

    private static final long SEQUENCE = 0;
    private static final long TIME = 8;
    private static final long ADDRESS = 16;
    private static final long BYTES = 24;
    private static final long ALLOCATION = 32;
    private static final long STREAM = 40;
    private static final long ACTION = 48;
    private static final long CONTEXT = 56;
    private static final long THREAD = 60;

    private final String device;
    private final MemorySegment events;
    private final long count;
    private final long dropped;
    private final long baselineBytes;
    private final long unrecordedBytes;
    private final long startNanoTime;
    private final long startEpochMicros;
    private final long durationNanos;
    private final List<MemoryContext> contexts;
    private final List<MemoryMark> marks;
    private final List<AllocatorSegment> segments;

    private MemoryTimeline(Builder from) {
        this.device = from.device;
        this.events = from.events.asReadOnly();
        this.count = events.byteSize() / EVENT.byteSize();
        this.dropped = from.dropped;
        this.baselineBytes = from.baselineBytes;
        this.unrecordedBytes = from.unrecordedBytes < 0 ? from.baselineBytes : from.unrecordedBytes;
        this.startNanoTime = from.startNanoTime;
        this.startEpochMicros = from.startEpochMicros;
        this.durationNanos = Math.max(from.durationNanos, count == 0 ? 0 : timeNanos(count - 1));
        this.contexts = List.copyOf(from.contexts);
        this.marks = List.copyOf(from.marks);
        this.segments = List.copyOf(from.segments);
    }

    /** The device whose allocator this is: {@code cpu}, or such as {@code cuda:0}. */
    public String device() {
        return device;
    }

    /** Events that are here; an index is below it. */
    public long size() {
        return count;
    }

    /** Events that were overwritten because there were too many: all of them older than the first one here. */
    public long dropped() {
        return dropped;
    }

    /** Bytes that the allocator had given out when recording began. */
    public long baselineBytes() {
        return baselineBytes;
    }

    /**
     * Bytes that were given out just before the first event here: those of the baseline and, where events were dropped, of
     * what they left.
     */
    public long unrecordedBytes() {
        return unrecordedBytes;
    }

    /** When recording began, in microseconds since 1970. */
    public long startEpochMicros() {
        return startEpochMicros;
    }

    /** How long was recorded. */
    public long durationNanos() {
        return durationNanos;
    }

    /** Named moments, in order. */
    public List<MemoryMark> marks() {
        return marks;
    }

    /** What a caching allocator held at the end; empty on the CPU, which has none. */
    public List<AllocatorSegment> segments() {
        return segments;
    }

    /** What happened. */
    public MemoryAction action(long index) {
        return MemoryAction.of(events.get(ValueLayout.JAVA_INT, offset(index) + ACTION));
    }

    /** When, in nanoseconds since recording began. */
    public long timeNanos(long index) {
        return events.get(ValueLayout.JAVA_LONG, offset(index) + TIME) - startNanoTime;
    }

    /** The address of the memory. */
    public long address(long index) {
        return events.get(ValueLayout.JAVA_LONG, offset(index) + ADDRESS);
    }

    /** Bytes that were asked for: never negative, also for what was freed. */
    public long bytes(long index) {
        return events.get(ValueLayout.JAVA_LONG, offset(index) + BYTES);
    }

    /**
     * The index of the event that gave out the memory which this one takes back; its own for one that gives out; -1 where
     * it is not here, since it came before the first event.
     */
    public long allocation(long index) {
        long sequence = events.get(ValueLayout.JAVA_LONG, offset(index) + ALLOCATION);
        long first = count == 0 ? 0 : events.get(ValueLayout.JAVA_LONG, SEQUENCE);
        return sequence <= 0 || sequence < first ? -1 : indexOf(sequence);
    }

    /** Sequences rise, and have gaps where another device's events lay. */
    private long indexOf(long sequence) {
        long low = 0;
        long high = count - 1;
        long guess = sequence - events.get(ValueLayout.JAVA_LONG, SEQUENCE);
        while (low <= high) {
            long middle = guess >= low && guess <= high ? guess : low + high >>> 1;
            long found = events.get(ValueLayout.JAVA_LONG, offset(middle) + SEQUENCE);
            if (found == sequence) {
                return middle;
            }
            if (found < sequence) {
                low = middle + 1;
            } else {
                high = middle - 1;
            }
            guess = -1;
        }
        return -1;
    }

    /** The {@code cudaStream_t} for which memory was given out; 0 on the CPU, and for the default stream. */
    public long stream(long index) {
        return events.get(ValueLayout.JAVA_LONG, offset(index) + STREAM);
    }

    /** The operating system's id of the thread that did it. */
    public int thread(long index) {
        return events.get(ValueLayout.JAVA_INT, offset(index) + THREAD);
    }

    /** Who asked for it; equal contexts are one object. */
    public MemoryContext context(long index) {
        return contexts.get(contextIndex(index));
    }

    /** The index of {@link #context} in {@link #contexts}. */
    public int contextIndex(long index) {
        return events.get(ValueLayout.JAVA_INT, offset(index) + CONTEXT);
    }

    /** All contexts; the first is {@link MemoryContext#UNKNOWN}. */
    public List<MemoryContext> contexts() {
        return contexts;
    }

    private long offset(long index) {
        return Math.multiplyExact(index, EVENT.byteSize());
    }

    /** Puts a timeline together; one thread. */
    public static final class Builder {
        private final String device;
        private MemorySegment events = MemorySegment.NULL;
        private long used;
        private long dropped;
        private long baselineBytes;
        private long unrecordedBytes = -1;
        private long startNanoTime;
        private long startEpochMicros;
        private long durationNanos;
        private List<MemoryContext> contexts = new ArrayList<>(List.of(MemoryContext.UNKNOWN));
        private final List<MemoryMark> marks = new ArrayList<>();
        private List<AllocatorSegment> segments = List.of();

        /** Begins a timeline of a device, such as {@code cpu} or {@code cuda:0}. */
        public Builder(String device) {
            this.device = device;
        }

        /** Bytes that were given out when recording began. */
        public Builder baselineBytes(long bytes) {
            this.baselineBytes = bytes;
            return this;
        }

        /** Events that are missing, and the bytes that were given out just after them. */
        public Builder dropped(long count, long unrecordedBytesNow) {
            this.dropped = count;
            this.unrecordedBytes = unrecordedBytesNow;
            return this;
        }

        /** The same moment by {@link System#nanoTime()}, on which events' times are, and by the calendar. */
        public Builder start(long nanoTime, long epochMicros) {
            this.startNanoTime = nanoTime;
            this.startEpochMicros = epochMicros;
            return this;
        }

        /** How long was recorded; at least until the last event. */
        public Builder durationNanos(long nanos) {
            this.durationNanos = nanos;
            return this;
        }

        /** What the allocator holds at the end. */
        public Builder segments(List<AllocatorSegment> held) {
            this.segments = held;
            return this;
        }

        /** Adds a named moment after the events so far. */
        public Builder mark(String name, long timeNanos) {
            return mark(name, used, timeNanos);
        }

        /** Adds a named moment after so many events. */
        public Builder mark(String name, long eventIndex, long timeNanos) {
            marks.add(new MemoryMark(name, eventIndex, timeNanos));
            return this;
        }

        /** Takes events that are laid out as {@link #EVENT}, with contexts by their index in {@link #contexts}. */
        public Builder events(MemorySegment laidOut) {
            this.events = laidOut;
            this.used = laidOut.byteSize() / EVENT.byteSize();
            return this;
        }

        /** Takes all contexts, of which the first must be {@link MemoryContext#UNKNOWN}. */
        public Builder contexts(List<MemoryContext> all) {
            this.contexts = new ArrayList<>(all);
            return this;
        }

        /** Adds a context and returns its index. */
        public int context(MemoryContext context) {
            contexts.add(context);
            return contexts.size() - 1;
        }

        /** Adds memory that is given out, and returns the index of the event. */
        public long alloc(long timeNanos, long address, long bytes, int context) {
            return add(MemoryAction.ALLOC, timeNanos, address, bytes, used, context);
        }

        /** Adds memory that comes back. */
        public long free(long timeNanos, long allocation) {
            long at = allocation * EVENT.byteSize();
            return add(MemoryAction.FREE_COMPLETED, timeNanos, events.get(ValueLayout.JAVA_LONG, at + ADDRESS),
                    events.get(ValueLayout.JAVA_LONG, at + BYTES), allocation,
                    events.get(ValueLayout.JAVA_INT, at + CONTEXT));
        }

        /** Adds memory that comes back and was given out before the first event. */
        public long freeUnrecorded(long timeNanos, long address, long bytes) {
            return add(MemoryAction.FREE_COMPLETED, timeNanos, address, bytes, -1, 0);
        }

        /** Adds any event; {@code allocation} is an index, or -1. */
        public long add(MemoryAction action, long timeNanos, long address, long bytes, long allocation, int context) {
            long at = used * EVENT.byteSize();
            if (at + EVENT.byteSize() > events.byteSize()) {
                MemorySegment larger = Arena.ofAuto().allocate(Math.max(1024, 2 * used) * EVENT.byteSize(), 8);
                larger.copyFrom(events.asSlice(0, at));
                events = larger;
            }
            events.set(ValueLayout.JAVA_LONG, at + SEQUENCE, used + 1);
            events.set(ValueLayout.JAVA_LONG, at + TIME, startNanoTime + timeNanos);
            events.set(ValueLayout.JAVA_LONG, at + ADDRESS, address);
            events.set(ValueLayout.JAVA_LONG, at + BYTES, bytes);
            events.set(ValueLayout.JAVA_LONG, at + ALLOCATION, allocation + 1);
            events.set(ValueLayout.JAVA_INT, at + ACTION, action.ordinal());
            events.set(ValueLayout.JAVA_INT, at + CONTEXT, context);
            return used++;
        }

        /** The timeline; the builder must not be used any more. */
        public MemoryTimeline build() {
            events = events.asSlice(0, used * EVENT.byteSize());
            return new MemoryTimeline(this);
        }
    }
}
