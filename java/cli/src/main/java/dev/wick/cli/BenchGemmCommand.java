package dev.wick.cli;

import dev.wick.Device;
import dev.wick.Engine;
import dev.wick.binding.CudaDevice;
import dev.wick.binding.GemmEpilogue;
import dev.wick.error.NativesException;
import dev.wick.error.WickException;
import dev.wick.file.WholeFile;
import dev.wick.study.report.Json;
import dev.wick.study.report.Machine;
import dev.wick.study.report.TextTable;
import java.io.IOException;
import java.io.PrintWriter;
import java.nio.file.Path;
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
import picocli.CommandLine.Spec;

/** {@code wick bench-gemm}. */
@Command(name = "bench-gemm",
        description = "Measures matrix products beside aten::matmul: cuBLAS on a CUDA device, LibTorch's operators on "
                + "a CPU.",
        footer = {"",
                "Each dtype and size is a cell: C = op(A) op(B) on normal noise, A of MxK and B of KxN, prepared once "
                        + "and run in place. The results of both sides are compared first; 'max diff' is the largest "
                        + "difference over matmul's largest element, and a cell beyond 0.05 fails. Then rounds follow "
                        + "each other, one sample of each side in each, and each side first in every other one.",
                "",
                "Times are of one call: median and percentiles by nearest rank; short calls are made several times for "
                        + "one sample. FLOP/s are 2MNK for each matrix over the median (G, T: 10^9, 10^12); the "
                        + "epilogue is not counted. 'of matmul' is the median over matmul's. matmul allocates its "
                        + "result at every call, and what follows it for an epilogue are operators of their own.",
                "",
                "tf32 is float32 with TF32 allowed for both sides, where there is a device that has it, and fp32 is without; a "
                        + "CPU computes in float32. fp16 and bf16 add up in float32; "
                        + "partial sums may be rounded, as in LibTorch. float16 on a CPU is multiplied by way of "
                        + "float32, as is every half with an epilogue.",
                "",
                "On a CUDA device a sample is many calls between two events of the device's clock, and 'enqueue' the time of "
                        + "one until control comes back: what is shorter than that is bound by it.",
                "",
                "A cell that outruns its budget is cut and marked so; at least one round is measured."})
final class BenchGemmCommand implements Callable<Integer> {
    private static final List<Integer> SIZES = List.of(128, 512, 1024);
    /** Of one side, so that its square is counted by what counts matrices. */
    private static final int LARGEST = 1 << 20;
    private static final String HANG_HINT = "--size makes the matrices smaller; --budget gives slow ones more time";

    @Option(names = "--size", paramLabel = "128,1024", split = ",",
            description = "M, N and K alike (default: 128,512,1024).")
    private List<Integer> sizes = new ArrayList<>();

    @Option(names = "--m", paramLabel = "M", description = "C's rows, with --n and --k, instead of --size.")
    private Integer m;

    @Option(names = "--n", paramLabel = "N", description = "C's columns.")
    private Integer n;

    @Option(names = "--k", paramLabel = "K", description = "Length of each sum.")
    private Integer k;

    @Option(names = "--batch", paramLabel = "B", defaultValue = "1",
            description = "Matrices of a strided batch (default: ${DEFAULT-VALUE}).")
    private int batch;

    @Option(names = "--dtype", paramLabel = "fp32,tf32,fp16,bf16,fp64", split = ",", defaultValue = "fp32,bf16",
            description = "What to multiply (default: ${DEFAULT-VALUE}).")
    private List<GemmType> types;

    @Option(names = "--transpose-a", description = "Store A as KxM.")
    private boolean transposeA;

    @Option(names = "--transpose-b", description = "Store B as NxK, as a linear layer's weight is.")
    private boolean transposeB;

    @Option(names = "--epilogue", paramLabel = "default|bias|relu|relu_bias|gelu|gelu_bias", defaultValue = "default",
            description = "What follows the product; gelu is the tanh approximation (default: none).")
    private GemmEpilogue epilogue;

    @Option(names = "--device", paramLabel = "D", converter = DeviceOption.class, defaultValue = "cpu",
            description = "cpu, cuda or cuda:N (default: ${DEFAULT-VALUE}).")
    private Device device;

    @Option(names = "--runs", paramLabel = "N", defaultValue = "50",
            description = "Rounds of a cell (default: ${DEFAULT-VALUE}).")
    private int runs;

    @Option(names = "--warmup", paramLabel = "N", defaultValue = "5",
            description = "Calls of each side before them, at least; they go on for half a second "
                    + "(default: ${DEFAULT-VALUE}).")
    private int warmUp;

    @Option(names = "--budget", paramLabel = "SECONDS", defaultValue = "10",
            description = "Time for one cell, preparation included (default: ${DEFAULT-VALUE}).")
    private double budget;

