package dev.wick.cli;

import dev.wick.DType;
import dev.wick.Device;
import dev.wick.Engine;
import dev.wick.Optimization;
import dev.wick.Tensor;
import dev.wick.TorchScriptModel;
import dev.wick.error.NativesException;
import dev.wick.error.WickException;
import java.io.IOException;
import java.io.PrintWriter;
import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.time.Instant;
import java.time.temporal.ChronoUnit;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.concurrent.Callable;
import picocli.CommandLine;
import picocli.CommandLine.Command;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.Parameters;
import picocli.CommandLine.Spec;

/** {@code wick bench}. */
@Command(name = "bench",
        description = "Measures a model in FP32 against half precision: latency, throughput, memory, output differences.",
        footer = {"",
                "Each dtype and batch is a cell, measured on a model loaded or built for it alone. Converting, optimising "
                        + "and warming up are not in the latencies; casting the input to the dtype is. On a CPU a call returns "
                        + "when its work is done, so that enqueueing is not told apart from the whole.",
                "",
                "Percentiles are by nearest rank. items/s is the batch by the mean latency; 'of fp32' the "
                        + "median by FP32's of the same batch. Peak memory is that of "
                        + "LibTorch's allocator while the cell runs, with the model and without what preparing it took. "
                        + "Differences are against the unoptimised model in FP32 on the same input. Top-5 agreement is, "
                        + "over the rows of the first output's last dimension, the mean share of the five largest "
                        + "elements' indices that both have.",
                "",
                "A cell that outruns its budget is cut and marked so; at least one run is measured. A run that takes longer "
                        + "than ten budgets and a minute is held to hang: bench says which and exits with 1."})
final class BenchCommand implements Callable<Integer> {
    @Parameters(paramLabel = "MODEL", converter = ModelSource.Converter.class,
            completionCandidates = ModelSource.BuiltInNames.class, description = ModelSource.DESCRIPTION)
    private ModelSource model;

    @Option(names = "--shape", paramLabel = "1x3x224x224", converter = InputShape.Converter.class,
            description = "Shape of an input, once for each; the first size is the batch. Seeded normal noise fills it. "
                    + "1x77:int64 is an input of integers (from 0 to 9). With --image: 1x3x224x224 unless given.")
    private List<InputShape> shapes = new ArrayList<>();

