package dev.wick.cli;

import dev.wick.DType;
import dev.wick.Device;
import dev.wick.Tensor;
import dev.wick.TensorScope;
import dev.wick.TorchScriptModel;
import dev.wick.TorchScriptModel.Constant;
import dev.wick.TorchScriptModel.PatchedConstant;
import dev.wick.error.WickException;
import dev.wick.study.report.DTypeNames;
import dev.wick.study.report.Json;
import dev.wick.study.report.Sizes;
import dev.wick.study.report.TextTable;
import dev.wick.vision.weights.ClipNames;
import dev.wick.vision.weights.StateDict;
import java.io.PrintWriter;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.HashSet;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.TreeMap;
import java.util.TreeSet;
import java.util.concurrent.Callable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.Parameters;
import picocli.CommandLine.Spec;

/** {@code wick inspect}. */
@Command(name = "inspect",
        description = "Shows what is in a model (methods, parameters, constants) or a file of weights.",
        footer = {"", "Everything is shown as the file has it; it is loaded onto the CPU, and nothing in it is run.",
                "A tensor that stands under several names is counted once, under the first.",
                "",
                "Constants that are patched: devices become the one that a model is loaded onto; --dtype, or the "
                        + "widening of halves that 'wick run' does on a CPU, rewrites dtypes.",
                "",
                "A state dict (.safetensors or an index of such files, .pth of either format) is shown with the dtypes "
                        + "and shapes of its tensors and with whose names they are. Nothing in a .pth is executed."})
final class InspectCommand implements Callable<Integer> {
    @Parameters(paramLabel = "MODEL", converter = ModelSource.Converter.class,
            completionCandidates = ModelSource.BuiltInNames.class, description = ModelSource.DESCRIPTION)
    private ModelSource model;

    @Option(names = "--dtype", paramLabel = "fp32|fp16|bf16", converter = DTypeOption.class,
            description = "Show which constants computing in this dtype patches.")
    private DType dtype;

    @Option(names = "--json", description = "Print JSON.")
    private boolean json;

    @Spec
    private CommandSpec spec;

    /** Elements, bytes and tensors of a group. */
    private static final class Total {
        private long count;
        private long bytes;
        private long tensors;

        void add(long elements, long size) {
            count += elements;
            bytes += size;
            tensors++;
        }

        Map<String, Object> toMap() {
            Map<String, Object> map = new LinkedHashMap<>();
            map.put("count", count);
            map.put("bytes", bytes);
            map.put("tensors", tensors);
            return map;
        }
    }

    /** The totals of parameters or of buffers. */
    private static final class Totals {
        private final Total all = new Total();
        private final Map<String, Total> byDtype = new TreeMap<>();
        private final Map<String, Total> byModule = new LinkedHashMap<>();

        Totals(Map<String, Tensor> tensors) {
            Set<List<Object>> seen = new HashSet<>();
            tensors.forEach((name, tensor) -> {
                if (seen.add(identity(name, tensor))) {
                    add(name, tensor.dtype(), tensor.elementCount());
                }
            });
        }

        /** Of a file of weights: no tensor is made. */
        Totals(StateDict weights) {
            weights.shapes().forEach((name, shape) ->
                    add(name, weights.dtype(name), Arrays.stream(shape).reduce(1, (a, b) -> a * b)));
        }

        private void add(String name, DType dtype, long elements) {
            int dot = name.indexOf('.');
            // A tensor of the model itself stands under its own name.
            String module = dot < 0 ? name : name.substring(0, dot);
            for (Total total : List.of(all, byDtype.computeIfAbsent(dtype.torchName(), _ -> new Total()),
                    byModule.computeIfAbsent(module, _ -> new Total()))) {
                total.add(elements, elements * dtype.byteSize());
            }
        }

        /** Equal for the same memory seen the same way. */
        private static List<Object> identity(String name, Tensor tensor) {
            if (tensor.elementCount() == 0) {
                return List.of(name);
            }
            try {
                return List.of(tensor.segment().address(), Arrays.toString(tensor.shape()),
                        Arrays.toString(tensor.strides()), tensor.dtype());
            } catch (WickException e) {
                // Sparse and packed tensors have no memory to look into, and nothing that could be shared by mistake.
                return List.of(name);
            }
        }