    @Option(names = "--json", paramLabel = "FILE", description = "Write the results, with every sample, as JSON.")
    private Path json;

    @Spec
    private CommandSpec spec;

    private final List<GemmCell> cells = new ArrayList<>();
    private final List<Failed> failures = new ArrayList<>();

    /** A cell that could not be measured. */
    private record Failed(GemmType type, GemmSize size, String error) {
        private Map<String, Object> toMap() {
            Map<String, Object> map = new LinkedHashMap<>();
            map.put("dtype", type.toString());
            map.put("m", size.m());
            map.put("n", size.n());
            map.put("k", size.k());
            map.put("error", error);
            return map;
        }
    }

    @Override
    public Integer call() throws IOException {
        List<GemmSize> wanted = checkOptions();
        if (json != null) {
            WritablePlace.require(json, "--json");
        }
        // Before the cells, each of which would say the same.
        Engine.get().require(device);
        if (device.type() == Device.Type.CUDA) {
            Engine.get().cublasVersion();
        }
        GemmMeasurement measurement = new GemmMeasurement(device, batch, transposeA, transposeB, epilogue, runs, warmUp,
                (long) (budget * 1e9));
        PrintWriter err = spec.commandLine().getErr();
        try (Watchdog watchdog = Watchdog.ending(err, HANG_HINT);
                CellProgress progress = new CellProgress(err, wanted.size() * types.size(), runs)) {
            for (GemmSize size : wanted) {
                for (GemmType type : types) {
                    measure(measurement, size, type, watchdog, progress);
                    // After each cell: what was measured must survive a hang or a kill in a later one.
                    write(measurement, false);
                }
            }
        }
        PrintWriter out = spec.commandLine().getOut();
        print(out);
        write(measurement, true);
        if (json != null) {
            out.println("written to " + json);
        }
        for (Failed failed : failures) {
            err.println("wick: " + failed.type() + ", " + failed.size() + " failed: " + failed.error());
        }
        return failures.isEmpty() ? CommandLine.ExitCode.OK : CommandLine.ExitCode.SOFTWARE;
    }

    private void measure(GemmMeasurement measurement, GemmSize size, GemmType type, Watchdog watchdog,
            CellProgress progress) {
        String name = type + ", " + size;
        try {
            GemmCell cell = measurement.measure(size, type, watchdog, progress);
            cells.add(cell);
            progress.cellDone(name + ": " + time(GemmCell.time(cell.gemm()).median()) + " over " + cell.gemm().size()
                    + " rounds, matmul " + time(GemmCell.time(cell.matmul()).median())
                    + (cell.cut() ? ", cut by the budget" : ""));
        } catch (NativesException e) {
            throw e;
        } catch (WickException | CliException e) {
            failures.add(new Failed(type, size, Failures.message(e)));
            progress.cellDone(name + ": failed");
        }
    }

    private List<GemmSize> checkOptions() {
        boolean ofOnesOwn = m != null || n != null || k != null;
        require(!ofOnesOwn || m != null && n != null && k != null, "--m, --n and --k go together");
        require(!ofOnesOwn || sizes.isEmpty(), "--size stands for --m, --n and --k: give one or the other");
        require(batch >= 1, "--batch needs 1 or more, got " + batch);
        require(runs >= 1, "--runs needs 1 or more, got " + runs);
        require(warmUp >= 0, "--warmup needs 0 or more, got " + warmUp);
        require(budget > 0 && budget <= 1e6, "--budget needs seconds above 0, got " + budget);
        List<GemmSize> wanted = ofOnesOwn ? List.of(new GemmSize(m, n, k))
                : (sizes.isEmpty() ? SIZES : sizes).stream().map(size -> new GemmSize(size, size, size)).toList();
        for (GemmSize size : wanted) {
            require(Math.min(size.m(), Math.min(size.n(), size.k())) >= 1
                    && Math.max(size.m(), Math.max(size.n(), size.k())) <= LARGEST,
                    "sizes are from 1 to " + LARGEST + ", got " + size);
        }
        return wanted;
    }

    private void require(boolean holds, String message) {
        if (!holds) {
            throw new CommandLine.ParameterException(spec.commandLine(), message);
        }
    }

    // Afterwards

