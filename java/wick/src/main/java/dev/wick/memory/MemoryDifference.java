package dev.wick.memory;

import java.util.ArrayList;
import java.util.Comparator;
import java.util.HashMap;
import java.util.List;
import java.util.Map;

/**
 * How the memory of two timelines differs, such as that of one program before and after a change; immutable, any thread.
 *
 * <p>Peak figures are those of each timeline's own highest moment, live ones those at its end. However they are grouped,
 * the rows add up to {@link #before()} and {@link #after()} exactly.
 */
public final class MemoryDifference {
    private static final Comparator<Row> MOST_CHANGED_FIRST = Comparator
            .comparingLong((Row row) -> Math.abs(row.peakBytesChange())).reversed()
            .thenComparing(Comparator.comparingLong((Row row) -> Math.abs(row.liveBytesChange())).reversed())
            .thenComparing(row -> row.group().name());

    private final Moments before;
    private final Moments after;

    private MemoryDifference(Moments before, Moments after) {
        this.before = before;
        this.after = after;
    }

    /**
     * A timeline's figures.
     *
     * @param peakCount of allocations, as {@link MemoryShare#count()}
     * @param liveCount of allocations, as {@link MemoryShare#count()}
     */
    public record Figures(long peakBytes, long peakCount, long liveBytes, long liveCount) {
        /** Of a group that a timeline does not have. */
        public static final Figures NONE = new Figures(0, 0, 0, 0);

        private Figures withPeak(MemoryShare share) {
            return new Figures(share.bytes(), share.count(), liveBytes, liveCount);
        }

        private Figures withLive(MemoryShare share) {
            return new Figures(peakBytes, peakCount, share.bytes(), share.count());
        }
    }

    /** A group's figures in both. */
    public record Row(MemoryGroup group, Figures before, Figures after) {
        /** Above 0 where it grew. */
        public long peakBytesChange() {
            return after.peakBytes - before.peakBytes;
        }

        /** Above 0 where it grew. */
        public long liveBytesChange() {
            return after.liveBytes - before.liveBytes;
        }
    }

    private record Moments(MemoryPeak peak, MemoryPeak end) {
        static Moments of(MemoryTimeline timeline) {
            return new Moments(MemoryPeak.of(timeline), MemoryPeak.at(timeline, timeline.size()));
        }

        Figures total() {
            return new Figures(peak.allocatedBytes(), peak.allocationCount(), end.allocatedBytes(), end.allocationCount());
        }

        Map<MemoryGroup, Figures> by(MemoryGrouping grouping) {
            Map<MemoryGroup, Figures> figures = new HashMap<>();
            for (MemoryShare share : peak.shares(grouping)) {
                figures.put(share.group(), Figures.NONE.withPeak(share));
            }
            for (MemoryShare share : end.shares(grouping)) {
                figures.put(share.group(), figures.getOrDefault(share.group(), Figures.NONE).withLive(share));
            }
            return figures;
        }
    }

    /** Compares two timelines. */
    public static MemoryDifference between(MemoryTimeline before, MemoryTimeline after) {
        return new MemoryDifference(Moments.of(before), Moments.of(after));
    }

    /** The first timeline's figures, over all groups. */
    public Figures before() {
        return before.total();
    }

    /** The second timeline's figures, over all groups. */
    public Figures after() {
        return after.total();
    }

    /** Every group that either has, whose peak changed most first. */
    public List<Row> by(MemoryGrouping grouping) {
        Map<MemoryGroup, Figures> earlier = before.by(grouping);
        Map<MemoryGroup, Figures> later = after.by(grouping);
        List<Row> rows = new ArrayList<>();
        earlier.forEach((group, figures) -> rows.add(new Row(group, figures, later.getOrDefault(group, Figures.NONE))));
        later.forEach((group, figures) -> {
            if (!earlier.containsKey(group)) {
                rows.add(new Row(group, Figures.NONE, figures));
            }
        });
        rows.sort(MOST_CHANGED_FIRST);
        return rows;
    }
}