        Map<String, Object> toMap() {
            Map<String, Object> map = all.toMap();
            map.put("byDtype", maps(byDtype));
            map.put("byModule", maps(byModule));
            return map;
        }

        private static Map<String, Object> maps(Map<String, Total> totals) {
            Map<String, Object> maps = new LinkedHashMap<>();
            totals.forEach((name, total) -> maps.put(name, total.toMap()));
            return maps;
        }
    }

    @Override
    public Integer call() {
        Optional<StateDict.Container> container = model.file().flatMap(StateDict::containerOf);
        if (container.isPresent() && container.get() != StateDict.Container.TORCHSCRIPT) {
            try (StateDict weights = StateDict.read(model.file().orElseThrow())) {
                print(weights);
            }
            return 0;
        }
        try (TorchScriptModel loaded = model.open(Device.CPU); TensorScope _ = TensorScope.open()) {
            Totals parameters = new Totals(loaded.parameters());
            Totals buffers = new Totals(loaded.buffers());
            DType compute = dtype != null ? dtype : RunCommand.isHalfForCuda(loaded) ? DType.FLOAT32 : null;
            List<PatchedConstant> patched = patched(loaded, compute);
            PrintWriter out = spec.commandLine().getOut();
            if (json) {
                Map<String, Object> result = new LinkedHashMap<>();
                result.put("model", model.toString());
                result.put("file", model.isBuiltIn() ? null : model.toString());
                result.put("methods", loaded.methods().stream()
                        .map(method -> {
                            Map<String, Object> map = new LinkedHashMap<>();
                            map.put("name", method.name());
                            map.put("schema", method.schema());
                            return map;
                        }).toList());
                result.put("parameters", parameters.toMap());
                result.put("buffers", buffers.toMap());
                result.put("deviceConstants", constants(loaded, "device"));
                result.put("dtypeConstants", constants(loaded, "dtype"));
                result.put("patchedFor", compute == null ? null : DTypeNames.of(compute));
                result.put("patchedConstants", patched.stream().map(InspectCommand::map).toList());
                out.println(Json.text(result));
            } else {
                print(out, loaded, parameters, buffers);
                print(out, patched, compute);
            }
        }
        return 0;
    }

    private static List<PatchedConstant> patched(TorchScriptModel loaded, DType compute) {
        if (compute == null) {
            return loaded.patchedConstants();
        }
        try (TorchScriptModel converted = loaded.to(compute).model()) {
            return converted.patchedConstants();
        }
    }

    private static Map<String, Object> map(PatchedConstant constant) {
        Map<String, Object> map = new LinkedHashMap<>();
        map.put("kind", constant.kind());
        map.put("from", constant.from());
        map.put("to", constant.to());
        map.put("method", constant.method());
        map.put("operator", constant.operator());
        map.put("argument", constant.argument());
        map.put("uses", constant.uses());
        return map;
    }

    private static void print(PrintWriter out, List<PatchedConstant> patched, DType compute) {
        Map<List<String>, Long> uses = new LinkedHashMap<>();
        Map<List<String>, Set<String>> operators = new LinkedHashMap<>();
        for (PatchedConstant constant : patched) {
            List<String> change = List.of(constant.kind(), constant.from(), constant.to());
            uses.merge(change, constant.uses(), Long::sum);
            operators.computeIfAbsent(change, _ -> new TreeSet<>()).add(constant.operator());
        }
        out.println("patched to run on the cpu" + (compute == null ? "" : " in " + DTypeNames.of(compute))
                + (uses.isEmpty() ? ": none" : ""));
        TextTable table = new TextTable("lllrl");
        uses.forEach((change, count) -> table.row(change.get(0), change.get(1), "-> " + change.get(2),
                count + (count == 1 ? " use " : " uses"), "in " + String.join(", ", operators.get(change))));
        table.print(out, "  ");
    }

