package dev.wick.cli;

import dev.wick.Device;
import dev.wick.Engine;
import dev.wick.Runner;
import dev.wick.study.report.DTypeNames;
import dev.wick.study.report.HtmlPage;
import dev.wick.study.report.HtmlPage.Chart;
import dev.wick.study.report.HtmlPage.Column;
import dev.wick.study.report.Machine;
import dev.wick.study.report.Provenance;
import dev.wick.study.report.Sizes;
import dev.wick.study.report.Statistics;
import java.math.BigDecimal;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.DoubleSummaryStatistics;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.function.Function;
import java.util.stream.Collectors;
import java.util.stream.DoubleStream;
import java.util.stream.Stream;

/** Writes a benchmark's report as an HTML page; {@code bench.js} draws its charts. Any thread. */
final class BenchPage {
    private static final Column DTYPE = Column.text("dtype");
    private static final Column BATCH = Column.number("batch");
    /** What a latency is told with, at least. */
    private static final int DIGITS = 4;
    private static final int MOST_DECIMALS = 6;

    private final HtmlPage.Parts parts = HtmlPage.Parts.load(BenchPage.class, "bench.js");

    /**
     * The page.
     *
     * @param report what was found
     * @param map    the same as it is written to {@code --json}
     */
    String html(BenchReport report, Map<String, Object> map) {
        HtmlPage page = new HtmlPage("Benchmark of " + report.measurement().model().name(), parts);
        warnings(page, report, (Boolean) map.get("complete"));
        origin(page, report, (String) map.get("time"));
        latency(page, report);
        parts(page, report);
        throughput(page, report);
        memory(page, report);
        agreement(page, report);
        optimization(page, report);
        return page.html(ThinnedSamples.in(map));
    }

    private static void warnings(HtmlPage page, BenchReport report, boolean complete) {
        if (!complete) {
            int done = report.cells().size() + report.failures().size();
            page.warning("Incomplete: when this was written, " + done + " of " + report.wanted()
                    + " cells were done. bench was still running then, or it ended early.");
        }
        for (BenchReport.Failed failed : report.failures()) {
            page.warning(DTypeNames.of(failed.dtype()) + ", batch " + failed.batch() + " failed: " + failed.error());
        }
        for (BenchCell cell : report.cells()) {
            if (cell.cut()) {
                page.warning(name(cell) + ": " + cut(report, cell));
            }
        }
    }

    // How the numbers were made

    private static void origin(HtmlPage page, BenchReport report, String time) {
        BenchMeasurement measurement = report.measurement();
        Engine engine = Engine.get();
        Map<String, String> facts = new LinkedHashMap<>();
        facts.put("Command line", Stream.concat(Stream.of("wick"), report.command().stream()).map(BenchPage::quoted)
                .collect(Collectors.joining(" ")));
        facts.put("Model", measurement.model()
                + (measurement.model().isBuiltIn() ? " (built in Java, seed " + ModelSource.SEED + ")"
                : " (" + size(measurement.model().archiveBytes()) + ")"));
        facts.put("Method", measurement.method());
        facts.put(measurement.shapes().size() == 1 ? "Input" : "Inputs", measurement.shapes().stream()
                .map(InputShape::toString).collect(Collectors.joining("\n")) + (report.image() == null
                        ? "\nrandom, the same for every dtype (seed " + BenchMeasurement.SEED + ")"
                        : "\nthe picture " + report.image() + ", resized, cropped and normalised as for ImageNet"));
        facts.put("Each cell", Sizes.count(measurement.runs()) + " timed runs after "
                + Sizes.count(measurement.warmUpRuns()) + " discarded, within " + budget(report)
                + "; optimisation asked for: " + measurement.optimization().text());
        facts.put("Date", time.replace('T', ' ').replace("Z", " UTC"));
        facts.put("Device", measurement.device() + (measurement.device().type() == Device.Type.CUDA ? ": "
                + Machine.gpu(measurement.device()) + "\nTF32 " + Machine.tf32() + "\n"
                + (measurement.graph() ? "CUDA graph" : "eager") + ", " + measurement.transfers().text() + " copies"
                : ""));
        facts.putAll(Provenance.facts());
        facts.put("Wick", WickCommand.version());
        page.section("How the numbers were made");
        page.facts(facts);
        List<List<String>> settings = InfoCommand.settings(engine).stream()
                .map(setting -> Stream.of("name", "value", "why", "how").map(setting::get).map(String::valueOf)
                        .toList())
                .toList();
        if (settings.isEmpty()) {
            page.paragraph("Nothing was set for speed: this LibTorch is taken as it comes.");
        } else {
            page.table("Set for speed", List.of(Column.text("setting"), Column.text("value"), Column.text("why"),
                    Column.text("sets it otherwise")), settings);
        }
    }

