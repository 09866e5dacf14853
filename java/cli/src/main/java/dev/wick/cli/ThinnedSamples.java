package dev.wick.cli;

import java.util.ArrayList;
import java.util.Arrays;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.stream.DoubleStream;
import java.util.stream.IntStream;

/** Replaces series of latencies that are too long to draw by fewer of them; any thread. */
final class ThinnedSamples {
    /** Series up to this many samples stay as they are. */
    static final int MOST = 5000;
    private static final int RANKS = 2000;
    private static final int STRETCHES = 1000;
    /** What is left of a longer one, for a person. */
    static final String DESCRIPTION = String.format(Locale.ROOT, "%,d points of the distribution, and the fastest and "
            + "the slowest run of each of %,d stretches", RANKS, STRETCHES);

    private ThinnedSamples() {
    }

    static boolean areThinned(int samples) {
        return samples > MOST;
    }

    /** The report with {@code samplesMs} replaced by {@code thinnedSamples} where that is too long. */
    static Map<String, Object> in(Map<String, Object> report) {
        Map<String, Object> thinned = new LinkedHashMap<>(report);
        thinned.put("results", ((List<?>) report.get("results")).stream().map(each -> {
            Map<String, Object> result = new LinkedHashMap<>();
            ((Map<?, ?>) each).forEach((key, value) -> result.put((String) key, value));
            double[] samples = ((List<?>) result.get("samplesMs")).stream().mapToDouble(ms -> (Double) ms).toArray();
            if (areThinned(samples.length)) {
                result.remove("samplesMs");
                result.put("thinnedSamples", of(samples));
            }
            return result;
        }).toList());
        return thinned;
    }

    private static Map<String, Object> of(double[] samples) {
        double[] sorted = DoubleStream.of(samples).sorted().toArray();
        // Nearest ranks, from the first to the last.
        int[] ranks = IntStream.rangeClosed(0, RANKS)
                .map(i -> Math.max(1, (int) Math.ceilDiv((long) i * sorted.length, RANKS))).toArray();
        List<Integer> runs = new ArrayList<>();
        for (int stretch = 0; stretch < STRETCHES; stretch++) {
            int from = (int) ((long) stretch * samples.length / STRETCHES);
            int to = (int) ((stretch + 1L) * samples.length / STRETCHES);
            int fastest = from;
            int slowest = from;
            for (int run = from; run < to; run++) {
                fastest = samples[run] < samples[fastest] ? run : fastest;
                slowest = samples[run] > samples[slowest] ? run : slowest;
            }
            IntStream.of(fastest, slowest).distinct().sorted().forEach(runs::add);
        }
        Map<String, Object> thinned = new LinkedHashMap<>();
        thinned.put("ranks", Arrays.stream(ranks).boxed().toList());
        thinned.put("rankedMs", Arrays.stream(ranks).mapToObj(rank -> sorted[rank - 1]).toList());
        thinned.put("runs", runs.stream().map(run -> run + 1).toList());
        thinned.put("runsMs", runs.stream().map(run -> samples[run]).toList());
        return thinned;
    }
}
