package dev.wick.cli;

import dev.wick.DType;
import dev.wick.Device;
import dev.wick.Engine;
import dev.wick.TorchScriptModel;
import dev.wick.memory.HtmlWriter;
import dev.wick.memory.JsonWriter;
import dev.wick.memory.LiveAllocation;
import dev.wick.memory.MemoryGroup;
import dev.wick.memory.MemoryGrouping;
import dev.wick.memory.MemoryLeaks;
import dev.wick.memory.MemoryPeak;
import dev.wick.memory.MemoryTimeline;
import dev.wick.memory.SnapshotWriter;
import dev.wick.study.report.DTypeNames;
import dev.wick.study.report.Sizes;
import dev.wick.study.report.TextTable;
import java.io.IOException;
import java.io.PrintWriter;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.List;
import java.util.Locale;
import java.util.Set;
import java.util.concurrent.Callable;
import picocli.CommandLine;
import picocli.CommandLine.Command;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.Parameters;
import picocli.CommandLine.Spec;

/** {@code wick memory}. */
@Command(name = "memory", description = "Records what a model allocates, in FP32 against half precision: weights, "
        + "activations, peak, and the largest allocations at the peak.",
        footer = {"",
                "Each dtype is recorded on a model loaded or built for it alone, as it is, without optimisations. Weights "
                        + "are what is allocated once it is there; loading is the most while it was loaded and converted. "
                        + "The peak is that of the runs, with weights and inputs; activations are what it has beyond them. "
                        + "On the CPU bytes are LibTorch's allocations; on a CUDA device its requested_bytes.",
                "",
                "--snapshot writes what pytorch.org/memory_viz and torch.cuda._memory_viz open, --html a page with a "
                        + "timeline that needs nothing beside it, --json every event; each from when the model is there. "
                        + "Of several dtypes each has a file of its own: m.html becomes m-fp32.html, m-bf16.html.",
                "",
                "From 10 runs on, what grows from run to run is told."})
final class MemoryCommand implements Callable<Integer> {
    /** Fewer are not told apart from what the first runs compile and cache. */
    static final int RUNS_FOR_LEAKS = 10;

    private static final int LONGEST_FRAME = 60;

    @Parameters(paramLabel = "MODEL", converter = ModelSource.Converter.class,
            completionCandidates = ModelSource.BuiltInNames.class, description = ModelSource.DESCRIPTION)
    private ModelSource model;

    @Option(names = "--shape", paramLabel = "1x3x224x224", converter = InputShape.Converter.class, required = true,
            description = "Shape of an input, once for each. Seeded normal noise fills it. 1x77:int64 is an input of "
                    + "integers (from 0 to 9).")
    private List<InputShape> shapes;

    @Option(names = "--method", paramLabel = "M", defaultValue = "forward",
            description = "The method to call (default: ${DEFAULT-VALUE}).")
    private String method;

    @Option(names = "--dtype", paramLabel = "fp32,bf16,fp16", split = ",", converter = DTypeOption.class,
            defaultValue = "fp32", description = "What to compute in (default: ${DEFAULT-VALUE}).")
    private List<DType> dtypes;

    @Option(names = "--device", paramLabel = "D", converter = DeviceOption.class, defaultValue = "cpu",
            description = "cpu, cuda or cuda:N (default: ${DEFAULT-VALUE}).")
    private Device device;

    @Option(names = "--runs", paramLabel = "N", defaultValue = "3",
            description = "Runs that are recorded (default: ${DEFAULT-VALUE}); LibTorch compiles in the first two.")
    private int runs;

    @Option(names = "--top", paramLabel = "N", defaultValue = "10",
            description = "Allocations at the peak to print, the largest first (default: ${DEFAULT-VALUE}).")
    private int top;

    @Option(names = "--stacks", description = "Record submodules, TorchScript's lines and Java's frames too.")
    private boolean stacks;

    @Option(names = "--snapshot", paramLabel = "FILE", description = "Write PyTorch's memory snapshot.")
    private Path snapshot;

    @Option(names = "--html", paramLabel = "FILE", description = "Write the timeline as an HTML page.")
    private Path html;

    @Option(names = "--json", paramLabel = "FILE", description = "Write every event as JSON.")
    private Path json;

    @Spec
    private CommandSpec spec;

    private interface Writer {
        void write(MemoryTimeline timeline, Path file) throws IOException;
    }

    @Override
    public Integer call() throws IOException {
        checkOptions();
        try (TorchScriptModel loaded = model.open(Device.CPU)) {
            RunCommand.schema(loaded, method).requireCount(shapes.size());
        }
        MemoryMeasurement measurement = new MemoryMeasurement(model, method, device, List.copyOf(shapes), runs, stacks);
        PrintWriter out = spec.commandLine().getOut();
        List<MemoryCell> cells = new ArrayList<>();
        List<Path> written = new ArrayList<>();
        for (DType dtype : dtypes) {
            MemoryCell cell = measurement.record(dtype);
            cells.add(cell);
            write(written, snapshot, cell, SnapshotWriter::write);
            write(written, html, cell, HtmlWriter::write);
            write(written, json, cell, JsonWriter::write);
        }
        print(out, cells);
        for (MemoryCell cell : cells) {
            printPeak(out, cell);
            printLeaks(out, cell);
        }
        written.forEach(file -> out.println("written to " + file));
        return CommandLine.ExitCode.OK;
    }

