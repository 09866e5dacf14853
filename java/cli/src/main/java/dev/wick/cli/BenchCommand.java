package dev.wick.cli;

import dev.wick.Cuda;
import dev.wick.DType;
import dev.wick.Device;
import dev.wick.Engine;
import dev.wick.Optimization;
import dev.wick.Tensor;
import dev.wick.TorchScriptModel;
import dev.wick.binding.TorchBinding;
import dev.wick.error.NativesException;
import dev.wick.error.WickException;
import dev.wick.file.WholeFile;
import dev.wick.study.report.DTypeNames;
import dev.wick.study.report.Json;
import dev.wick.study.report.Machine;
import dev.wick.study.report.Sizes;
import dev.wick.study.report.Statistics;
import dev.wick.study.report.TextTable;
import java.io.IOException;
import java.io.PrintWriter;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Objects;
import java.util.concurrent.Callable;
import java.util.stream.Stream;
import picocli.CommandLine;
import picocli.CommandLine.Command;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.Parameters;
import picocli.CommandLine.Spec;

/** {@code wick bench}. */
@Command(name = "bench",
        description = "Measures a model in FP32 against half precision: latency, throughput, memory, output "
                + "differences.",
        footer = {"",
                "Each dtype and batch is a cell, measured on a model loaded or built for it alone. Converting, "
                        + "optimising and warming up are not in the latencies; casting the input to the dtype is. On a "
                        + "CPU a call returns when its work is done, so that enqueueing is not told apart from the "
                        + "whole. On a CUDA device a latency is end to end, copies in and out and the wait with it; "
                        + "enqueue is the host's time and gpu the device's, by events, both the p50 of further runs, "
                        + "one beside each.",
                "",
                "Percentiles are by nearest rank. items/s is the batch by the mean latency; 'of fp32' the "
                        + "median by FP32's of the same batch. Peak memory is that of "
                        + "LibTorch's allocator while the cell runs, with the model and without what preparing it "
                        + "took; where that cannot be counted, which is said, the whole process's. "
                        + "Differences are against the unoptimised model in FP32 on the same input. Top-5 agreement "
                        + "is, over the rows of the first output's last dimension, the mean share of the five largest "
                        + "elements' indices that both have.",
                "",
                "A cell that outruns its budget is cut and marked so; at least one run is measured. A run that takes "
                        + "longer than ten budgets and a minute is held to hang: bench says which and exits with 1."})
final class BenchCommand implements Callable<Integer> {
    private static final String HANG_HINT =
            "--optimize none leaves LibTorch's optimisations out; --budget gives slow models more time";

    @Parameters(paramLabel = "MODEL", converter = ModelSource.Converter.class,
            completionCandidates = ModelSource.BuiltInNames.class, description = ModelSource.DESCRIPTION)
    private ModelSource model;

    @Option(names = "--shape", paramLabel = "1x3x224x224", converter = InputShape.Converter.class,
            description = "Shape of an input, once for each; the first size is the batch. Seeded normal noise fills "
                    + "it. 1x77:int64 is an input of integers (from 0 to 9). With --image: 1x3x224x224 unless given.")
    private List<InputShape> shapes = new ArrayList<>();

    @Option(names = "--image", paramLabel = "FILE",
            description = "A picture as the input instead: resized, cropped and normalised as for ImageNet; as CLIP "
                    + "does it where the built-in model is one of CLIP's.")
    private Path image;

    @Option(names = "--method", paramLabel = "M", defaultValue = "forward",
            description = "The method to call (default: ${DEFAULT-VALUE}).")
    private String method;

    @Option(names = "--dtype", paramLabel = "fp32,bf16,fp16", split = ",", converter = DTypeOption.class,
            defaultValue = "fp32", description = "What to compute in (default: ${DEFAULT-VALUE}).")
    private List<DType> dtypes;

    @Option(names = "--batch", paramLabel = "1,8", split = ",",
            description = "Batches, each in the place of the shape's first size (default: the shape's own).")
    private List<Long> batches = new ArrayList<>();