    // What they are

    private static void latency(HtmlPage page, BenchReport report) {
        page.section("Latency");
        page.paragraph("A distribution shows the share of the runs that took no longer than a time. Circles are p50, "
                + "p90 and p99; the diamond is the mean.");
        List<Chart> charts = new ArrayList<>();
        for (long batch : report.cells().stream().map(BenchCell::batch).distinct().toList()) {
            charts.add(new Chart("distribution-" + batch, "Batch " + batch + ": distribution"));
            charts.add(new Chart("runs-" + batch, "Batch " + batch + ": each run, in their order"));
        }
        page.charts(charts);
        for (BenchCell cell : report.cells()) {
            if (ThinnedSamples.areThinned(cell.samples().length)) {
                page.paragraph(name(cell) + ": the charts show " + ThinnedSamples.DESCRIPTION + " of "
                        + Sizes.count(cell.samples().length) + " runs. The table is of all.");
            }
        }
        int decimals = decimals(report.cells().stream().map(BenchCell::statistics).mapToDouble(Statistics::minimum)
                .min().orElse(1));
        List<Column> columns = columns("runs", "discarded", "mean", "std", "min", "p50", "p90", "p95", "p99", "max",
                "p50 of fp32");
        columns.add(Column.text("note"));
        page.table("Milliseconds of a call", columns, rows(report, cell -> {
            Statistics statistics = cell.statistics();
            List<String> row = new ArrayList<>();
            row.add(Sizes.count(cell.samples().length));
            row.add(Sizes.count(cell.warmUpRuns()));
            row.add(fixed(statistics.mean(), decimals));
            row.add(statistics.runs() == 1 ? HtmlPage.NOTHING : fixed(statistics.deviation(), decimals));
            DoubleStream.of(statistics.minimum(), statistics.p50(), statistics.p90(), statistics.p95(),
                    statistics.p99(), statistics.maximum()).mapToObj(value -> fixed(value, decimals)).forEach(row::add);
            row.add(report.ratio(cell).map(ratio -> fixed(ratio, 2)).orElse(HtmlPage.NOTHING));
            row.add(cell.cut() ? cut(report, cell) : "");
            return row;
        }));
        page.paragraph("A call is timed from Java; casting the input to the dtype is in it, converting, optimising and "
                + "warming up are not. Percentiles are by nearest rank, so that each is a time that was measured; std "
                + "is the sample's standard deviation; 'p50 of fp32' is the median by FP32's of the same batch.");
    }