    private void checkOptions() {
        require(runs >= 1, "--runs needs 1 or more, got " + runs);
        require(top >= 0, "--top needs 0 or more, got " + top);
        require(new HashSet<>(dtypes).size() == dtypes.size(), "--dtype names one twice");
        Set<Path> places = new HashSet<>();
        check(places, snapshot, "--snapshot");
        check(places, html, "--html");
        check(places, json, "--json");
    }

    private void check(Set<Path> places, Path file, String option) {
        if (file == null) {
            return;
        }
        require(places.add(file.toAbsolutePath().normalize()), "--snapshot, --html and --json need files of their own, got "
                + file + " twice");
        for (DType dtype : dtypes) {
            WritablePlace.require(place(file, dtype), option);
        }
    }

    private void require(boolean holds, String message) {
        if (!holds) {
            throw new CommandLine.ParameterException(spec.commandLine(), message);
        }
    }

    /** Of several dtypes each has a file of its own. */
    private Path place(Path file, DType dtype) {
        if (dtypes.size() == 1) {
            return file;
        }
        String name = file.getFileName().toString();
        int dot = name.lastIndexOf('.');
        int end = dot <= 0 ? name.length() : dot;
        return file.resolveSibling(name.substring(0, end) + "-" + DTypeNames.of(dtype) + name.substring(end));
    }

    private void write(List<Path> written, Path file, MemoryCell cell, Writer writer) {
        if (file == null) {
            return;
        }
        Path place = place(file, cell.dtype());
        try {
            writer.write(cell.timeline(), place);
        } catch (IOException e) {
            throw new CliException("cannot write " + place + " (" + Failures.message(e) + ")", "is there room on the disk?",
                    e);
        }
        written.add(place);
    }

    // What is printed

    private void print(PrintWriter out, List<MemoryCell> cells) {
        Engine engine = Engine.get();
        out.printf(Locale.ROOT, "%s %s, %s, LibTorch %s (%s, %s), %d run%s%n%n", model, method, device,
                engine.natives().torchVersion(), engine.natives().choice(), engine.calls(), runs, runs == 1 ? "" : "s");
        TextTable table = new TextTable("lrrrrrrr").row("dtype", "weights", "inputs", "activations", "peak", "of fp32",
                "loading", "events");
        long fp32 = cells.stream().filter(cell -> cell.dtype() == DType.FLOAT32).findFirst()
                .map(MemoryCell::peakBytes).orElse(0L);
        for (MemoryCell cell : cells) {
            table.row(DTypeNames.of(cell.dtype()), Sizes.bytes(cell.weightsBytes()), Sizes.bytes(cell.inputBytes()),
                    Sizes.bytes(cell.activationBytes()), Sizes.bytes(cell.peakBytes()),
                    fp32 == 0 ? "-" : String.format(Locale.ROOT, "%.2f", cell.peakBytes() / (double) fp32),
                    Sizes.bytes(cell.loadingPeakBytes()), Sizes.count(cell.timeline().size()));
        }
        table.print(out, "");
        for (MemoryCell cell : cells) {
            if (cell.timeline().dropped() > 0) {
                out.println(DTypeNames.of(cell.dtype()) + ": the oldest " + Sizes.count(cell.timeline().dropped())
                        + " events are missing; fewer --runs keep them all");
            }
        }
    }

    private void printPeak(PrintWriter out, MemoryCell cell) {
        MemoryPeak peak = cell.peak();
        List<LiveAllocation> largest = peak.allocations(top);
        if (largest.isEmpty()) {
            return;
        }
        out.printf(Locale.ROOT, "%nAt the peak, %s: %s allocations of inputs and runs, the largest of them%n",
                DTypeNames.of(cell.dtype()), Sizes.count(peak.allocationCount()));
        TextTable table = new TextTable("rrlll");
        for (LiveAllocation each : largest) {
            table.row(Sizes.bytes(each.bytes()),
                    String.format(Locale.ROOT, "%.1f %%", 100.0 * each.bytes() / Math.max(1, cell.peakBytes())),
                    name(MemoryGrouping.OPERATOR, each), name(MemoryGrouping.MODULE, each), place(each));
        }
        table.print(out, "  ");
    }

    private static String name(MemoryGrouping grouping, LiveAllocation allocation) {
        MemoryGroup group = grouping.of(allocation.context());
        return group.kind() == MemoryGroup.Kind.NAMED ? group.name() : "-";
    }

    /** The line of TorchScript, or else of Java, or else the tag. */
    private static String place(LiveAllocation allocation) {
        for (MemoryGrouping grouping : List.of(MemoryGrouping.SOURCE_LINE, MemoryGrouping.CALLER, MemoryGrouping.TAG)) {
            String name = name(grouping, allocation);
            if (!name.equals("-")) {
                return name.length() <= LONGEST_FRAME ? name : "..." + name.substring(name.length() - LONGEST_FRAME);
            }
        }
        return "-";
    }

    private static void printLeaks(PrintWriter out, MemoryCell cell) {
        if (cell.leaks().isEmpty()) {
            return;
        }
        MemoryLeaks leaks = cell.leaks().get();
        List<MemoryLeaks.Leak> growing = leaks.by(MemoryGrouping.OPERATOR);
        out.printf(Locale.ROOT, "%nFrom run to run, %s: %s%n", DTypeNames.of(cell.dtype()),
                growing.isEmpty() ? "nothing grows" : "this grows");
        TextTable table = new TextTable("rrl");
        for (MemoryLeaks.Leak leak : growing) {
            table.row(Sizes.bytes(Math.round(leak.bytesPerIteration())) + " a run", leak.count() + " allocations",
                    leak.group().name());
        }
        table.print(out, "  ");
    }
}
