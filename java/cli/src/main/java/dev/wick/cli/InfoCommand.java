package dev.wick.cli;

import dev.wick.Engine;
import dev.wick.binding.CacheDirectory;
import dev.wick.binding.CudaDevice;
import dev.wick.binding.ExecutorSettings;
import dev.wick.binding.LoadedNatives;
import dev.wick.binding.Setting;
import dev.wick.error.WickException;
import dev.wick.study.report.Json;
import dev.wick.study.report.Machine;
import dev.wick.study.report.TextTable;
import java.io.PrintWriter;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import java.util.concurrent.Callable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.Spec;

/** {@code wick info}. */
@Command(name = "info", description = "Shows which LibTorch is taken and why, and what it can do here.",
        footer = {"", "Exits with 1 when LibTorch cannot be loaded; what is known is shown all the same."})
final class InfoCommand implements Callable<Integer> {
    static final String TRUST = "A TorchScript archive is a program: load only those you trust. Damaged archives are refused "
            + "(every checksum is verified), crafted ones cannot be told from good ones.";
    /** Measured by {@code bench/compare.py blas}. */
    private static final String MKL = "this LibTorch was built without it; that costs time where linear layers run on the "
            + "BLAS, and none where oneDNN Graph fuses them; an official LibTorch has it (--natives python)";
    /** The variables that the launcher set, by name. */
    private static final String SET_BY_LAUNCHER = "wick.launcher.set";
    /** How long threads wait awake, which decides whether two pools get in each other's way. */
    private static final List<String> WAITS = List.of("OMP_WAIT_POLICY", "GOMP_SPINCOUNT", "OPENBLAS_THREAD_TIMEOUT");

    /** What every choice of natives and calls has once it is loaded, unless it says that it lacks it. */
    private static final Map<String, String> FEATURES = features();

    /** Better known under other names than LibTorch's. */
    private static final Map<String, String> NAMES = Map.of("has_mkldnn", "onednn", "has_llga", "onednn-graph");

    @Option(names = "--json", description = "Print JSON.")
    private boolean json;

    @Spec
    private CommandSpec spec;

    private static Map<String, String> features() {
        Map<String, String> features = new LinkedHashMap<>();
        features.put("tensors", "every dtype, zero-copy views and wraps, above 2 GiB too");
        features.put("operators", "any operator by name and overload");
        features.put("torchscript", "load, inspect, call, convert, freeze, optimize_for_inference, save");
        features.put("runner", "prepared calls; optimisations tried and compared");
        features.put("executor", "profiling, fusers and fusion strategy");
        features.put("memory", "exact counts, peaks and limits");
        features.put("cublas", "prepared gemms and epilogues, on LibTorch's own cuBLAS and cuBLASLt, handle and stream");
        return features;
    }

    @Override
    public Integer call() {
        Map<String, Object> info = new LinkedHashMap<>();
        info.put("wick", WickCommand.version());
        info.put("machine", Machine.describe());
        info.put("javaHome", System.getProperty("java.home"));
        info.put("cache", CacheDirectory.root().toString());
        WickException failure = null;
        try {
            describe(info, Engine.get());
        } catch (WickException e) {
            failure = e;
            Map<String, Object> asked = new LinkedHashMap<>();
            asked.put("natives", System.getProperty("wick.natives", "the default"));
            asked.put("libtorch", System.getProperty("wick.libtorch", System.getenv("WICK_LIBTORCH")));
            asked.put("calls", System.getProperty("wick.calls", "auto"));
            info.put("asked", asked);
            info.put("error", e.getMessage());
        }
        info.put("trust", TRUST);
        PrintWriter out = spec.commandLine().getOut();
        if (json) {
            out.println(Json.text(info));
        } else {
            print(out, info);
        }
        out.flush();
        if (failure != null) {
            throw failure;
        }
        return 0;
    }

    private static void describe(Map<String, Object> info, Engine engine) {
        LoadedNatives natives = engine.natives();
        Map<String, Object> taken = new LinkedHashMap<>();
        taken.put("choice", natives.choice());
        taken.put("torchVersion", natives.torchVersion());
        taken.put("directory", natives.directory().toString());
        taken.put("shim", natives.shim() == null ? null : natives.shim().toString());
        taken.put("why", natives.why());
        info.put("natives", taken);
        info.put("calls", ordered("name", engine.calls(), "why", engine.whyCalls()));

        Map<String, String> runtime = new LinkedHashMap<>(engine.describeRuntime());
        info.put("blas", runtime.remove("blas"));
        info.put("torch", runtime);
        Map<String, Object> threads = new LinkedHashMap<>();
        threads.put("intraOp", engine.intraOpThreads());
        threads.put("interOp", engine.interOpThreads());
        threads.put("blas", engine.blasThreads());
        info.put("threads", threads);
        info.put("settings", settings(engine));
        ExecutorSettings executor = engine.executor();
        info.put("executor", ordered("optimize", executor.optimize(), "profiling", executor.profiling(),
                "profiledRuns", executor.profiledRuns(), "tensorExpressionFuser", executor.tensorExpressionFuser(),
                "onednnGraph", executor.onednnGraph(), "fusionStrategy", executor.fusionStrategy().stream()
                        .map(fusion -> fusion.kind() + ":" + fusion.depth()).toList()));

        List<Object> devices = new ArrayList<>();
        devices.add(ordered("device", "cpu", "name", Machine.cpu(),
                "capability", runtime.getOrDefault("cpu_capability", "unknown")));
        for (CudaDevice device : engine.cudaDevices()) {
            devices.add(ordered("device", "cuda:" + device.index(), "name", Machine.gpu(device), "uuid", device.uuid(),
                    "freeBytes", device.freeBytes(), "totalBytes", device.totalBytes()));
        }
        info.put("devices", devices);

        Map<String, String> missing = new TreeMap<>(engine.missingFeatures());
        Map<String, String> present = new LinkedHashMap<>(FEATURES);
        missing.keySet().forEach(present::remove);
        runtime.forEach((key, value) -> {
            if (key.startsWith("has_")) {
                String name = NAMES.getOrDefault(key, key.substring("has_".length()));
                if (value.equals("true")) {
                    present.putIfAbsent(name, "LibTorch was built with it");
                } else if (name.equals("mkl")) {
                    missing.putIfAbsent(name, MKL);
                } else {
                    missing.putIfAbsent(name, "this LibTorch was built without it");
                }
            }
        });
        missing.keySet().forEach(present::remove);
        info.put("features", ordered("present", present, "missing", missing));
    }

