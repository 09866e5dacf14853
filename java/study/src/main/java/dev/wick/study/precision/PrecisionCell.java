package dev.wick.study.precision;

import dev.wick.DType;
import dev.wick.Runner;
import dev.wick.study.measurement.InterleavedRounds;
import dev.wick.study.report.DTypeNames;
import dev.wick.study.report.Statistics;
import java.util.Arrays;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;

/**
 * What was measured of one method in one dtype; immutable.
 *
 * @param dtype              computed in
 * @param graph              whether runs launched a CUDA graph
 * @param times              of the timed runs
 * @param agreement          with FP32, on the inputs
 * @param memory             that it took; its figures are null where they were not counted
 * @param preparation        what the runner did before
 * @param why                its optimisation was taken
 * @param preparationSeconds how long that took
 */
record PrecisionCell(DType dtype, boolean graph, InterleavedRounds.Times times, Agreement agreement, Memory memory,
        Runner.Preparation preparation, String why, double preparationSeconds) {

    /**
     * Bytes of a prepared call.
     *
     * @param weights  of the method's own parameters and buffers in the dtype
     * @param held     allocated while nothing runs: weights of the whole model, inputs, outputs; null where not counted
     * @param run      that a run adds at its highest moment; null where not counted, and under a graph
     * @param reserved taken from the driver for it, a graph's own pool with it; null but on a CUDA device
     */
    record Memory(long weights, Long held, Long run, Long reserved) {
        /** The most that is allocated while it runs; null where not counted. */
        Long peak() {
            return held == null || run == null ? null : (Long) (held + run);
        }
    }

    Statistics statistics() {
        return Statistics.ofNanoseconds(times.endToEnd());
    }

    /** How much faster than another it is: the median of the rounds' ratios of medians, the smallest and the largest. */
    Speedup speedupOver(PrecisionCell other) {
        return Speedup.of(other.times(), times);
    }

    Map<String, Object> toMap(Map<String, Speedup> speedups) {
        Map<String, Object> map = new LinkedHashMap<>();
        map.put("dtype", DTypeNames.of(dtype));
        map.put("graph", graph);
        map.put("latencyMs", statistics().toMap());
        map.put("enqueueMs", times.enqueue() == null ? null : Statistics.ofNanoseconds(times.enqueue()).toMap());
        map.put("deviceMs", times.device() == null ? null : Statistics.ofNanoseconds(times.device()).toMap());
        speedups.forEach((name, speedup) -> map.put(name, speedup.toMap()));
        map.put("weightBytes", memory.weights());
        map.put("heldBytes", memory.held());
        map.put("runBytes", memory.run());
        map.put("peakMemoryBytes", memory.peak());
        map.put("reservedBytes", memory.reserved());
        map.put("agreement", agreement.toMap());
        map.put("runs", times.endToEnd().length);
        map.put("warmup", times.warmedUp());
        map.put("cut", times.cut());
        map.put("optimization", preparation.optimization().text());
        map.put("why", why);
        map.put("graphNodes", preparation.graphNodes());
        map.put("preparationSeconds", preparationSeconds);
        map.put("rounds", Arrays.stream(times.rounds()).boxed().toList());
        map.put("samplesMs", milliseconds(times.endToEnd()));
        if (times.enqueue() != null) {
            map.put("enqueueSamplesMs", milliseconds(times.enqueue()));
            map.put("deviceSamplesMs", milliseconds(times.device()));
        }
        return map;
    }

    private static List<Double> milliseconds(long[] samples) {
        return Arrays.stream(samples).mapToObj(sample -> sample / 1e6).toList();
    }
}
