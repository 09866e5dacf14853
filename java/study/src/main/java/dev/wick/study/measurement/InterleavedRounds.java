package dev.wick.study.measurement;

import dev.wick.error.WickException;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.stream.IntStream;

/**
 * Times prepared calls in turns, so that what the machine does meanwhile meets all of them alike; one thread.
 *
 * <p>A round makes some runs of each call, one call after the other; which begins moves on from round to round. On a CUDA device
 * each run is followed by one with events around it, which would be in the latency of the run that they measure.
 */
public final class InterleavedRounds {
    /** At most; as many as ratios with a spread need. */
    private static final int ROUNDS = 10;

    private final int runs;
    private final int warmUpRuns;
    private final int runsPerRound;

    /**
     * Plans the rounds.
     *
     * @param runs       timed runs of each call, at least 1; with fewer than {@link #ROUNDS} each round makes one
     * @param warmUpRuns runs of each call before the first round
     */
    public InterleavedRounds(int runs, int warmUpRuns) {
        this.runs = runs;
        this.warmUpRuns = warmUpRuns;
        this.runsPerRound = Math.ceilDiv(runs, ROUNDS);
    }

    /** How many rounds so many runs make. */
    public static int rounds(int runs) {
        return Math.ceilDiv(runs, Math.ceilDiv(runs, ROUNDS));
    }

    /** Is told of the runs, outside of what is timed. */
    @FunctionalInterface
    public interface Listener {
        /** A run of the call with this index begins, a timed one or one to warm up. */
        default void begins(int call) {
            // Who only counts the runs need not know.
        }

        /** A timed run of the call with this index is done. */
        void ran(int call);
    }

    /**
     * The times of a call's runs, in nanoseconds, in their order.
     *
     * @param endToEnd until the outputs were there
     * @param enqueue  until the host had nothing more to do; null on the CPU
     * @param device   from the first copy to the last, by events; null on the CPU
     * @param rounds   which round each run was in, from 0
     * @param warmedUp runs made and discarded before
     * @param cut      whether the budget ended it early
     * @param failure  what ended it instead; null if nothing did
     */
    public record Times(long[] endToEnd, long[] enqueue, long[] device, int[] rounds, int warmedUp, boolean cut,
            WickException failure) {
        /** The times of one round; empty when it made no run. */
        public long[] round(int round) {
            return IntStream.range(0, endToEnd.length).filter(run -> rounds[run] == round)
                    .mapToLong(run -> endToEnd[run]).toArray();
        }

        /** How many rounds there were. */
        public int roundCount() {
            return rounds.length == 0 ? 0 : rounds[rounds.length - 1] + 1;
        }
    }

    /** One call while it is timed. */
    private static final class Series {
        final TimedCall call;
        final Runnable begins;
        final long budget;
        final long[] endToEnd;
        final long[] enqueue;
        final long[] device;
        final int[] rounds;
        long spent;
        int done;
        int warmedUp;
        boolean parted;
        WickException failure;

        Series(TimedCall call, Runnable begins, long budget, int runs) {
            this.call = call;
            this.begins = begins;
            this.budget = budget;
            endToEnd = new long[runs];
            enqueue = new long[runs];
            device = new long[runs];
            rounds = new int[runs];
        }

        void warmUp(int wanted) {
            while (failure == null && warmedUp < wanted && spent < budget) {
                begins.run();
                long begin = System.nanoTime();
                try {
                    call.run();
                    warmedUp++;
                } catch (WickException e) {
                    failure = e;
                }
                spent += System.nanoTime() - begin;
            }
        }

        /** One run, unless it may not; whether it was made. */
        boolean run(int round) {
            if (failure != null || done == endToEnd.length || done > 0 && spent >= budget) {
                return false;
            }
            begins.run();
            long begin = System.nanoTime();
            try {
                call.run();
                long ran = System.nanoTime();
                endToEnd[done] = ran - begin;
                TimedCall.Parts parts = call.runInParts();
                parted = parts != null;
                if (parted) {
                    enqueue[done] = parts.enqueue();
                    device[done] = parts.device();
                }
                rounds[done] = round;
                done++;
            } catch (WickException e) {
                failure = e;
            }
            spent += System.nanoTime() - begin;
            return failure == null;
        }

        Times times(int warmUpRuns) {
            return new Times(Arrays.copyOf(endToEnd, done), parted ? Arrays.copyOf(enqueue, done) : null,
                    parted ? Arrays.copyOf(device, done) : null, Arrays.copyOf(rounds, done), warmedUp,
                    failure == null && (done < endToEnd.length || warmedUp < warmUpRuns), failure);
        }
    }

    /**
     * Times calls.
     *
     * @param budgets what each may still take, in nanoseconds; one run is made in any case
     * @return theirs, in the order of the calls
     */
    public List<Times> time(List<? extends TimedCall> calls, long[] budgets, Listener listener) {
        List<Series> all = new ArrayList<>();
        for (int i = 0; i < calls.size(); i++) {
            int index = i;
            all.add(new Series(calls.get(i), () -> listener.begins(index), budgets[i], runs));
        }
        all.forEach(series -> series.warmUp(warmUpRuns));
        boolean ran = true;
        for (int round = 0; ran; round++) {
            ran = false;
            for (int turn = 0; turn < all.size(); turn++) {
                int index = (round + turn) % all.size();
                for (int run = 0; run < runsPerRound && all.get(index).run(round); run++) {
                    ran = true;
                    listener.ran(index);
                }
            }
        }
        return all.stream().map(series -> series.times(warmUpRuns)).toList();
    }
}