    private void print(PrintWriter out) {
        Engine engine = Engine.get();
        out.printf(Locale.ROOT, "%s, LibTorch %s (%s, %s), %s%n", describe(), engine.natives().torchVersion(),
                engine.natives().choice(), engine.calls(), library(engine));
        out.println(Machine.cpu() + ", " + Machine.jvm());
        out.println();
        boolean enqueued = cells.stream().anyMatch(cell -> GemmCell.enqueueing(cell.gemm()).isPresent());
        List<Object> head = new ArrayList<>(List.of("dtype", "size", "gemm", "p10", "p90", "FLOP/s", "matmul", "p10",
                "p90", "of matmul", "max diff"));
        if (enqueued) {
            head.addAll(head.size() - 1, List.of("enqueue", "matmul's"));
        }
        head.add("");
        TextTable table = new TextTable("ll" + "r".repeat(head.size() - 3) + "l");
        table.row(head.toArray());
        for (GemmCell cell : cells) {
            GemmCell.Spread gemm = GemmCell.time(cell.gemm());
            GemmCell.Spread matmul = GemmCell.time(cell.matmul());
            List<Object> row = new ArrayList<>(List.of(cell.type(), cell.size(), time(gemm.median()), time(gemm.p10()),
                    time(gemm.p90()), operations(cell.operationsPerSecond(cell.gemm())), time(matmul.median()),
                    time(matmul.p10()), time(matmul.p90()), String.format(Locale.ROOT, "%.3f", cell.ratio())));
            if (enqueued) {
                row.add(GemmCell.enqueueing(cell.gemm()).map(spread -> time(spread.median())).orElse("-"));
                row.add(GemmCell.enqueueing(cell.matmul()).map(spread -> time(spread.median())).orElse("-"));
            }
            row.add(String.format(Locale.ROOT, "%.1e", cell.maxRelativeDifference()));
            row.add(cell.cut() ? "cut after " + cell.gemm().size() + (cell.gemm().size() == 1 ? " round" : " rounds")
                    : "");
            table.row(row.toArray());
        }
        table.print(out, "");
    }

    /** What multiplies. */
    private String library(Engine engine) {
        if (device.type() == Device.Type.CUDA) {
            return "cuBLAS " + cublas(engine) + ", " + engine.cudaDevices().get(device.index()).name();
        }
        return "BLAS " + engine.describeRuntime().get("blas") + ", " + engine.intraOpThreads() + " threads";
    }

    private static String cublas(Engine engine) {
        int version = engine.cublasVersion();
        return version / 10000 + "." + version / 100 % 100 + "." + version % 100;
    }

    private String describe() {
        StringBuilder text = new StringBuilder("gemm on ").append(device);
        if (batch > 1) {
            text.append(", batch ").append(batch);
        }
        if (transposeA) {
            text.append(", A transposed");
        }
        if (transposeB) {
            text.append(", B transposed");
        }
        if (epilogue != GemmEpilogue.DEFAULT) {
            text.append(", ").append(epilogue.name().toLowerCase(Locale.ROOT));
        }
        return text.toString();
    }

    private static String time(double nanoseconds) {
        double microseconds = nanoseconds / 1e3;
        return microseconds < 1000 ? String.format(Locale.ROOT, microseconds < 10 ? "%.3f us" : "%.2f us", microseconds)
                : String.format(Locale.ROOT, microseconds < 1e5 ? "%.3f ms" : "%.1f ms", microseconds / 1e3);
    }

    private static String operations(double perSecond) {
        double scaled = perSecond >= 1e12 ? perSecond / 1e12 : perSecond / 1e9;
        return String.format(Locale.ROOT, scaled < 10 ? "%.2f %s" : "%.1f %s", scaled, perSecond >= 1e12 ? "T" : "G");
    }

    private void write(GemmMeasurement measurement, boolean complete) throws IOException {
        if (json == null) {
            return;
        }
        Engine engine = Engine.get();
        Map<String, Object> report = BenchReport.begun(
                spec.root().commandLine().getParseResult().originalArgs(), complete);
        Map<String, Object> settings = BenchReport.engineSettings();
        settings.put("blas", engine.describeRuntime().get("blas"));
        settings.put("device", measurement.device().toString());
        if (device.type() == Device.Type.CUDA) {
            CudaDevice cuda = engine.cudaDevices().get(device.index());
            settings.put("gpu", cuda.name());
            settings.put("gpuUuid", cuda.uuid());
            settings.put("cublas", cublas(engine));
        }
        settings.put("natives", engine.natives().choice());
        settings.put("calls", engine.calls());
        settings.put("transposeA", transposeA);
        settings.put("transposeB", transposeB);
        settings.put("epilogue", epilogue.name().toLowerCase(Locale.ROOT));
        settings.put("allowReducedPrecisionReduction", true);
        settings.put("runs", runs);
        settings.put("warmup", warmUp);
        settings.put("budgetSeconds", budget);
        report.put("settings", settings);
        report.put("results", cells.stream().map(GemmCell::toMap).toList());
        report.put("failures", failures.stream().map(Failed::toMap).toList());
        WholeFile.writeText(json, Json.text(report) + "\n");
    }
}