    @Option(names = "--runs", paramLabel = "N", defaultValue = "100",
            description = "Timed runs of a cell (default: ${DEFAULT-VALUE}).")
    private int runs;

    @Option(names = "--warmup", paramLabel = "N", defaultValue = "5",
            description = "Runs before them that are discarded (default: ${DEFAULT-VALUE}).")
    private int warmUp;

    @Option(names = "--budget", paramLabel = "SECONDS", defaultValue = "30",
            description = "Time for one cell, preparation included (default: ${DEFAULT-VALUE}).")
    private double budget;

    @Option(names = "--optimize", paramLabel = "auto|none|freeze|ofi|onednn", defaultValue = "auto",
            description = "What is done to the model first: auto tries the others beside it as it is, and takes the "
                    + "fastest whose outputs agree (default: ${DEFAULT-VALUE}).")
    private Optimization optimization;

    @Option(names = "--device", paramLabel = "D", converter = DeviceOption.class, defaultValue = "cpu",
            description = "cpu, cuda or cuda:N (default: ${DEFAULT-VALUE}).")
    private Device device;

    @Option(names = "--graph", description = "On a CUDA device: capture copy in, call and copy out as a CUDA graph, "
            + "and launch that.")
    private boolean graph;

    @Option(names = "--pinned", description = "On a CUDA device: inputs and outputs in page-locked host memory (the "
            + "default there).")
    private boolean pinned;

    @Option(names = "--pageable", description = "On a CUDA device: inputs and outputs in ordinary host memory, whose "
            + "copies CUDA stages and waits for; the model is frozen.")
    private boolean pageable;

    @Option(names = "--tf32", paramLabel = "on|off",
            description = "On a CUDA device: whether cuBLAS and cuDNN may round float32 to TF32 (default: LibTorch's, "
                    + "off in matrix products and on in convolutions). The setting is in the results.")
    private Switch tf32;

    /** What an option that is on or off takes. */
    enum Switch {
        ON, OFF
    }

    @Option(names = "--json", paramLabel = "FILE", description = "Write the results, with every sample, as JSON.")
    private Path json;

    @Option(names = "--html", paramLabel = "FILE",
            description = "Write the results as one HTML page with charts and tables, which needs nothing beside it.")
    private Path html;

    @Option(names = "--jfr", paramLabel = "FILE",
            description = "Record the timed runs, without preparation and warm-up, with the JVM's flight recorder: "
                    + "open the file in JDK Mission Control or with 'jfr print --events dev.wick.*'. Each run is an "
                    + "event, which takes a few microseconds that are in the latencies.")
    private Path jfr;

    @Spec
    private CommandSpec spec;

    /** Null without --html. */
    private BenchPage page;

    @Override
    public Integer call() throws IOException {
        checkOptions();
        if (json != null) {
            WritablePlace.require(json, "--json");
        }
        if (html != null) {
            WritablePlace.require(html, "--html");
            page = new BenchPage();
        }
        if (jfr != null) {
            WritablePlace.require(jfr, "--jfr");
        }
        PictureInput picture = image == null ? null : picture();
        checkMethod();
        List<Long> wanted = batches.isEmpty() ? List.of(shapes.getFirst().batch()) : batches;
        BenchMeasurement measurement = new BenchMeasurement(model, method, device, List.copyOf(shapes), picture,
                optimization, runs, warmUp, (long) (budget * 1e9),
                !onDevice() ? Transfers.NONE : pageable ? Transfers.PAGEABLE : Transfers.PINNED, graph);
        if (tf32 != null) {
            Engine.get().require(device);
            Cuda.setNumerics(Cuda.numerics().withTf32(tf32 == Switch.ON));
        }
        BenchReport report = new BenchReport(measurement, image, dtypes, wanted,
                spec.root().commandLine().getParseResult().originalArgs());
        PrintWriter err = spec.commandLine().getErr();
        try (FlightRecording recording = jfr == null ? null : FlightRecording.into(jfr);
                Watchdog watchdog = Watchdog.ending(err, HANG_HINT);
                CellProgress progress = new CellProgress(err, wanted.size() * dtypes.size(), runs)) {
            for (long batch : wanted) {
                List<Tensor> reference = measurement.reference(batch, watchdog);
                try {
                    for (DType dtype : dtypes) {
                        measure(report, dtype, batch, reference, watchdog, progress, recording);
                        // After each cell: what was measured must survive a hang or a kill in a later one.
                        write(report, false);
                    }
                } finally {
                    reference.forEach(Tensor::close);
                }
            }
        }
        PrintWriter out = spec.commandLine().getOut();
        print(out, report);
        write(report, true);
        for (Path file : Stream.of(json, html, jfr).filter(Objects::nonNull).toList()) {
            out.println("written to " + file);
        }
        for (BenchReport.Failed failed : report.failures()) {
            err.println("wick: " + DTypeNames.of(failed.dtype()) + ", batch " + failed.batch() + " failed: "
                    + failed.error());
        }
        return report.failures().isEmpty() ? CommandLine.ExitCode.OK : CommandLine.ExitCode.SOFTWARE;
    }

