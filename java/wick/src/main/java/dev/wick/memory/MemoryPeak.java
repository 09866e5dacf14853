package dev.wick.memory;

import dev.wick.error.BadArgumentException;
import java.util.ArrayList;
import java.util.BitSet;
import java.util.Comparator;
import java.util.List;
import java.util.PriorityQueue;

/**
 * What was given out when a timeline stood highest, or at any other moment, and to whom; immutable, any thread.
 *
 * <p>A moment lies between two events and is named by how many events came earlier. Bytes are those asked for, alive until
 * {@link MemoryAction#FREE_COMPLETED}; on CUDA that is LibTorch's {@code requested_bytes}. However memory is grouped, the
 * shares add up to {@link #allocatedBytes()} exactly.
 */
public final class MemoryPeak {
    private static final Comparator<MemoryShare> LARGEST_FIRST = Comparator.comparingLong(MemoryShare::bytes).reversed()
            .thenComparing(share -> share.group().name());
    private static final Comparator<LiveAllocation> LARGEST_ALLOCATION_FIRST = Comparator
            .comparingLong(LiveAllocation::bytes).reversed().thenComparingLong(LiveAllocation::event);

    private final MemoryTimeline timeline;
    private final long events;
    private final long allocatedBytes;
    private final long unrecordedBytes;
    private final BitSet live;

    private MemoryPeak(MemoryTimeline timeline, LiveMemory at) {
        this.timeline = timeline;
        this.events = at.position();
        this.allocatedBytes = at.bytes();
        this.unrecordedBytes = at.unrecordedBytes();
        this.live = at.allocations();
    }

    /** The first of the moments at which most was given out. */
    public static MemoryPeak of(MemoryTimeline timeline) {
        return of(timeline, 0, timeline.size());
    }

    /**
     * The same among the moments from after {@code from} events until after {@code to}.
     *
     * @throws BadArgumentException unless there are such moments
     */
    public static MemoryPeak of(MemoryTimeline timeline, long from, long to) {
        requireMoment(timeline, from);
        requireMoment(timeline, to);
        if (from > to) {
            throw new BadArgumentException("expected moments in order, got " + from + " before " + to);
        }
        long bytes = timeline.unrecordedBytes();
        long highest = Long.MIN_VALUE;
        long when = from;
        for (long at = 0; at <= to; at++) {
            if (at >= from && bytes > highest) {
                highest = bytes;
                when = at;
            }
            if (at < to) {
                bytes += LiveMemory.change(timeline, at);
            }
        }
        return at(timeline, when);
    }

    /**
     * The moment after so many events; {@link MemoryTimeline#size()} is the end.
     *
     * @throws BadArgumentException unless there is such a moment
     */
    public static MemoryPeak at(MemoryTimeline timeline, long events) {
        requireMoment(timeline, events);
        return new MemoryPeak(timeline, new LiveMemory(timeline).advanceTo(events));
    }

    /** The moment so many nanoseconds after recording began, with the events of that very nanosecond behind it. */
    public static MemoryPeak atTime(MemoryTimeline timeline, long timeNanos) {
        LiveMemory live = new LiveMemory(timeline);
        while (live.position() < timeline.size() && timeline.timeNanos(live.position()) <= timeNanos) {
            live.advance();
        }
        return new MemoryPeak(timeline, live);
    }

    private static void requireMoment(MemoryTimeline timeline, long events) {
        if (events < 0 || events > timeline.size()) {
            throw new BadArgumentException("expected a moment from 0 to " + timeline.size() + " events, got " + events);
        }
    }

    /** Bytes that were given out. */
    public long allocatedBytes() {
        return allocatedBytes;
    }

    /** Those of them that were given out before the timeline's first event. */
    public long unrecordedBytes() {
        return unrecordedBytes;
    }

    /** Allocations that were alive, without those before the first event. */
    public long allocationCount() {
        return live.cardinality();
    }

    /** Events that came earlier. */
    public long events() {
        return events;
    }

    /** When, since recording began. */
    public long timeNanos() {
        return events == 0 ? 0 : timeline.timeNanos(events - 1);
    }

    /** Everyone's part, the largest first. */
    public List<MemoryShare> shares(MemoryGrouping grouping) {
        ContextGroups groups = new ContextGroups(timeline, grouping);
        long[] bytes = new long[groups.size()];
        long[] counts = new long[groups.size()];
        for (int event = live.nextSetBit(0); event >= 0; event = live.nextSetBit(event + 1)) {
            int group = groups.of(event);
            bytes[group] += timeline.bytes(event);
            counts[group]++;
        }
        List<MemoryShare> shares = new ArrayList<>();
        for (int group = 0; group < groups.size(); group++) {
            if (counts[group] > 0) {
                shares.add(new MemoryShare(groups.group(group), bytes[group], counts[group]));
            }
        }
        if (unrecordedBytes != 0) {
            shares.add(new MemoryShare(MemoryGroup.BEFORE_RECORDING, unrecordedBytes, 0));
        }
        shares.sort(LARGEST_FIRST);
        return shares;
    }

    /** The largest parts, and the sum of the others as {@link MemoryGroup#OTHERS} where there are any. */
    public List<MemoryShare> shares(MemoryGrouping grouping, int most) {
        List<MemoryShare> all = shares(grouping);
        if (all.size() <= most) {
            return all;
        }
        List<MemoryShare> others = all.subList(most, all.size());
        List<MemoryShare> shares = new ArrayList<>(all.subList(0, most));
        shares.add(new MemoryShare(MemoryGroup.OTHERS, others.stream().mapToLong(MemoryShare::bytes).sum(),
                others.stream().mapToLong(MemoryShare::count).sum()));
        return shares;
    }

    /** The largest allocations that were alive, without those before the first event; the largest first. */
    public List<LiveAllocation> allocations(int most) {
        PriorityQueue<LiveAllocation> largest = new PriorityQueue<>(LARGEST_ALLOCATION_FIRST.reversed());
        for (int event = live.nextSetBit(0); event >= 0; event = live.nextSetBit(event + 1)) {
            if (largest.size() < most || most > 0 && timeline.bytes(event) > largest.peek().bytes()) {
                largest.add(new LiveAllocation(event, timeline.timeNanos(event), timeline.address(event),
                        timeline.bytes(event), timeline.context(event)));
                if (largest.size() > most) {
                    largest.remove();
                }
            }
        }
        return largest.stream().sorted(LARGEST_ALLOCATION_FIRST).toList();
    }
}
