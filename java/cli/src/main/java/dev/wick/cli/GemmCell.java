package dev.wick.cli;

import dev.wick.study.report.Statistics;
import java.util.Arrays;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;

/**
 * What was measured for one size and type; immutable.
 *
 * @param size                   of the matrices
 * @param type                   of the operands
 * @param batch                  matrices
 * @param callsPerSample         calls between two looks at the clock
 * @param gemm                   each sample of the prepared gemm, in its order
 * @param matmul                 the same of {@code aten::matmul}, each beside the one above
 * @param cut                    whether the budget ended it early
 * @param maxRelativeDifference  largest difference of the two results, over the largest element of matmul's
 * @param bufferBytes            what the prepared gemm holds beside its tensors
 */
record GemmCell(GemmSize size, GemmType type, int batch, int callsPerSample, List<CallTimer.Timing> gemm,
        List<CallTimer.Timing> matmul, boolean cut, double maxRelativeDifference, long bufferBytes) {

    /** Percentiles of the time of one call, by nearest rank, in nanoseconds. */
    record Spread(double p10, double median, double p90) {
        private static Spread of(double[] samples) {
            double[] sorted = samples.clone();
            Arrays.sort(sorted);
            return new Spread(Statistics.percentile(sorted, 10), Statistics.percentile(sorted, 50),
                    Statistics.percentile(sorted, 90));
        }

        private Map<String, Object> toMap() {
            Map<String, Object> map = new LinkedHashMap<>();
            map.put("p10", p10 / 1e3);
            map.put("p50", median / 1e3);
            map.put("p90", p90 / 1e3);
            return map;
        }
    }

    static Spread time(List<CallTimer.Timing> timings) {
        return Spread.of(timings.stream().mapToDouble(CallTimer.Timing::nanoseconds).toArray());
    }

    /** Empty where enqueueing is not told apart from the whole. */
    static Optional<Spread> enqueueing(List<CallTimer.Timing> timings) {
        return timings.getFirst().enqueueNanoseconds() < 0 ? Optional.empty()
                : Optional.of(Spread.of(timings.stream().mapToDouble(CallTimer.Timing::enqueueNanoseconds).toArray()));
    }

    /** Floating-point operations per second at the median; the epilogue is not counted. */
    double operationsPerSecond(List<CallTimer.Timing> timings) {
        return size.operations(batch) / (time(timings).median() / 1e9);
    }

    /** The gemm's median over matmul's. */
    double ratio() {
        return time(gemm).median() / time(matmul).median();
    }

    Map<String, Object> toMap() {
        Map<String, Object> map = new LinkedHashMap<>();
        map.put("m", size.m());
        map.put("n", size.n());
        map.put("k", size.k());
        map.put("batch", batch);
        map.put("dtype", type.toString());
        map.put("compute", type.compute().name());
        map.put("rounds", gemm.size());
        map.put("callsPerSample", callsPerSample);
        map.put("cut", cut);
        map.put("gemm", toMap(gemm));
        map.put("matmul", toMap(matmul));
        map.put("ofMatmul", ratio());
        map.put("maxRelativeDifference", maxRelativeDifference);
        map.put("bufferBytes", bufferBytes);
        return map;
    }

    private Map<String, Object> toMap(List<CallTimer.Timing> timings) {
        Map<String, Object> map = new LinkedHashMap<>();
        map.put("timeUs", time(timings).toMap());
        map.put("enqueueUs", enqueueing(timings).map(Spread::toMap).orElse(null));
        map.put("flopsPerSecond", operationsPerSecond(timings));
        map.put("samplesUs", microseconds(timings.stream().map(CallTimer.Timing::nanoseconds).toList()));
        map.put("enqueueSamplesUs", enqueueing(timings).isEmpty() ? null
                : microseconds(timings.stream().map(CallTimer.Timing::enqueueNanoseconds).toList()));
        return map;
    }

    private static List<Double> microseconds(List<Double> nanoseconds) {
        return nanoseconds.stream().map(each -> each / 1e3).toList();
    }
}
