package dev.wick.study.precision;

import dev.wick.DType;
import dev.wick.Device;
import dev.wick.study.measurement.InterleavedRounds;
import dev.wick.study.measurement.PeakMemory;
import dev.wick.study.report.DTypeNames;
import dev.wick.study.report.HtmlPage;
import dev.wick.study.report.HtmlPage.Column;
import dev.wick.study.report.Sizes;
import dev.wick.study.report.Statistics;
import dev.wick.study.report.StudyReport;
import dev.wick.study.report.StudyReport.Series;
import java.math.BigDecimal;
import java.math.RoundingMode;
import java.time.Instant;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Optional;
import java.util.function.Function;
import java.util.stream.Collectors;

/** Reports what a precision study measured; any thread. */
public final class PrecisionReport {
    private final PrecisionStudy.Settings settings;
    private final List<Measured> measured;

    /**
     * One method in all dtypes.
     *
     * @param name     of the model, and of the tower
     * @param method   that was called
     * @param meaning  what the probabilities are of
     * @param inputs   that there were to compare
     * @param cells    what worked
     * @param failures what did not
     * @param earlier  when a run that ended early measured it; null if this one did
     */
    record Measured(String name, String method, String meaning, int inputs, List<PrecisionCell> cells, List<Failed> failures,
            Instant earlier) {
        Optional<PrecisionCell> cell(DType dtype, boolean graph) {
            return cells.stream().filter(each -> each.dtype() == dtype && each.graph() == graph).findFirst();
        }
    }

    /** What could not be measured, and why. */
    record Failed(DType dtype, boolean graph, String error) {
    }

    PrecisionReport(PrecisionStudy.Settings settings, List<Measured> measured) {
        this.settings = settings;
        this.measured = List.copyOf(measured);
    }

    private boolean onDevice() {
        return settings.device().type() == Device.Type.CUDA;
    }

    /** The report, without what only the caller knows: models, inputs, machine. */
    public StudyReport study() {
        StudyReport report = new StudyReport("Precision: " + settings.dtypes().stream().map(DTypeNames::of)
                .collect(Collectors.joining(", ")));
        report.fact("Measured", String.format(Locale.ROOT, "%d timed runs after %d discarded, one input at a time, dtypes in turns "
                + "over %d rounds; at most %s s each; optimisation: %s", settings.runs(), settings.warmUpRuns(),
                InterleavedRounds.rounds(settings.runs()), seconds(), settings.optimization().text()));
        report.data("device", settings.device().toString()).data("runs", settings.runs())
                .data("warmup", settings.warmUpRuns()).data("budgetSeconds", settings.budget() / 1e9)
                .data("optimize", settings.optimization().text()).data("graph", settings.graph())
                .data("peakMemorySource", new PeakMemory(settings.device()).isCounted()
                        ? new PeakMemory(settings.device()).source() : null);
        measured.forEach(each -> subject(report, each));
        charts(report);
        explanation(report);
        notes(report);
        report.data("subjects", measured.stream().map(PrecisionReport::toMap).toList());
        return report;
    }

    private String seconds() {
        return new BigDecimal(settings.budget() / 1e9).setScale(3, RoundingMode.HALF_UP)
                .stripTrailingZeros().toPlainString();
    }

    // One subject