    @Option(names = "--image", paramLabel = "FILE",
            description = "A picture as the input instead: resized, cropped and normalised as for ImageNet.")
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
            description = "What is done to the model first: auto tries the others beside it as it is, and takes the fastest "
                    + "whose outputs agree (default: ${DEFAULT-VALUE}).")
    private Optimization optimization;

    @Option(names = "--device", paramLabel = "D", converter = DeviceOption.class, defaultValue = "cpu",
            description = "cpu, cuda or cuda:N (default: ${DEFAULT-VALUE}).")
    private Device device;

    @Option(names = "--json", paramLabel = "FILE", description = "Write the results, with every sample, as JSON.")
    private Path json;

    @Spec
    private CommandSpec spec;

    /** A cell that could not be measured. */
    private record Failed(DType dtype, long batch, String error) {
        Map<String, Object> toMap() {
            Map<String, Object> map = new LinkedHashMap<>();
            map.put("dtype", DTypeOption.name(dtype));
            map.put("batch", batch);
            map.put("error", error);
            return map;
        }
    }

    private final List<BenchCell> cells = new ArrayList<>();
    private final List<Failed> failures = new ArrayList<>();

    @Override
    public Integer call() throws IOException {
        checkOptions();
        if (json != null) {
            AtomicFile.requireWritable(json, "--json");
        }
        PixelImage picture = image == null ? null : picture();
        checkMethod();
        List<Long> wanted = batches.isEmpty() ? List.of(shapes.getFirst().batch()) : batches;
        BenchMeasurement measurement = new BenchMeasurement(model, method, device, List.copyOf(shapes), picture,
                optimization, runs, warmUp, (long) (budget * 1e9));
        PrintWriter err = spec.commandLine().getErr();
        try (Watchdog watchdog = new Watchdog(what -> hang(err, what));
                CellProgress progress = new CellProgress(err, wanted.size() * dtypes.size(), runs)) {
            for (long batch : wanted) {
                List<Tensor> reference = measurement.reference(batch, watchdog);
                try {
                    for (DType dtype : dtypes) {
                        cell(measurement, dtype, batch, reference, watchdog, progress);
                        // After each cell: what was measured must survive a hang or a kill in a later one.
                        writeJson(false);
                    }
                } finally {
                    reference.forEach(Tensor::close);
                }
            }
        }
        print(spec.commandLine().getOut());
        writeJson(true);
        if (json != null) {
            spec.commandLine().getOut().println("written to " + json);
        }
        for (Failed failed : failures) {
            err.println("wick: " + DTypeOption.name(failed.dtype()) + ", batch " + failed.batch() + " failed: "
                    + failed.error());
        }
        return failures.isEmpty() ? CommandLine.ExitCode.OK : CommandLine.ExitCode.SOFTWARE;
    }

    private void cell(BenchMeasurement measurement, DType dtype, long batch, List<Tensor> reference, Watchdog watchdog,
            CellProgress progress) {
        try {
            BenchCell cell = measurement.measure(dtype, batch, reference, watchdog, progress);
            cells.add(cell);
            progress.cellDone(String.format(Locale.ROOT, "%s, batch %d: %.3f ms over %d runs, %s%s",
                    DTypeOption.name(dtype), batch, cell.statistics().mean(), cell.samples().length,
                    cell.preparation().optimization().text(), cell.cut() ? ", cut by the budget" : ""));
        } catch (NativesException e) {
            throw e;
        } catch (WickException e) {
            failures.add(new Failed(dtype, batch, Failures.message(e)));
            progress.cellDone(DTypeOption.name(dtype) + ", batch " + batch + ": failed");
        }
    }

    // Before anything is measured

    private void checkOptions() {
        require(runs >= 1, "--runs needs 1 or more, got " + runs);
        require(warmUp >= 0, "--warmup needs 0 or more, got " + warmUp);
        require(budget > 0 && budget <= 1e6, "--budget needs seconds above 0, got " + budget);
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

    private void require(boolean holds, String message) {
        if (!holds) {
            throw new CommandLine.ParameterException(spec.commandLine(), message);
        }
    }

    private PixelImage picture() {
        long[] sizes = shapes.getFirst().sizes();
        return ImageNetInput.pixels(image, (int) sizes[3], (int) sizes[2]);
    }

    private void checkMethod() {
        try (TorchScriptModel loaded = model.open(device)) {
            RunCommand.schema(loaded, method).requireCount(shapes.size());
        }
    }

    /** A native call cannot be interrupted, and an orderly exit would wait for it. */
    private static void hang(PrintWriter err, String what) {
        err.println();
        err.println("wick: " + what + " hangs: it runs for more than ten budgets and a minute");
        err.println("hint: --optimize none leaves LibTorch's optimisations out; --budget gives slow models more time");
        err.flush();
        Runtime.getRuntime().halt(CommandLine.ExitCode.SOFTWARE);
    }

    // Afterwards

    private void print(PrintWriter out) {
        Engine engine = Engine.get();
        out.printf(Locale.ROOT, "%s %s, %s, LibTorch %s (%s, %s), %d threads%n", model, method, device,
                engine.natives().torchVersion(), engine.natives().choice(), engine.calls(), engine.intraOpThreads());
        out.println(Machine.cpu() + ", " + Machine.jvm());
        out.println();
        TextTable table = new TextTable("lrrrrrrrrrrrrrll");
        table.row("dtype", "batch", "mean ms", "std", "min", "p50", "p90", "p99", "max", "items/s", "of fp32", "peak",
                "max diff", "top-5", "way", "");
        for (BenchCell cell : cells) {
            Statistics statistics = cell.statistics();
            table.row(DTypeOption.name(cell.dtype()), cell.batch(), milliseconds(statistics.mean()),
                    milliseconds(statistics.deviation()), milliseconds(statistics.minimum()),
                    milliseconds(statistics.p50()), milliseconds(statistics.p90()), milliseconds(statistics.p99()),
                    milliseconds(statistics.maximum()),
                    String.format(Locale.ROOT, "%.1f", cell.throughputPerSecond()), ratio(cell),
                    Sizes.bytes(cell.peakBytes()), String.format(Locale.ROOT, "%.2g", cell.maximumDifference()),
                    cell.top5Agreement() == null ? "-" : String.format(Locale.ROOT, "%.2f", cell.top5Agreement()),
                    cell.preparation().optimization().text(), notes(cell));
        }
        table.print(out, "");
    }

    private static String milliseconds(double value) {
        return String.format(Locale.ROOT, value < 10 ? "%.3f" : value < 1000 ? "%.2f" : "%.0f", value);
    }

    /** The median against FP32's of the same batch. */
    private String ratio(BenchCell cell) {
        return cells.stream().filter(each -> each.dtype() == DType.FLOAT32 && each.batch() == cell.batch()).findFirst()
                .map(fp32 -> String.format(Locale.ROOT, "%.2f", cell.statistics().p50() / fp32.statistics().p50()))
                .orElse("-");
    }

    private String notes(BenchCell cell) {
        List<String> notes = new ArrayList<>();
        if (cell.cut()) {
            notes.add("cut after " + cell.samples().length + (cell.samples().length == 1 ? " run" : " runs"));
        }
        if (cell.nanOutputs() > 0) {
            notes.add("NaN in outputs: " + cell.nanOutputs());
        }
        return String.join(", ", notes);
    }

    private void writeJson(boolean complete) throws IOException {
        if (json == null) {
            return;
        }
        byte[] text = (Json.text(report(complete)) + "\n").getBytes(StandardCharsets.UTF_8);
        AtomicFile.write(json, channel -> {
            ByteBuffer bytes = ByteBuffer.wrap(text);
            while (bytes.hasRemaining()) {
                channel.write(bytes);
            }
        });
    }

    private Map<String, Object> report(boolean complete) {
        Engine engine = Engine.get();
        Map<String, Object> report = new LinkedHashMap<>();
        report.put("wick", WickCommand.version());
        report.put("torch", engine.natives().torchVersion());
        report.put("time", Instant.now().truncatedTo(ChronoUnit.SECONDS).toString());
        report.put("complete", complete);
        report.put("machine", Machine.describe());
        Map<String, Object> settings = new LinkedHashMap<>();
        settings.put("threads", engine.intraOpThreads());
        settings.put("interOpThreads", engine.interOpThreads());
        settings.put("blasThreads", engine.blasThreads());
        settings.put("ompWaitPolicy", System.getenv("OMP_WAIT_POLICY"));
        settings.put("set", InfoCommand.settings(engine));
        settings.put("optimize", optimization.text());
        settings.put("runs", runs);
        settings.put("warmup", warmUp);
        settings.put("budgetSeconds", budget);
        settings.put("inputs", shapes.stream().map(InputShape::toString).toList());
        settings.put("image", image == null ? null : image.toString());
        report.put("settings", settings);
        report.put("model", model.toString());
        List<Object> results = new ArrayList<>();
        for (BenchCell cell : cells) {
            Map<String, Object> result = new LinkedHashMap<>();
            result.put("model", model.toString());
            result.put("method", method);
            result.put("device", device.toString());
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
