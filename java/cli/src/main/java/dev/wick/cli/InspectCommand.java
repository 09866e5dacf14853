package dev.wick.cli;

import dev.wick.Device;
import dev.wick.Tensor;
import dev.wick.TensorScope;
import dev.wick.TorchScriptModel;
import dev.wick.TorchScriptModel.Constant;
import dev.wick.error.WickException;
import dev.wick.study.report.Json;
import dev.wick.study.report.Sizes;
import dev.wick.study.report.TextTable;
import java.io.PrintWriter;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.HashSet;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
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
@Command(name = "inspect", description = "Shows what is in a model: methods, parameters, constants.",
        footer = {"", "Everything is shown as the file has it; it is loaded onto the CPU, and nothing in it is run.",
                "A tensor that stands under several names is counted once, under the first."})
final class InspectCommand implements Callable<Integer> {
    @Parameters(paramLabel = "MODEL", converter = ModelSource.Converter.class,
            completionCandidates = ModelSource.BuiltInNames.class, description = ModelSource.DESCRIPTION)
    private ModelSource model;

    @Option(names = "--json", description = "Print JSON.")
    private boolean json;

    @Spec
    private CommandSpec spec;

    /** Elements, bytes and tensors of a group. */
    private static final class Total {
        private long count;
        private long bytes;
        private long tensors;

        void add(Tensor tensor) {
            count += tensor.elementCount();
            bytes += tensor.byteSize();
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
                if (!seen.add(identity(name, tensor))) {
                    return;
                }
                int dot = name.indexOf('.');
                // A tensor of the model itself stands under its own name.
                String module = dot < 0 ? name : name.substring(0, dot);
                all.add(tensor);
                byDtype.computeIfAbsent(tensor.dtype().torchName(), _ -> new Total()).add(tensor);
                byModule.computeIfAbsent(module, _ -> new Total()).add(tensor);
            });
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
        try (TorchScriptModel loaded = model.open(Device.CPU); TensorScope _ = TensorScope.open()) {
            Totals parameters = new Totals(loaded.parameters());
            Totals buffers = new Totals(loaded.buffers());
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
                out.println(Json.text(result));
            } else {
                print(out, loaded, parameters, buffers);
            }
        }
        return 0;
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