    private void subject(StudyReport report, Measured each) {
        report.section(each.name());
        report.paragraph("Probabilities: " + each.meaning() + "; compared on " + each.inputs() + " input"
                + (each.inputs() == 1 ? "" : "s") + ".");
        if (each.earlier() != null) {
            report.paragraph("Measured " + each.earlier().toString().replace('T', ' ').replace("Z", " UTC")
                    + " by a run that ended early.");
        }
        List<Column> columns = new ArrayList<>(List.of(Column.text("dtype")));
        for (String column : List.of("mean ms", "std", "min", "p50", "p90", "p95", "p99", "max")) {
            columns.add(Column.number(column));
        }
        if (onDevice()) {
            columns.addAll(List.of(Column.number("enqueue"), Column.number("gpu")));
        }
        columns.addAll(List.of(Column.number("of fp32"), Column.number("rounds' range"), Column.number("runs"),
                Column.text("way")));
        if (settings.graph()) {
            columns.add(columns.size() - 2, Column.number("of eager fp32"));
        }
        report.table("Milliseconds end to end", columns, each.cells().stream().map(cell -> time(each, cell)).toList());
        List<Column> others = new ArrayList<>(List.of(Column.text("dtype"), Column.number("weights"), Column.number("a run adds"),
                Column.number("peak")));
        if (onDevice()) {
            others.add(Column.number("reserved"));
        }
        others.addAll(List.of(Column.number("max prob diff"), Column.number("mean prob diff"), Column.number("top-5"),
                Column.number("top-1"), Column.number("cosine, least"), Column.number("mean"), Column.number("inputs")));
        report.table("Memory, and agreement with FP32", others, each.cells().stream().map(this::agreement).toList());
        for (PrecisionCell cell : each.cells()) {
            if (cell.times().cut()) {
                report.warning(each.name() + ", " + name(cell) + ": cut by its budget of " + seconds() + " s after "
                        + cell.times().endToEnd().length + " of " + settings.runs() + " runs, " + cell.times().warmedUp() + " of "
                        + settings.warmUpRuns() + " discarded before"
                        + (cell.dtype() == DType.FLOAT16 && !onDevice() ? "; FP16 is emulated on most CPUs" : ""));
            }
            if (cell.agreement().inputs() < each.inputs()) {
                report.warning(each.name() + ", " + name(cell) + ": the budget left time to compare "
                        + cell.agreement().inputs() + " of " + each.inputs() + " inputs");
            }
            if (cell.agreement().nanOutputs() > 0) {
                report.warning(each.name() + ", " + name(cell) + ": " + Sizes.count(cell.agreement().nanOutputs())
                        + " output elements are NaN");
            }
        }
        for (Failed failed : each.failures()) {
            report.warning(each.name() + ", " + name(failed.dtype(), failed.graph()) + " failed: " + failed.error());
        }
    }

    private List<String> time(Measured each, PrecisionCell cell) {
        Statistics all = cell.statistics();
        List<String> row = new ArrayList<>(List.of(name(cell)));
        for (double figure : new double[] {all.mean(), all.deviation(), all.minimum(), all.p50(), all.p90(), all.p95(), all.p99(),
            all.maximum()}) {
            row.add(milliseconds(figure));
        }
        if (onDevice()) {
            row.add(milliseconds(median(cell.times().enqueue())));
            row.add(milliseconds(median(cell.times().device())));
        }
        Optional<Speedup> speedup = speedup(each, cell, cell.graph());
        row.add(speedup.map(found -> times(found.median())).orElse(HtmlPage.NOTHING));
        row.add(speedup.map(found -> times(found.minimum()) + " to " + times(found.maximum())).orElse(HtmlPage.NOTHING));
        if (settings.graph()) {
            row.add(speedup(each, cell, false).map(found -> times(found.median())).orElse(HtmlPage.NOTHING));
        }
        row.add(cell.times().endToEnd().length + (cell.times().cut() ? ", cut" : ""));
        row.add(cell.preparation().optimization().text());
        return row;
    }

    private List<String> agreement(PrecisionCell cell) {
        Agreement agreement = cell.agreement();
        PrecisionCell.Memory memory = cell.memory();
        List<String> row = new ArrayList<>(List.of(name(cell), Sizes.bytes(memory.weights()), bytes(memory.run()),
                bytes(memory.peak())));
        if (onDevice()) {
            row.add(bytes(memory.reserved()));
        }
        row.addAll(List.of(small(agreement.probabilityMaximum()), small(agreement.probabilityMean()),
                StudyReport.percent(agreement.top5()), StudyReport.percent(agreement.top1()),
                String.format(Locale.ROOT, "%.6f", agreement.cosineMinimum()),
                String.format(Locale.ROOT, "%.6f", agreement.cosineMean()), Integer.toString(agreement.inputs())));
        return row;
    }

