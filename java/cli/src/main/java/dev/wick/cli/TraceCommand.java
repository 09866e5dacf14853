package dev.wick.cli;

import dev.wick.DType;
import dev.wick.Device;
import dev.wick.Engine;
import dev.wick.Optimization;
import dev.wick.TorchScriptModel;
import dev.wick.Trace;
import dev.wick.TraceSummary;
import dev.wick.binding.TraceDetail;
import dev.wick.binding.TraceEvent;
import dev.wick.study.measurement.TimedCall;
import dev.wick.study.report.DTypeNames;
import dev.wick.study.report.TextTable;
import java.io.PrintWriter;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Locale;
import java.util.concurrent.Callable;
import picocli.CommandLine;
import picocli.CommandLine.Command;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.Parameters;
import picocli.CommandLine.Spec;

/** {@code wick trace}. */
@Command(name = "trace", description = "Records a trace of a model's runs: every operator on every thread and, on a "
        + "CUDA device, kernels and copies.",
        footer = {"",
                "The file is Chrome's trace event JSON: drop it on https://ui.perfetto.dev, or load it in "
                        + "chrome://tracing. Each run is a range in it.",
                "",
                "The table sums up the runs, with the operators that took most time of their own first. Self time is "
                        + "without what an operator called; on a CUDA device it is the host's, which enqueues, and device "
                        + "is the time of the kernels and copies that an operator launched. Busy is the device's time "
                        + "with kernels or copies running, overlapping ones counted once.",
                "",
                "Recording costs about a microsecond an operator, and more with --record."})
final class TraceCommand implements Callable<Integer> {
    private static final long BUDGET_NANOS = 30_000_000_000L;

    @Parameters(paramLabel = "MODEL", converter = ModelSource.Converter.class,
            completionCandidates = ModelSource.BuiltInNames.class, description = ModelSource.DESCRIPTION)
    private ModelSource model;

    @Option(names = "--shape", paramLabel = "1x3x224x224", required = true, converter = InputShape.Converter.class,
            description = "Shape of an input, once for each. Seeded normal noise fills it. 1x77:int64 is an input of "
                    + "integers (from 0 to 9).")
    private List<InputShape> shapes = new ArrayList<>();

    @Option(names = "--out", paramLabel = "FILE.json", required = true, description = "Where the trace is written.")
    private Path out;

    @Option(names = "--method", paramLabel = "M", defaultValue = "forward",
            description = "The method to call (default: ${DEFAULT-VALUE}).")
    private String method;

    @Option(names = "--dtype", paramLabel = "fp32|bf16|fp16", converter = DTypeOption.class, defaultValue = "fp32",
            description = "What to compute in (default: ${DEFAULT-VALUE}).")
    private DType dtype;

    @Option(names = "--device", paramLabel = "D", converter = DeviceOption.class, defaultValue = "cpu",
            description = "cpu, cuda or cuda:N (default: ${DEFAULT-VALUE}).")
    private Device device;

    @Option(names = "--graph", description = "On a CUDA device: capture copy in, call and copy out as a CUDA graph, "
            + "and launch that.")
    private boolean graph;

    @Option(names = "--optimize", paramLabel = "none|auto|freeze|ofi|onednn", defaultValue = "none",
            description = "What is done to the model first (default: ${DEFAULT-VALUE}).")
    private Optimization optimization;

    @Option(names = "--runs", paramLabel = "N", defaultValue = "3", description = "Runs in the trace "
            + "(default: ${DEFAULT-VALUE}).")
    private int runs;

    @Option(names = "--warmup", paramLabel = "N", defaultValue = "5",
            description = "Runs before them that are not in it (default: ${DEFAULT-VALUE}).")
    private int warmUp;

    @Option(names = "--record", paramLabel = "shapes,stacks,memory", split = ",",
            description = "What to record beside times: the shapes of operators' arguments, their TorchScript call "
                    + "stacks, allocations on the CPU.")
    private List<TraceDetail> details = new ArrayList<>();

    @Option(names = "--top", paramLabel = "N", defaultValue = "15",
            description = "Rows of the table (default: ${DEFAULT-VALUE}).")
    private int top;

    @Spec
    private CommandSpec spec;