    private void measure(BenchReport report, DType dtype, long batch, List<Tensor> reference, Watchdog watchdog,
            CellProgress progress, FlightRecording recording) throws IOException {
        try {
            BenchCell cell = report.measurement().measure(dtype, batch, reference, watchdog, progress, recording);
            report.add(cell);
            progress.cellDone(String.format(Locale.ROOT, "%s, batch %d: %.3f ms over %d runs, %s%s",
                    DTypeNames.of(dtype), batch, cell.statistics().mean(), cell.samples().length,
                    cell.preparation().optimization().text(), cell.cut() ? ", cut by the budget" : ""));
        } catch (NativesException e) {
            throw e;
        } catch (WickException e) {
            report.add(new BenchReport.Failed(dtype, batch, Failures.message(e)));
            progress.cellDone(DTypeNames.of(dtype) + ", batch " + batch + ": failed");
        }
    }

    // Before anything is measured

    private void checkOptions() {
        require(runs >= 1, "--runs needs 1 or more, got " + runs);
        require(warmUp >= 0, "--warmup needs 0 or more, got " + warmUp);
        require(budget > 0 && budget <= 1e6, "--budget needs seconds above 0, got " + budget);
        requireTwoFiles("--json", json, "--html", html);
        requireTwoFiles("--json", json, "--jfr", jfr);
        requireTwoFiles("--html", html, "--jfr", jfr);
        require(onDevice() || !graph && !pinned && !pageable && tf32 == null,
                "--graph, --pinned, --pageable and --tf32 are for a CUDA device: --device cuda:0");
        require(!pageable || !graph && !pinned, "--pageable goes with neither --graph nor --pinned: a graph's copies "
                + "must be from page-locked memory");
        require(!shapes.isEmpty() || image != null, "bench needs --shape, once for each input, or --image");
        for (Long batch : batches) {
            require(batch >= 1, "--batch needs 1 or more, got " + batch);
        }
        if (image != null) {
            if (shapes.isEmpty()) {
                shapes = List.of(new InputShape(DType.FLOAT32, new long[] {1, 3, 224, 224}));
            }
            long[] sizes = shapes.getFirst().sizes();
            require(shapes.size() == 1 && sizes.length == 4 && sizes[1] == 3 && sizes[2] <= 8192 && sizes[3] <= 8192
                    && shapes.getFirst().dtype() == DType.FLOAT32,
                    "--image fills one input of the form Nx3xHxW, not --shape " + shapes.getFirst());
        }
    }

    private void requireTwoFiles(String option, Path file, String other, Path otherFile) {
        require(file == null || otherFile == null
                || !file.toAbsolutePath().normalize().equals(otherFile.toAbsolutePath().normalize()),
                option + " and " + other + " need two files, got " + otherFile + " for both");
    }

    private boolean onDevice() {
        return device.type() == Device.Type.CUDA;
    }

    private void require(boolean holds, String message) {
        if (!holds) {
            throw new CommandLine.ParameterException(spec.commandLine(), message);
        }
    }