    /** Over FP32, empty for FP32 itself and where that could not be measured. */
    private static Optional<Speedup> speedup(Measured each, PrecisionCell cell, boolean graph) {
        return each.cell(DType.FLOAT32, graph).filter(base -> base != cell).map(cell::speedupOver);
    }

    // All of them

    private void charts(StudyReport report) {
        List<String> groups = measured.stream().map(Measured::name).toList();
        Map<String, Function<Measured, Optional<PrecisionCell>>> kinds = new LinkedHashMap<>();
        for (boolean graph : settings.graph() ? new boolean[] {false, true} : new boolean[] {false}) {
            settings.dtypes().forEach(dtype -> kinds.put(name(dtype, graph), each -> each.cell(dtype, graph)));
        }
        report.bars("Mean latency", "ms", null, groups, series(kinds, cell -> cell.statistics().mean(),
                cell -> milliseconds(cell.statistics().mean()) + " ± " + milliseconds(cell.statistics().deviation()) + " ms"));
        if (kinds.size() > 1) {
            List<Series> speedups = new ArrayList<>();
            kinds.forEach((name, find) -> {
                List<Optional<Double>> found = measured.stream().map(each -> find.apply(each)
                        .flatMap(cell -> each.cell(DType.FLOAT32, false).map(base -> base == cell ? Double.valueOf(1)
                                : Double.valueOf(cell.speedupOver(base).median())))).toList();
                speedups.add(new Series(name, found.stream().map(each -> each.orElse(null)).toList(),
                        found.stream().map(each -> each.map(PrecisionReport::times).orElse(HtmlPage.NOTHING)).toList()));
            });
            report.bars("Speed over " + (settings.graph() ? "eager " : "") + "FP32's", "x", null, groups, speedups);
        }
        report.bars("Weights", "MiB", null, groups, series(kinds, cell -> cell.memory().weights() / (1024.0 * 1024),
                cell -> Sizes.bytes(cell.memory().weights())));
        if (measured.stream().flatMap(each -> each.cells().stream()).anyMatch(cell -> cell.memory().run() != null)) {
            report.bars("What a run adds at its peak", "MiB", null, groups, series(kinds,
                    cell -> cell.memory().run() == null ? null : cell.memory().run() / (1024.0 * 1024),
                    cell -> bytes(cell.memory().run())));
        }
    }

    private List<Series> series(Map<String, Function<Measured, Optional<PrecisionCell>>> kinds,
            Function<PrecisionCell, Double> value, Function<PrecisionCell, String> text) {
        List<Series> series = new ArrayList<>();
        kinds.forEach((name, find) -> {
            List<Optional<PrecisionCell>> cells = measured.stream().map(find).toList();
            if (cells.stream().anyMatch(Optional::isPresent)) {
                series.add(new Series(name, cells.stream().map(cell -> cell.map(value).orElse(null)).toList(),
                        cells.stream().map(cell -> cell.map(text).orElse(HtmlPage.NOTHING)).toList()));
            }
        });
        return series;
    }

    private void explanation(StudyReport report) {
        List<LaunchFigures> figures = new ArrayList<>();
        for (Measured each : measured) {
            for (DType dtype : settings.dtypes()) {
                if (dtype != DType.FLOAT32) {
                    launches(each, dtype).ifPresent(figures::add);
                }
            }
        }
        if (figures.isEmpty()) {
            return;
        }
        report.section("Why half precision gains what it gains");
        report.paragraph(LaunchFigures.INTRODUCTION);
        figures.forEach(each -> report.paragraph(each.text()));
        report.data("explanation", figures.stream().map(LaunchFigures::text).toList());
    }