    private void print(StateDict weights) {
        PrintWriter out = spec.commandLine().getOut();
        Totals totals = new Totals(weights);
        Optional<ClipNames.Canonical> canonical = ClipNames.canonical(weights);
        canonical.ifPresent(each -> each.weights().close());
        if (json) {
            Map<String, Object> result = new LinkedHashMap<>();
            result.put("model", model.toString());
            result.put("file", model.toString());
            result.put("container", weights.container().toString());
            result.put("unwrapped", weights.unwrapped());
            result.put("ignored", weights.ignored());
            result.put("family", canonical.map(each -> each.family().toString()).orElse(null));
            result.put("unknown", canonical.map(ClipNames.Canonical::unknown).orElse(List.of()));
            result.put("weights", totals.toMap());
            result.put("tensors", weights.names().stream().map(name -> {
                Map<String, Object> map = new LinkedHashMap<>();
                map.put("name", name);
                map.put("dtype", weights.dtype(name).torchName());
                map.put("shape", weights.shape(name));
                return map;
            }).toList());
            out.println(Json.text(result));
            return;
        }
        out.println(model);
        out.println();
        out.println("weights without a program");
        TextTable about = new TextTable("ll");
        about.row("container", weights.container());
        about.row("names", canonical.map(each -> each.family().toString()).orElse("of no CLIP"));
        canonical.map(ClipNames.Canonical::unknown).filter(unknown -> !unknown.isEmpty())
                .ifPresent(unknown -> about.row("not of that family", String.join(", ", unknown)));
        if (!weights.unwrapped().isEmpty()) {
            about.row("taken out of", String.join(", ", weights.unwrapped()));
        }
        if (!weights.ignored().isEmpty()) {
            about.row("left aside", String.join(", ", weights.ignored()));
        }
        about.print(out, "  ");
        print(out, "totals", totals);
        out.println();
        out.println("tensors");
        TextTable tensors = new TextTable("lll");
        weights.names().forEach(name -> tensors.row(printable(name), weights.dtype(name).torchName(),
                Arrays.toString(weights.shape(name))));
        tensors.print(out, "  ");
    }

    /** Names are the file's own texts: none may move a terminal's cursor. */
    private static String printable(String name) {
        return name.replaceAll("\\p{Cntrl}", "?");
    }

    private static List<Map<String, Object>> constants(TorchScriptModel loaded, String kind) {
        List<Map<String, Object>> constants = new ArrayList<>();
        for (Constant constant : loaded.archiveConstants()) {
            if (constant.kind().equals(kind)) {
                Map<String, Object> map = new LinkedHashMap<>();
                map.put("value", constant.value());
                map.put("method", constant.method());
                map.put("operator", constant.operator());
                map.put("argument", constant.argument());
                map.put("uses", constant.uses());
                constants.add(map);
            }
        }
        return constants;
    }

    private void print(PrintWriter out, TorchScriptModel loaded, Totals parameters, Totals buffers) {
        out.println(model);
        out.println();
        out.println("methods");
        loaded.methods().forEach(method -> out.println("  " + method.schema()));
        print(out, "parameters", parameters);
        print(out, "buffers", buffers);
        out.println();
        printConstants(out, loaded, "device");
        printConstants(out, loaded, "dtype");
    }

    private static void print(PrintWriter out, String title, Totals totals) {
        out.println();
        out.println(title);
        TextTable table = new TextTable("llrrr");
        row(table, "in all", "", totals.all);
        totals.byDtype.forEach((name, total) -> row(table, "dtype", name, total));
        totals.byModule.forEach((name, total) -> row(table, "module", name, total));
        table.print(out, "  ");
    }

    private static void row(TextTable table, String kind, String name, Total total) {
        table.row(kind, name, Sizes.count(total.count), Sizes.bytes(total.bytes),
                Sizes.count(total.tensors) + (total.tensors == 1 ? " tensor " : " tensors"));
    }

    private static void printConstants(PrintWriter out, TorchScriptModel loaded, String kind) {
        Map<String, Long> uses = new TreeMap<>();
        Map<String, Set<String>> operators = new TreeMap<>();
        for (Constant constant : loaded.archiveConstants()) {
            if (constant.kind().equals(kind)) {
                uses.merge(constant.value(), constant.uses(), Long::sum);
                operators.computeIfAbsent(constant.value(), _ -> new TreeSet<>()).add(constant.operator());
            }
        }
        out.println(kind + " constants in the graphs" + (uses.isEmpty() ? ": none" : ""));
        TextTable table = new TextTable("lrl");
        uses.forEach((value, count) -> table.row(value, count + (count == 1 ? " use " : " uses"),
                "in " + String.join(", ", operators.get(value))));
        table.print(out, "  ");
    }
}