    /** Of a CUDA device; on the CPU there is nothing to tell apart. */
    private static void parts(HtmlPage page, BenchReport report) {
        if (report.cells().stream().allMatch(cell -> cell.device() == null)) {
            return;
        }
        int decimals = decimals(report.cells().stream().mapToDouble(cell -> Math.min(
                cell.device().enqueueStatistics().minimum(), cell.device().deviceStatistics().minimum())).min()
                .orElse(1));
        page.table("Milliseconds of its parts",
                columns("enqueue p50", "enqueue p90", "gpu p50", "gpu p90", "graph nodes"),
                rows(report, cell -> {
                    Statistics enqueue = cell.device().enqueueStatistics();
                    Statistics device = cell.device().deviceStatistics();
                    return List.of(fixed(enqueue.p50(), decimals), fixed(enqueue.p90(), decimals),
                            fixed(device.p50(), decimals), fixed(device.p90(), decimals),
                            Sizes.count(cell.preparation().graphNodes()));
                }));
        page.paragraph("Enqueue: until the host has nothing more to do. gpu: from the first copy in to the last copy "
                + "out, by events on the stream. Both are of further runs, one beside each timed run, so that the "
                + "events are in no latency.");
    }

    private static void throughput(HtmlPage page, BenchReport report) {
        page.section("Throughput");
        if (!report.cells().isEmpty()) {
            page.charts(List.of(new Chart("throughput", "Items per second")));
        }
        DoubleSummaryStatistics all = report.cells().stream().mapToDouble(BenchCell::throughputPerSecond)
                .summaryStatistics();
        page.table(null, columns("items/s", "ms per item"), rows(report, cell -> List.of(
                fixed(cell.throughputPerSecond(), decimals(all.getMin())),
                fixed(1e3 / cell.throughputPerSecond(), decimals(1e3 / all.getMax())))));
        page.paragraph("The batch by the mean latency.");
    }

    private static void memory(HtmlPage page, BenchReport report) {
        page.section("Peak memory");
        if (!report.cells().isEmpty()) {
            page.charts(List.of(new Chart("memory", "Most memory at once, by " + report.cells().stream()
                    .map(BenchCell::peakSource).distinct().collect(Collectors.joining(" and ")))));
        }
        List<Column> columns = columns("peak", "bytes");
        columns.add(Column.text("source"));
        columns.addAll(List.of(Column.number("while preparing"), Column.number("bytes"),
                Column.number("bytes converted")));
        page.table(null, columns, rows(report, cell -> List.of(
                size(cell.peakBytes()), bytes(cell.peakBytes()), cell.peakSource(), size(cell.preparationPeakBytes()),
                bytes(cell.preparationPeakBytes()), bytes(cell.preparation().convertedBytes()))));
        page.paragraph("allocator: what LibTorch's allocator held while the cell ran, with the model and without what "
                + "preparing it took. rss: the most that the whole process, with the JVM and its libraries, held "
                + "meanwhile, where the choice of calls does not count what the allocator holds. device allocator: "
                + "what LibTorch's allocator held on the CUDA device.");
    }

    private static void agreement(HtmlPage page, BenchReport report) {
        page.section("Agreement with FP32");
        if (!report.cells().isEmpty()) {
            List<Chart> charts = new ArrayList<>(List.of(new Chart("largest-difference", "Largest absolute difference"),
                    new Chart("mean-difference", "Mean absolute difference")));
            if (report.cells().stream().anyMatch(cell -> cell.top5Agreement() != null)) {
                charts.add(new Chart("top-5", "Top-5 agreement"));
            }
            page.charts(charts);
        }
        page.table("Outputs against the unoptimised model in FP32 on the same input",
                columns("largest difference", "mean difference", "top-5 agreement", "NaN in outputs"),
                rows(report, cell -> List.of(difference(cell.maximumDifference()), difference(cell.meanDifference()),
                        cell.top5Agreement() == null ? HtmlPage.NOTHING : fixed(cell.top5Agreement(), 4),
                        Sizes.count(cell.nanOutputs()))));
        page.paragraph("Differences are absolute, over all elements of all outputs. Top-5 agreement is, over the rows "
                + "of the first output's last dimension, the mean share of the five largest elements' indices that "
                + "both have; there is none where that dimension has fewer than five elements, or the output is not "
                + "floating.");
    }

