package dev.wick.study.precision;

import dev.wick.DType;
import dev.wick.study.report.DTypeNames;
import java.util.Locale;

/**
 * Why half precision gains what it gains on a GPU, told from measured times; immutable. Times are medians in milliseconds.
 *
 * @param subject        what was run
 * @param half           the dtype beside float32
 * @param enqueueSingle  until the host had enqueued a run in float32
 * @param deviceSingle   from the first copy to the last, of the same
 * @param enqueueHalf    the same in half precision
 * @param deviceHalf     the same in half precision
 * @param speedup        of half precision over float32, run as it is
 * @param graph          the same under a CUDA graph; null where that was not measured
 */
record LaunchFigures(String subject, DType half, double enqueueSingle, double deviceSingle, double enqueueHalf,
        double deviceHalf, double speedup, Graph graph) {
    /** Where the host takes this share of the device's time to enqueue, the device has been waiting for it. */
    private static final double BOUND = 0.8;

    /**
     * Under a CUDA graph.
     *
     * @param deviceSingle from the first copy to the last in float32
     * @param deviceHalf   the same in half precision
     * @param speedup      of half precision over float32
     */
    record Graph(double deviceSingle, double deviceHalf, double speedup) {
    }

    /** Introduces the sentences about each. */
    static final String INTRODUCTION = "Published comparisons of these models on a GPU, one picture at a time, find FP16 at "
            + "0.93x and 1.02x of FP32's speed. An eager run is hundreds of launches: where the host takes as long to enqueue "
            + "them as the device takes from the first copy to the last, the device waits for the host, faster arithmetic "
            + "cannot show, and the casts that half precision adds are launches more. A CUDA graph is one launch.";

    boolean singleIsBoundByLaunches() {
        return enqueueSingle >= BOUND * deviceSingle;
    }

    boolean halfIsBoundByLaunches() {
        return enqueueHalf >= BOUND * deviceHalf;
    }

    String text() {
        String name = DTypeNames.of(half).toUpperCase(Locale.ROOT);
        StringBuilder text = new StringBuilder(String.format(Locale.ROOT, "%s: eagerly the host enqueues for %s ms in FP32 and "
                + "%s in %s, and the device is at it for %s and %s. ", subject, number(enqueueSingle), number(enqueueHalf), name,
                number(deviceSingle), number(deviceHalf)));
        if (singleIsBoundByLaunches() && halfIsBoundByLaunches()) {
            text.append("Both are bound by launches");
        } else if (halfIsBoundByLaunches()) {
            text.append("FP32 is bound by the device, ").append(name).append(" by launches, which is where its gain ends");
        } else if (singleIsBoundByLaunches()) {
            text.append("FP32 is bound by launches, ").append(name).append(" by the device");
        } else {
            text.append("Neither is bound by launches: the device is the slower in both");
        }
        text.append(String.format(Locale.ROOT, ", and %s comes to %.2fx.", name, speedup));
        if (graph != null) {
            text.append(String.format(Locale.ROOT, " Under a CUDA graph the device takes %s ms in FP32 and %s in %s: %.2fx.",
                    number(graph.deviceSingle()), number(graph.deviceHalf()), name, graph.speedup()));
            double gaps = deviceSingle - graph.deviceSingle();
            if (gaps > 0) {
                text.append(String.format(Locale.ROOT, " Of the eager FP32 run's %s ms, %s are gone with the launches.",
                        number(deviceSingle), number(gaps)));
            }
        }
        return text.toString();
    }

    private static String number(double milliseconds) {
        return String.format(Locale.ROOT, "%.3f", milliseconds);
    }
}
