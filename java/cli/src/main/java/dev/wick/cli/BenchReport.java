package dev.wick.cli;

import dev.wick.DType;
import dev.wick.Device;
import dev.wick.Engine;
import dev.wick.study.report.DTypeNames;
import dev.wick.study.report.Machine;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Instant;
import java.time.temporal.ChronoUnit;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;

/** What a benchmark was asked for, how it was run, and what it has found so far; one thread. */
final class BenchReport {
    private final BenchMeasurement measurement;
    private final Path image;
    private final List<DType> dtypes;
    private final List<Long> batches;
    private final List<String> command;
    private final List<BenchCell> cells = new ArrayList<>();
    private final List<Failed> failures = new ArrayList<>();

    /**
     * A cell that could not be measured.
     *
     * @param dtype to compute in
     * @param batch rows of the input
     * @param error what went wrong
     */
    record Failed(DType dtype, long batch, String error) {
        private Map<String, Object> toMap() {
            Map<String, Object> map = new LinkedHashMap<>();
            map.put("dtype", DTypeNames.of(dtype));
            map.put("batch", batch);
            map.put("error", error);
            return map;
        }
    }

    /**
     * A report without any cell.
     *
     * @param measurement the settings
     * @param image       that the input was made from; null when it was noise
     * @param dtypes      asked for
     * @param batches     asked for
     * @param command     the arguments of the command line
     */
    BenchReport(BenchMeasurement measurement, Path image, List<DType> dtypes, List<Long> batches,
            List<String> command) {
        this.measurement = measurement;
        this.image = image;
        this.dtypes = List.copyOf(dtypes);
        this.batches = List.copyOf(batches);
        this.command = List.copyOf(command);
    }

    /** What a report begins with, whatever was measured. */
    static Map<String, Object> begun(List<String> command, boolean complete) {
        Map<String, Object> report = new LinkedHashMap<>();
        report.put("wick", WickCommand.version());
        report.put("torch", Engine.get().natives().torchVersion());
        report.put("time", Instant.now().truncatedTo(ChronoUnit.SECONDS).toString());
        report.put("complete", complete);
        report.put("command", command);
        report.put("machine", Machine.describe());
        return report;
    }

    /** The settings of LibTorch that every measurement depends on. */
    static Map<String, Object> engineSettings() {
        Engine engine = Engine.get();
        Map<String, Object> settings = new LinkedHashMap<>();
        settings.put("threads", engine.intraOpThreads());
        settings.put("interOpThreads", engine.interOpThreads());
        settings.put("blasThreads", engine.blasThreads());
        settings.put("environment", InfoCommand.waits());
        settings.put("set", InfoCommand.settings(engine));
        return settings;
    }

    void add(BenchCell cell) {
        cells.add(cell);
    }

    void add(Failed failed) {
        failures.add(failed);
    }

    BenchMeasurement measurement() {
        return measurement;
    }

    /** Null when the input was noise. */
    Path image() {
        return image;
    }

    List<String> command() {
        return command;
    }

    List<BenchCell> cells() {
        return cells;
    }

    List<Failed> failures() {
        return failures;
    }

    /** How many cells were asked for. */
    int wanted() {
        return dtypes.size() * batches.size();
    }

    /** A cell's median against FP32's of the same batch; empty where FP32 was not measured. */
    Optional<Double> ratio(BenchCell cell) {
        return cells.stream().filter(each -> each.dtype() == DType.FLOAT32 && each.batch() == cell.batch()).findFirst()
                .map(fp32 -> cell.statistics().p50() / fp32.statistics().p50());
    }

    /**
     * The report as it is written to {@code --json}.
     *
     * @param complete whether no cell is still to come
     */
    Map<String, Object> toMap(boolean complete) {
        Engine engine = Engine.get();
        Map<String, Object> report = begun(command, complete);
        Map<String, Object> settings = engineSettings();
        settings.put("optimize", measurement.optimization().text());
        settings.put("dtypes", dtypes.stream().map(DTypeNames::of).toList());
        settings.put("batches", batches);
        settings.put("runs", measurement.runs());
        settings.put("warmup", measurement.warmUpRuns());
        settings.put("budgetSeconds", measurement.budgetSeconds());
        settings.put("inputs", measurement.shapes().stream().map(InputShape::toString).toList());
        settings.put("image", image == null ? null : image.toString());
        if (measurement.device().type() == Device.Type.CUDA) {
            settings.put("cudaGraph", measurement.graph());
            settings.put("transfers", measurement.transfers().text());
            settings.put("cuda", Machine.describeGpu(measurement.device()));
        }
        report.put("settings", settings);
        report.put("model", measurement.model().toString());
        long bytes = measurement.model().archiveBytes();
        report.put("modelBytes", bytes < 0 ? null : bytes);
        List<Object> results = new ArrayList<>();
        for (BenchCell cell : cells) {
            Map<String, Object> result = new LinkedHashMap<>();
            result.put("model", measurement.model().toString());
            result.put("method", measurement.method());
            result.put("device", measurement.device().toString());
            result.put("natives", engine.natives().choice());
            result.put("calls", engine.calls());
            result.putAll(cell.toMap());
            results.add(result);
        }
        report.put("results", results);
        report.put("failures", failures.stream().map(Failed::toMap).toList());
        return report;
    }
}