    @Override
    public Integer call() {
        require(runs >= 1, "--runs needs 1 or more, got " + runs);
        require(warmUp >= 0, "--warmup needs 0 or more, got " + warmUp);
        require(top >= 1, "--top needs 1 or more, got " + top);
        require(onDevice() || !graph, "--graph is for a CUDA device: --device cuda:0");
        WritablePlace.require(out, "--out");
        try (TorchScriptModel loaded = model.open(device)) {
            RunCommand.schema(loaded, method).requireCount(shapes.size());
        }
        BenchMeasurement measurement = new BenchMeasurement(model, method, device, List.copyOf(shapes), null,
                optimization, runs, warmUp, BUDGET_NANOS, onDevice() ? Transfers.PINNED : Transfers.NONE, graph);
        try (TimedCall call = measurement.call(dtype, shapes.getFirst().batch())) {
            for (int i = 0; i < warmUp; i++) {
                call.run();
            }
            try (Trace trace = Trace.start(details.toArray(TraceDetail[]::new))) {
                for (int i = 1; i <= runs; i++) {
                    try (Trace.Range _ = Trace.range("run " + i)) {
                        call.run();
                    }
                }
                trace.stop();
                print(trace, call.preparation().optimization());
                trace.writeTo(out);
            }
        }
        spec.commandLine().getOut().println("written to " + out
                + ": drop it on https://ui.perfetto.dev, or load it in chrome://tracing");
        return CommandLine.ExitCode.OK;
    }

    private boolean onDevice() {
        return device.type() == Device.Type.CUDA;
    }

    private void require(boolean holds, String message) {
        if (!holds) {
            throw new CommandLine.ParameterException(spec.commandLine(), message);
        }
    }

    private void print(Trace trace, Optimization way) {
        PrintWriter out = spec.commandLine().getOut();
        TraceSummary summary = trace.summary();
        Engine engine = Engine.get();
        out.printf(Locale.ROOT, "%s %s, %s, %s, %s, LibTorch %s (%s, %s), %d threads%n", model, method,
                DTypeNames.of(dtype), device, way.text(), engine.natives().torchVersion(), engine.natives().choice(),
                engine.calls(), engine.intraOpThreads());
        out.printf(Locale.ROOT, "%d %s in %s ms, after %d to warm up: %d events%n", runs, runs == 1 ? "run" : "runs",
                milliseconds(summary.wallNanos()), warmUp, trace.events().size());
        out.println(deviceActivities(trace, summary));
        out.println();
        boolean withDevice = !summary.deviceEntries().isEmpty();
        TextTable table = new TextTable(withDevice ? "lrrrrr" : "lrrrr");
        List<Object> header = new ArrayList<>(List.of("operator", "calls", "self ms", "self %", "total ms"));
        if (withDevice) {
            header.add("device ms");
        }
        table.row(header.toArray());
        List<TraceSummary.Entry> operators = summary.operators();
        double all = Math.max(1, operators.stream().mapToLong(TraceSummary.Entry::selfCpuNanos).sum());
        for (TraceSummary.Entry entry : operators.subList(0, Math.min(top, operators.size()))) {
            List<Object> row = new ArrayList<>(Arrays.asList(entry.name(), entry.calls(),
                    milliseconds(entry.selfCpuNanos()),
                    String.format(Locale.ROOT, "%.1f", 100 * entry.selfCpuNanos() / all),
                    milliseconds(entry.cpuNanos())));
            if (withDevice) {
                row.add(milliseconds(entry.deviceNanos()));
            }
            table.row(row.toArray());
        }
        table.print(out, "");
        if (operators.size() > top) {
            out.println("and " + (operators.size() - top) + " more: --top " + operators.size());
        }
        if (withDevice) {
            out.println();
            TextTable devices = new TextTable("lrr");
            devices.row("on the device", "calls", "ms");
            for (TraceSummary.DeviceEntry entry : summary.deviceEntries().subList(0,
                    Math.min(top, summary.deviceEntries().size()))) {
                devices.row(entry.name(), entry.calls(), milliseconds(entry.nanos()));
            }
            devices.print(out, "");
        }
    }

    /** Whether kernels and copies are in the trace, in one line. */
    private static String deviceActivities(Trace trace, TraceSummary summary) {
        if (!trace.recordsCuda()) {
            return "no CUDA device here: no kernels and copies in the trace";
        }
        long activities = trace.events().stream().map(TraceEvent::kind).filter(TraceEvent.Kind::isDeviceWork).count();
        if (activities == 0) {
            return "CUDA's kernels and copies were asked for, and none were recorded: KINETO_LOG_LEVEL=1 in the "
                    + "environment shows what CUPTI says";
        }
        return String.format(Locale.ROOT, "%d kernels and copies, the device busy for %s ms, %.0f%% of the time",
                activities, milliseconds(summary.gpuBusyNanos()),
                100.0 * summary.gpuBusyNanos() / Math.max(1, summary.wallNanos()));
    }

    private static String milliseconds(long nanos) {
        double value = nanos / 1e6;
        return String.format(Locale.ROOT, value < 10 ? "%.3f" : value < 1000 ? "%.2f" : "%.0f", value);
    }
}
