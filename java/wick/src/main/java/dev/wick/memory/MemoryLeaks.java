package dev.wick.memory;

import dev.wick.error.BadArgumentException;
import java.util.ArrayList;
import java.util.BitSet;
import java.util.Comparator;
import java.util.List;

/**
 * What a body leaves behind each time it is run, from a timeline with a mark at the end of each iteration; immutable, any
 * thread.
 *
 * <p>Iterations that end in the last tenth of the time between the first mark and the last are left out, since what they
 * gave out may yet be freed. Those before are parted into thirds. A group leaks when
 * <ul>
 * <li>in each third something was given out that is never freed: a cache that fills once leaves nothing in the later ones,
 * and what waits to be freed at the end nothing in the earlier ones, and
 * <li>what it holds for longer than an iteration grew, from the end of the first third to the end of the last, by at least
 * half of what it left behind meanwhile: a full cache in which entries replace each other does not grow.
 * </ul>
 * A cache that goes on filling through the last third cannot be told from a leak.
 */
public final class MemoryLeaks {
    /** With fewer iterations there is nothing in each third. */
    public static final int LEAST_ITERATIONS = 4;

    private static final int THIRDS = 3;
    private static final double TAIL = 0.1;
    private static final Comparator<Leak> LARGEST_FIRST = Comparator.comparingLong(Leak::bytes).reversed()
            .thenComparing(leak -> leak.group().name());

    private final MemoryTimeline timeline;
    private final List<MemoryMark> marks;
    private final int considered;
    /** Iterations before this one are the first third's. */
    private final int warm;
    private final BitSet heldEarly;
    private final BitSet heldLate;
    private final BitSet neverFreed;

    private MemoryLeaks(MemoryTimeline timeline, List<MemoryMark> marks) {
        this.timeline = timeline;
        this.marks = marks;
        this.considered = beforeTail(marks);
        if (considered < THIRDS) {
            throw new BadArgumentException("expected marks at the ends of at least " + LEAST_ITERATIONS
                    + " iterations, " + THIRDS + " of them before the last tenth of the time; got " + marks.size() + " and "
                    + considered);
        }
        this.warm = endOf(0);
        LiveMemory live = new LiveMemory(timeline);
        this.heldEarly = heldAcross(live, warm - 1);
        this.heldLate = heldAcross(live, considered - 1);
        this.neverFreed = live.advanceTo(timeline.size()).allocations();
    }

    /**
     * A group that leaks.
     *
     * @param bytes      given out in the second and last third of the iterations, and never freed
     * @param count      of those allocations
     * @param iterations that left something behind, of those two thirds
     * @param bytesPerIteration the mean over all iterations of those two thirds
     */
    public record Leak(MemoryGroup group, long bytes, long count, int iterations, double bytesPerIteration) {
    }

    /**
     * Takes every mark of a timeline as the end of an iteration.
     *
     * @throws BadArgumentException unless there are {@link #LEAST_ITERATIONS}
     */
    public static MemoryLeaks of(MemoryTimeline timeline) {
        return new MemoryLeaks(timeline, timeline.marks());
    }

    /**
     * Takes the marks of a name as the ends of iterations.
     *
     * @throws BadArgumentException unless there are {@link #LEAST_ITERATIONS}
     */
    public static MemoryLeaks of(MemoryTimeline timeline, String mark) {
        return new MemoryLeaks(timeline, timeline.marks().stream().filter(each -> each.name().equals(mark)).toList());
    }

    private static int beforeTail(List<MemoryMark> marks) {
        if (marks.size() < LEAST_ITERATIONS) {
            return 0;
        }
        long first = marks.getFirst().timeNanos();
        double tail = first + (1 - TAIL) * (marks.getLast().timeNanos() - first);
        return (int) marks.stream().limit(marks.size() - 1L).takeWhile(mark -> mark.timeNanos() <= tail).count();
    }

    /** The first iteration that is not of this third any more. */
    private int endOf(int third) {
        return considered * (third + 1) / THIRDS;
    }

    /** What is alive at the end of an iteration and older than it. */
    private BitSet heldAcross(LiveMemory live, int iteration) {
        live.advanceTo(marks.get(iteration).eventIndex());
        long begin = iteration == 0 ? 0 : marks.get(iteration - 1).eventIndex();
        return live.allocations().get(0, Math.toIntExact(begin));
    }

    /** Iterations that the timeline has. */
    public int iterations() {
        return marks.size();
    }

    /** Iterations before the tail. */
    public int consideredIterations() {
        return considered;
    }

    /** The groups that leak, the largest first; empty where nothing does. */
    public List<Leak> by(MemoryGrouping grouping) {
        ContextGroups groups = new ContextGroups(timeline, grouping);
        long[] growth = new long[groups.size()];
        heldLate.stream().forEach(event -> growth[groups.of(event)] += timeline.bytes(event));
        heldEarly.stream().forEach(event -> growth[groups.of(event)] -= timeline.bytes(event));
        Tally[] tallies = new Tally[groups.size()];
        int iteration = 0;
        int third = 0;
        for (int event = neverFreed.nextSetBit(0); event >= 0; event = neverFreed.nextSetBit(event + 1)) {
            while (iteration < considered && event >= marks.get(iteration).eventIndex()) {
                iteration++;
            }
            if (iteration == considered) {
                break;
            }
            while (iteration >= endOf(third)) {
                third++;
            }
            int group = groups.of(event);
            if (tallies[group] == null) {
                tallies[group] = new Tally();
            }
            tallies[group].add(third, iteration, timeline.bytes(event));
        }
        List<Leak> leaks = new ArrayList<>();
        for (int group = 0; group < tallies.length; group++) {
            Tally tally = tallies[group];
            if (tally != null && tally.inEveryThird() && 2 * growth[group] >= tally.bytes) {
                leaks.add(new Leak(groups.group(group), tally.bytes, tally.count, tally.iterations,
                        tally.bytes / (double) (considered - warm)));
            }
        }
        leaks.sort(LARGEST_FIRST);
        return leaks;
    }

    /** What one group left behind. */
    private static final class Tally {
        private final boolean[] left = new boolean[THIRDS];
        private long bytes;
        private long count;
        private int iterations;
        private int last = -1;

        void add(int third, int iteration, long size) {
            left[third] = true;
            if (third == 0) {
                return;
            }
            bytes += size;
            count++;
            if (iteration != last) {
                last = iteration;
                iterations++;
            }
        }

        boolean inEveryThird() {
            return left[0] && left[1] && left[2];
        }
    }
}
