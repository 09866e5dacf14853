package dev.wick.cli;

import dev.wick.DType;
import dev.wick.Runner;
import dev.wick.study.report.DTypeNames;
import dev.wick.study.report.Statistics;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;

/**
 * What was measured for one dtype and batch; immutable.
 *
 * @param dtype                computed in
 * @param batch                rows of the input
 * @param samples              of each timed run, in nanoseconds, in their order
 * @param device               times of the parts of a run on a CUDA device; null on the CPU
 * @param warmUpRuns           runs made and discarded after preparation
 * @param cut                  whether the budget ended it early
 * @param preparation          what the runner did before
 * @param why                  its optimisation was taken
 * @param preparationSeconds   how long that took
 * @param preparationPeakBytes most memory while it prepared; -1 where the system does not say
 * @param peakBytes            most memory while it ran
 * @param peakSource           {@code allocator}, {@code device allocator} or {@code rss}
 * @param maximumDifference    largest output difference against FP32
 * @param meanDifference       mean output difference against FP32
 * @param top5Agreement        see {@link OutputComparison}; null where it means nothing
 * @param nanOutputs           output elements that are NaN
 */
record BenchCell(DType dtype, long batch, long[] samples, DeviceTimes device, int warmUpRuns, boolean cut,
        Runner.Preparation preparation, String why, double preparationSeconds, long preparationPeakBytes, long peakBytes,
        String peakSource, double maximumDifference, double meanDifference, Double top5Agreement, long nanOutputs) {

    /**
     * Parts of runs on a CUDA device, in nanoseconds: of runs with events around them, one beside each timed run.
     *
     * @param transfers of inputs and outputs
     * @param enqueue   until the host has nothing more to do
     * @param device    from the first copy to the last
     */
    record DeviceTimes(Transfers transfers, long[] enqueue, long[] device) {
        Statistics enqueueStatistics() {
            return Statistics.ofNanoseconds(enqueue);
        }

        Statistics deviceStatistics() {
            return Statistics.ofNanoseconds(device);
        }
    }

    Statistics statistics() {
        return Statistics.ofNanoseconds(samples);
    }

    double throughputPerSecond() {
        return batch / (statistics().mean() / 1e3);
    }

    /** The keys that are the cell's own; the caller puts those of the whole benchmark before them. */
    Map<String, Object> toMap() {
        Map<String, Object> map = new LinkedHashMap<>();
        map.put("dtype", DTypeNames.of(dtype));
        map.put("batch", batch);
        map.put("latencyMs", statistics().toMap());
        // On the CPU a call returns when its work is done: there is no time of enqueueing apart from it.
        map.put("enqueueMs", device == null ? null : device.enqueueStatistics().toMap());
        map.put("deviceMs", device == null ? null : device.deviceStatistics().toMap());
        map.put("transfers", device == null ? Transfers.NONE.text() : device.transfers().text());
        map.put("graphNodes", preparation.graphNodes());
        map.put("throughputPerSecond", throughputPerSecond());
        map.put("peakMemoryBytes", peakBytes);
        map.put("peakMemorySource", peakSource);
        map.put("outputMaxAbsDiff", maximumDifference);
        map.put("outputMeanAbsDiff", meanDifference);
        map.put("top5Agreement", top5Agreement);
        map.put("nanOutputs", nanOutputs);
        map.put("runs", samples.length);
        map.put("warmup", warmUpRuns);
        map.put("cut", cut);
        map.put("optimization", preparation.optimization().text());
        map.put("why", why);
        map.put("trials", trials());
        map.put("convertedBytes", preparation.convertedBytes());
        map.put("preparationSeconds", preparationSeconds);
        map.put("preparationPeakBytes", preparationPeakBytes);
        map.put("samplesMs", milliseconds(samples));
        if (device != null) {
            map.put("enqueueSamplesMs", milliseconds(device.enqueue()));
            map.put("deviceSamplesMs", milliseconds(device.device()));
        }
        return map;
    }

    private static List<Double> milliseconds(long[] samples) {
        return Arrays.stream(samples).mapToObj(sample -> sample / 1e6).toList();
    }

    private List<Object> trials() {
        List<Object> trials = new ArrayList<>();
        for (Runner.Trial trial : preparation.trials()) {
            Map<String, Object> map = new LinkedHashMap<>();
            map.put("optimization", trial.optimization().text());
            map.put("medianMs", trial.medianNanoseconds() < 0 ? null : (Double) (trial.medianNanoseconds() / 1e6));
            map.put("maxAbsDiff", trial.maximumDifference());
            map.put("outcome", trial.outcome());
            trials.add(map);
        }
        return trials;
    }
}
