package dev.wick.study.precision;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.within;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import dev.wick.DType;
import dev.wick.Device;
import dev.wick.Optimization;
import dev.wick.Runner;
import dev.wick.study.measurement.InterleavedRounds.Times;
import dev.wick.study.report.StudyReport;
import java.io.PrintWriter;
import java.io.StringWriter;
import java.time.Instant;
import java.util.Arrays;
import java.util.List;
import org.junit.jupiter.api.Test;

/** Figures and sentences from given times. */
class PrecisionReportTest {
    private static final Agreement SAME = new Agreement(3, 0, 0, 1, 1, 1, 1, 0);

    private static final Instant EARLIER = Instant.parse("2026-11-22T21:03:10Z");

    private static Times times(int[] rounds, long[] microseconds, long enqueue, long device) {
        long[] samples = Arrays.stream(microseconds).map(each -> 1000 * each).toArray();
        long[] ofEnqueue = new long[samples.length];
        long[] ofDevice = new long[samples.length];
        Arrays.fill(ofEnqueue, 1000 * enqueue);
        Arrays.fill(ofDevice, 1000 * device);
        return new Times(samples, enqueue == 0 ? null : ofEnqueue, enqueue == 0 ? null : ofDevice, rounds, 2, false, null);
    }

    private static PrecisionCell cell(DType dtype, boolean graph, Times times, Long run) {
        return new PrecisionCell(dtype, graph, times, SAME, new PrecisionCell.Memory(1024, 2048L, run, 4096L),
                new Runner.Preparation(Optimization.NONE, "asked for", List.of(), 0, 3, graph ? 3 : 0), "asked for", 0.5);
    }

    @Test
    void speedIsTheMedianOfTheRoundsRatios() {
        // By rounds: 10/5, 20/5, 30/10; the last round has none of the second.
        Speedup speedup = Speedup.of(times(new int[] {0, 0, 0, 1, 2, 3}, new long[] {10, 10, 100, 20, 30, 1}, 0, 0),
                times(new int[] {0, 1, 2}, new long[] {5, 5, 10}, 0, 0));

        assertThat(speedup.median()).isEqualTo(3);
        assertThat(speedup.minimum()).isEqualTo(2);
        assertThat(speedup.maximum()).isEqualTo(4);
        assertThat(speedup.rounds()).isEqualTo(3);
        assertThat(speedup.ofMeans()).isCloseTo((171.0 / 6) / (20.0 / 3), within(1e-12));
    }

    @Test
    void launchesAreToldFromTheDevice() {
        assertThat(new LaunchFigures("m", DType.FLOAT16, 4, 4.2, 4.4, 4.5, 0.93, new LaunchFigures.Graph(1.9, 1.1, 1.73)).text())
                .isEqualTo("m: eagerly the host enqueues for 4.000 ms in FP32 and 4.400 in FP16, and the device is at it for 4.200 "
                        + "and 4.500. Both are bound by launches, and FP16 comes to 0.93x. Under a CUDA graph the device takes "
                        + "1.900 ms in FP32 and 1.100 in FP16: 1.73x. Of the eager FP32 run's 4.200 ms, 2.300 are gone with the "
                        + "launches.");
        assertThat(new LaunchFigures("m", DType.BFLOAT16, 1, 4, 1, 2, 2, null).text())
                .contains("Neither is bound by launches").endsWith("BF16 comes to 2.00x.");
        assertThat(new LaunchFigures("m", DType.FLOAT16, 1, 4, 1, 1.1, 3, null).text())
                .contains("FP32 is bound by the device, FP16 by launches");
        assertThat(new LaunchFigures("m", DType.FLOAT16, 4, 4, 1, 4, 1, null).text())
                .contains("FP32 is bound by launches, FP16 by the device");
    }

    private static StudyReport report(Device device, boolean graph, PrecisionCell... cells) {
        return new PrecisionReport(new PrecisionStudy.Settings(List.of(DType.FLOAT16), 1, 2, 1_500_000_000L, Optimization.NONE,
                graph, device), List.of(new PrecisionReport.Measured("m", "forward", "softmax of 7 scores", 3,
                        List.of(cells), List.of(new PrecisionReport.Failed(DType.FLOAT16, graph, "no kernel")), EARLIER))).study();
    }

    @Test
    void aDeviceIsReportedEagerlyAndUnderAGraph() throws Exception {
        int[] one = {0};
        StudyReport report = report(Device.cuda(0), true, cell(DType.FLOAT32, false, times(one, new long[] {5000}, 4000, 4200), 512L),
                cell(DType.FLOAT16, false, times(one, new long[] {5400}, 4400, 4500), 256L),
                cell(DType.FLOAT32, true, times(one, new long[] {2000}, 10, 1900), null),
                cell(DType.FLOAT16, true, times(one, new long[] {1250}, 10, 1100), null));
        StringWriter text = new StringWriter();
        report.print(new PrintWriter(text));
        JsonNode json = new ObjectMapper().readTree(report.json());

        assertThat(text.toString()).contains("0.93x", "1.02x", "Both are bound by launches",
                "Measured 2026-11-22 21:03:10 UTC by a run that ended early.", "fp16, graph", "4.00x", "2.5 KiB", "warning: m, fp16, graph failed: no kernel");
        JsonNode cells = json.at("/subjects/0/cells");
        assertThat(cells).hasSize(4);
        assertThat(cells.at("/1/speedup/median").asDouble()).isCloseTo(5000.0 / 5400, within(1e-12));
        assertThat(cells.at("/3/speedup/median").asDouble()).isCloseTo(1.6, within(1e-12));
        assertThat(cells.at("/3/speedupOverEagerFp32/median").asDouble()).isCloseTo(4, within(1e-12));
        assertThat(cells.at("/0/peakMemoryBytes").asLong()).isEqualTo(2048 + 512);
        assertThat(cells.at("/2/peakMemoryBytes").isNull()).isTrue();
        assertThat(cells.at("/0/enqueueMs/p50").asDouble()).isEqualTo(4);
        assertThat(json.at("/explanation")).hasSize(1);
        assertThat(json.at("/subjects/0/measuredByEarlierRun").asText()).isEqualTo("2026-11-22T21:03:10Z");
        assertThat(report.html()).contains("2026-11-22 21:03:10 UTC", "Both are bound by launches", "no kernel");
    }
}