    /** The variables that decide how threads wait, those that are set. */
    static Map<String, String> waits() {
        Map<String, String> set = new LinkedHashMap<>();
        for (String variable : WAITS) {
            if (System.getenv(variable) != null) {
                set.put(variable, System.getenv(variable));
            }
        }
        return set;
    }

    /** What was set for speed, by the engine and by the launcher. */
    static List<Map<String, Object>> settings(Engine engine) {
        List<Map<String, Object>> settings = new ArrayList<>();
        for (Setting setting : engine.settings()) {
            settings.add(ordered("name", setting.name(), "value", setting.value(), "why", setting.why(), "how",
                    setting.how()));
        }
        List<String> ours = List.of(System.getProperty(SET_BY_LAUNCHER, "").split(","));
        waits().forEach((variable, value) -> settings.add(ordered("name", variable, "value", value, "why",
                ours.contains(variable) ? "threads that spin for long while they wait take the cores from the other "
                        + "pool and from whatever runs beside them; sleeping at once costs a wake-up per operator"
                        : "set in the environment", "how", variable)));
        return settings;
    }

    private static Map<String, Object> ordered(Object... pairs) {
        Map<String, Object> map = new LinkedHashMap<>();
        for (int i = 0; i < pairs.length; i += 2) {
            map.put((String) pairs[i], pairs[i + 1]);
        }
        return map;
    }

    // As text

    private static void print(PrintWriter out, Map<String, Object> info) {
        Map<?, ?> machine = map(info, "machine");
        out.println("wick " + info.get("wick"));
        TextTable top = new TextTable("ll");
        top.row("machine", machine.get("cpu") + ", " + machine.get("cores") + " cores, " + machine.get("os"));
        top.row("java", machine.get("jvm") + " in " + info.get("javaHome"));
        top.row("cache", info.get("cache"));
        if (info.containsKey("error")) {
            Map<?, ?> asked = map(info, "asked");
            top.row("natives", "not loaded; asked for: " + asked.get("natives")
                    + (asked.get("libtorch") == null ? "" : " in " + asked.get("libtorch")));
            top.row("calls", "not chosen; asked for: " + asked.get("calls"));
            top.print(out, "");
            out.println();
            out.println(info.get("trust"));
            return;
        }
        Map<?, ?> natives = map(info, "natives");
        Map<?, ?> calls = map(info, "calls");
        Map<?, ?> threads = map(info, "threads");
        top.row("natives", natives.get("choice") + ", LibTorch " + natives.get("torchVersion") + " (why: "
                + natives.get("why") + ")");
        top.row("", natives.get("directory"));
        top.row("calls", calls.get("name") + " (why: " + calls.get("why") + ")");
        if (natives.get("shim") != null) {
            top.row("", natives.get("shim"));
        }
        for (Object each : (List<?>) info.get("devices")) {
            Map<?, ?> device = (Map<?, ?>) each;
            top.row("device", device.get("device") + ": " + device.get("name")
                    + (device.containsKey("capability") ? ", LibTorch uses " + device.get("capability") : ""));
        }
        top.row("blas", info.get("blas"));
        top.row("threads", threads.get("intraOp") + " in an operator, " + threads.get("interOp") + " between operators"
                + (((Integer) threads.get("blas")) > 0 ? ", " + threads.get("blas") + " in the BLAS's own pool" : ""));
        top.print(out, "");

        out.println();
        out.println("set for speed");
        List<?> settings = (List<?>) info.get("settings");
        if (settings.isEmpty()) {
            out.println("  nothing: this LibTorch is taken as it comes");
        }
        for (Object each : settings) {
            Map<?, ?> setting = (Map<?, ?>) each;
            out.println("  " + setting.get("name") + " = " + setting.get("value") + ": " + setting.get("why")
                    + " (" + setting.get("how") + " sets it otherwise)");
        }

        out.println();
        out.println("executor");
        TextTable executor = new TextTable("ll");
        map(info, "executor").forEach((name, value) -> executor.row(name, value));
        executor.print(out, "  ");

        Map<?, ?> features = map(info, "features");
        out.println();
        out.println("features");
        TextTable present = new TextTable("ll");
        ((Map<?, ?>) features.get("present")).forEach((name, what) -> present.row(name, what));
        present.print(out, "  ");
        Map<?, ?> missing = (Map<?, ?>) features.get("missing");
        if (!missing.isEmpty()) {
            out.println("missing");
            TextTable table = new TextTable("ll");
            missing.forEach((name, why) -> table.row(name, why));
            table.print(out, "  ");
        }

        out.println();
        out.println("LibTorch says");
        map(info, "torch").forEach((name, text) -> {
            if (!name.toString().startsWith("has_")) {
                out.println("  " + name + ": " + text.toString().strip().replace("\n", "\n    "));
            }
        });
        out.println();
        out.println(info.get("trust"));
    }

    private static Map<?, ?> map(Map<String, Object> info, String key) {
        return (Map<?, ?>) info.get(key);
    }
}