    private PictureInput picture() {
        long[] sizes = shapes.getFirst().sizes();
        return PictureInput.of(image, model.toString(), (int) sizes[3], (int) sizes[2]);
    }

    private void checkMethod() {
        try (TorchScriptModel loaded = model.open(device)) {
            RunCommand.schema(loaded, method).requireCount(shapes.size());
        }
    }

    // Afterwards

    private void print(PrintWriter out, BenchReport report) {
        Engine engine = Engine.get();
        out.printf(Locale.ROOT, "%s %s, %s, LibTorch %s (%s, %s), %d threads%n", model, method, device,
                engine.natives().torchVersion(), engine.natives().choice(), engine.calls(), engine.intraOpThreads());
        out.println(Machine.cpu() + ", " + Machine.jvm());
        if (onDevice()) {
            out.println(Machine.gpu(device) + ", " + (graph ? "CUDA graph" : "eager") + ", "
                    + report.measurement().transfers().text() + " copies, TF32 " + Machine.tf32());
        }
        out.println();
        TextTable table = new TextTable(onDevice() ? "lrrrrrrrrrrrrrrrll" : "lrrrrrrrrrrrrrll");
        List<Object> header = new ArrayList<>(List.of("dtype", "batch", "mean ms", "std", "min", "p50", "p90", "p99",
                "max"));
        header.addAll(onDevice() ? List.of("enqueue", "gpu") : List.of());
        header.addAll(List.of("items/s", "of fp32", "peak", "max diff", "top-5", "way", ""));
        table.row(header.toArray());
        for (BenchCell cell : report.cells()) {
            Statistics statistics = cell.statistics();
            List<Object> row = new ArrayList<>(List.of(DTypeNames.of(cell.dtype()), cell.batch(),
                    milliseconds(statistics.mean()), milliseconds(statistics.deviation()),
                    milliseconds(statistics.minimum()), milliseconds(statistics.p50()), milliseconds(statistics.p90()),
                    milliseconds(statistics.p99()), milliseconds(statistics.maximum())));
            if (cell.device() != null) {
                row.add(milliseconds(cell.device().enqueueStatistics().p50()));
                row.add(milliseconds(cell.device().deviceStatistics().p50()));
            }
            row.addAll(List.of(String.format(Locale.ROOT, "%.1f", cell.throughputPerSecond()),
                    report.ratio(cell).map(ratio -> String.format(Locale.ROOT, "%.2f", ratio)).orElse("-"),
                    Sizes.bytes(cell.peakBytes()), String.format(Locale.ROOT, "%.2g", cell.maximumDifference()),
                    cell.top5Agreement() == null ? "-" : String.format(Locale.ROOT, "%.2f", cell.top5Agreement()),
                    cell.preparation().optimization().text(), notes(cell)));
            table.row(row.toArray());
        }
        table.print(out, "");
        if (report.cells().stream().anyMatch(cell -> cell.peakSource().equals("rss"))) {
            out.println("peak: of the whole process with the JVM (rss): "
                    + Engine.get().missingFeatures().get(TorchBinding.MEMORY));
        }
    }

    private static String milliseconds(double value) {
        return String.format(Locale.ROOT, value < 10 ? "%.3f" : value < 1000 ? "%.2f" : "%.0f", value);
    }

    private static String notes(BenchCell cell) {
        List<String> notes = new ArrayList<>();
        if (cell.cut()) {
            notes.add("cut after " + cell.samples().length + (cell.samples().length == 1 ? " run" : " runs"));
        }
        if (cell.nanOutputs() > 0) {
            notes.add("NaN in outputs: " + cell.nanOutputs());
        }
        return String.join(", ", notes);
    }

    private void write(BenchReport report, boolean complete) throws IOException {
        if (json == null && html == null) {
            return;
        }
        // Of both files, so that they cannot differ in anything, not even in the time.
        Map<String, Object> map = report.toMap(complete);
        if (json != null) {
            WholeFile.writeText(json, Json.text(map) + "\n");
        }
        if (html != null) {
            WholeFile.writeText(html, page.html(report, map));
        }
    }
}
