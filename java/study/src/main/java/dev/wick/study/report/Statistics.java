package dev.wick.study.report;

import java.util.Arrays;
import java.util.LinkedHashMap;
import java.util.Map;

/**
 * What a series of latencies comes to; immutable.
 *
 * <p>Percentiles are by nearest rank: the smallest sample that at least that share of all samples does not exceed, so
 * that each is a time that was measured. The deviation is that of a sample (divided by n - 1), and 0 for one run.
 */
public record Statistics(int runs, double mean, double deviation, double minimum, double p50, double p90, double p95,
        double p99, double maximum) {

    /** Sums up samples in nanoseconds; the figures are in milliseconds. */
    public static Statistics ofNanoseconds(long[] samples) {
        if (samples.length == 0) {
            throw new IllegalArgumentException("no samples");
        }
        double[] sorted = Arrays.stream(samples).mapToDouble(sample -> sample / 1e6).sorted().toArray();
        double mean = Arrays.stream(sorted).average().orElseThrow();
        double squares = Arrays.stream(sorted).map(sample -> (sample - mean) * (sample - mean)).sum();
        return new Statistics(sorted.length, mean, sorted.length == 1 ? 0 : Math.sqrt(squares / (sorted.length - 1)),
                sorted[0], percentile(sorted, 50), percentile(sorted, 90), percentile(sorted, 95), percentile(sorted, 99),
                sorted[sorted.length - 1]);
    }

    /** The nearest-rank percentile of sorted samples. */
    public static double percentile(double[] sorted, int percent) {
        int rank = (int) Math.ceilDiv((long) percent * sorted.length, 100);
        return sorted[Math.max(1, rank) - 1];
    }

    /** The figures under the names they have in reports, without the number of runs. */
    public Map<String, Object> toMap() {
        Map<String, Object> map = new LinkedHashMap<>();
        map.put("mean", mean);
        map.put("std", deviation);
        map.put("min", minimum);
        map.put("p50", p50);
        map.put("p90", p90);
        map.put("p95", p95);
        map.put("p99", p99);
        map.put("max", maximum);
        return map;
    }
}
