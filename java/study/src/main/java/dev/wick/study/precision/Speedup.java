package dev.wick.study.precision;

import dev.wick.study.measurement.InterleavedRounds.Times;
import dev.wick.study.report.Statistics;
import java.util.ArrayList;
import java.util.Collections;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;

/**
 * How much faster one call is than another that took turns with it; immutable.
 *
 * @param median  of the rounds' ratios: the other's median time in a round by its own
 * @param minimum smallest of them
 * @param maximum largest of them
 * @param rounds  that both made runs in
 * @param ofMeans the ratio of the mean times of all runs, as studies of single means give it
 */
record Speedup(double median, double minimum, double maximum, int rounds, double ofMeans) {

    static Speedup of(Times base, Times times) {
        List<Double> ratios = new ArrayList<>();
        for (int round = 0; round < Math.min(base.roundCount(), times.roundCount()); round++) {
            long[] theirs = base.round(round);
            long[] ours = times.round(round);
            if (theirs.length > 0 && ours.length > 0) {
                ratios.add(Statistics.ofNanoseconds(theirs).p50() / Statistics.ofNanoseconds(ours).p50());
            }
        }
        Collections.sort(ratios);
        int middle = ratios.size() / 2;
        double median = ratios.size() % 2 == 1 ? ratios.get(middle) : (ratios.get(middle - 1) + ratios.get(middle)) / 2;
        return new Speedup(median, ratios.getFirst(), ratios.getLast(), ratios.size(),
                Statistics.ofNanoseconds(base.endToEnd()).mean() / Statistics.ofNanoseconds(times.endToEnd()).mean());
    }

    Map<String, Object> toMap() {
        Map<String, Object> map = new LinkedHashMap<>();
        map.put("median", median);
        map.put("min", minimum);
        map.put("max", maximum);
        map.put("rounds", rounds);
        map.put("ofMeans", ofMeans);
        return map;
    }
}