    private static void optimization(HtmlPage page, BenchReport report) {
        page.section("Optimisation");
        List<Column> columns = new ArrayList<>(List.of(DTYPE, BATCH, Column.text("taken"), Column.text("why")));
        columns.add(Column.number("prepared in s"));
        page.table("What was done to the model before it was measured", columns, rows(report, cell -> List.of(
                cell.preparation().optimization().text(), cell.why(), fixed(cell.preparationSeconds(), 3))));
        int decimals = decimals(report.cells().stream().flatMap(cell -> cell.preparation().trials().stream())
                .mapToDouble(trial -> trial.medianNanoseconds() / 1e6).filter(median -> median >= 0).min().orElse(1));
        List<List<String>> trials = new ArrayList<>();
        for (BenchCell cell : report.cells()) {
            for (Runner.Trial trial : cell.preparation().trials()) {
                double median = trial.medianNanoseconds() / 1e6;
                trials.add(List.of(DTypeNames.of(cell.dtype()), Long.toString(cell.batch()),
                        trial.optimization().text(), median < 0 ? HtmlPage.NOTHING : fixed(median, decimals),
                        difference(trial.maximumDifference()), trial.outcome()));
            }
        }
        if (trials.isEmpty()) {
            page.paragraph("Nothing else was tried.");
        } else {
            page.table("Trials", List.of(DTYPE, BATCH, Column.text("tried"), Column.number("median ms"),
                    Column.number("difference from the model as it is"), Column.text("outcome")), trials);
        }
    }

    // Tables

    private static List<Column> columns(String... numbers) {
        List<Column> columns = new ArrayList<>(List.of(DTYPE, BATCH));
        Arrays.stream(numbers).map(Column::number).forEach(columns::add);
        return columns;
    }

    /** A row for each cell, and for each that failed. */
    private static List<List<String>> rows(BenchReport report, Function<BenchCell, List<String>> values) {
        List<List<String>> rows = new ArrayList<>();
        for (BenchCell cell : report.cells()) {
            rows.add(Stream.concat(Stream.of(DTypeNames.of(cell.dtype()), Long.toString(cell.batch())),
                    values.apply(cell).stream()).toList());
        }
        for (BenchReport.Failed failed : report.failures()) {
            rows.add(List.of(DTypeNames.of(failed.dtype()), Long.toString(failed.batch()),
                    "failed: " + failed.error()));
        }
        return rows;
    }

    private static String name(BenchCell cell) {
        return DTypeNames.of(cell.dtype()) + ", batch " + cell.batch();
    }

    private static String cut(BenchReport report, BenchCell cell) {
        int runs = cell.samples().length;
        return "cut after " + Sizes.count(runs) + (runs == 1 ? " run" : " runs") + ": outran the budget of "
                + budget(report);
    }

    /** As a shell takes it. */
    static String quoted(String argument) {
        return argument.matches("[A-Za-z0-9_./:=,@%+-]+") ? argument : "'" + argument.replace("'", "'\\''") + "'";
    }

    // Numbers

    /** Decimals that leave the smallest of a column's values as many digits as a latency is told with. */
    private static int decimals(double smallest) {
        return smallest <= 0 ? 0 : Math.clamp(DIGITS - 1 - (int) Math.floor(Math.log10(smallest)), 0, MOST_DECIMALS);
    }

    private static String fixed(double value, int decimals) {
        return String.format(Locale.ROOT, "%,." + decimals + "f", value);
    }

    /** As it was given. */
    private static String budget(BenchReport report) {
        return BigDecimal.valueOf(report.measurement().budgetSeconds()).stripTrailingZeros().toPlainString() + " s";
    }

    private static String size(long count) {
        return count < 0 ? HtmlPage.NOTHING : Sizes.bytes(count);
    }

    private static String bytes(long count) {
        return count < 0 ? HtmlPage.NOTHING : Sizes.count(count);
    }

    private static String difference(double value) {
        return value == 0 ? "0" : String.format(Locale.ROOT, "%.2e", value);
    }
}