    private static Optional<LaunchFigures> launches(Measured each, DType half) {
        Optional<PrecisionCell> single = each.cell(DType.FLOAT32, false).filter(cell -> cell.times().enqueue() != null);
        Optional<PrecisionCell> other = each.cell(half, false).filter(cell -> cell.times().enqueue() != null);
        if (single.isEmpty() || other.isEmpty()) {
            return Optional.empty();
        }
        LaunchFigures.Graph graph = each.cell(DType.FLOAT32, true).flatMap(base -> each.cell(half, true)
                .map(cell -> new LaunchFigures.Graph(median(base.times().device()), median(cell.times().device()),
                        cell.speedupOver(base).median()))).orElse(null);
        return Optional.of(new LaunchFigures(each.name(), half, median(single.get().times().enqueue()),
                median(single.get().times().device()), median(other.get().times().enqueue()),
                median(other.get().times().device()), other.get().speedupOver(single.get()).median(), graph));
    }

    private void notes(StudyReport report) {
        report.section("How to read it");
        report.paragraph("A latency is end to end" + (onDevice() ? ", copies in and out and the wait with it; enqueue and gpu are "
                + "the medians of further runs with events around them, one beside each timed run" : "") + "; the input's cast to "
                + "the dtype is in it, converting the model is not. 'of fp32' is the median of the rounds' ratios of medians, "
                + "beside the smallest and the largest.");
        PeakMemory memory = new PeakMemory(settings.device());
        report.paragraph("Weights are the method's own parameters and buffers. " + (memory.isCounted()
                ? "What a run adds is the most that LibTorch's allocator holds in it beyond what it holds between runs; peak is that "
                        + "and all that the prepared call holds, a CLIP's other tower with it."
                        + (onDevice() ? " A graph works in a pool of its own, which is in what is reserved." : "")
                : "Peak memory is not counted here: " + memory.missing()));
        report.paragraph("Differences are of probabilities, against the model as it is in FP32. Top-5 is the mean share of the five "
                + "most probable that both have, where there are more than five; the cosine is that of the outputs themselves.");
    }

    // For a person

    private static String name(PrecisionCell cell) {
        return name(cell.dtype(), cell.graph());
    }

    private static String name(DType dtype, boolean graph) {
        return DTypeNames.of(dtype) + (graph ? ", graph" : "");
    }

    private static double median(long[] nanoseconds) {
        return Statistics.ofNanoseconds(nanoseconds).p50();
    }

    private static String milliseconds(double value) {
        return String.format(Locale.ROOT, "%.3f", value);
    }

    private static String times(double ratio) {
        return String.format(Locale.ROOT, "%.2fx", ratio);
    }

    private static String bytes(Long count) {
        return count == null ? HtmlPage.NOTHING : Sizes.bytes(count);
    }

    private static String small(double value) {
        return value == 0 ? "0" : String.format(Locale.ROOT, "%.2e", value);
    }

    // For a program

    private static Map<String, Object> toMap(Measured each) {
        Map<String, Object> map = new LinkedHashMap<>();
        map.put("name", each.name());
        map.put("method", each.method());
        map.put("probabilities", each.meaning());
        map.put("measuredByEarlierRun", each.earlier() == null ? null : each.earlier().toString());
        map.put("cells", each.cells().stream().map(cell -> {
            Map<String, Speedup> speedups = new LinkedHashMap<>();
            speedup(each, cell, cell.graph()).ifPresent(found -> speedups.put("speedup", found));
            if (cell.graph()) {
                speedup(each, cell, false).ifPresent(found -> speedups.put("speedupOverEagerFp32", found));
            }
            return cell.toMap(speedups);
        }).toList());
        map.put("failures", each.failures().stream().map(failed -> {
            Map<String, Object> failure = new LinkedHashMap<>();
            failure.put("dtype", DTypeNames.of(failed.dtype()));
            failure.put("graph", failed.graph());
            failure.put("error", failed.error());
            return failure;
        }).toList());
        return map;
    }
}
