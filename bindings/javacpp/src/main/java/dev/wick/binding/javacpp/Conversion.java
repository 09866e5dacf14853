package dev.wick.binding.javacpp;

import dev.wick.binding.BoxedValue;
import dev.wick.binding.BoxedValue.IntValue;
import dev.wick.binding.BoxedValue.StringValue;
import dev.wick.binding.BoxedValue.TupleValue;
import dev.wick.binding.Handle;
import dev.wick.error.BadArgumentException;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.TreeMap;
import org.bytedeco.pytorch.Device;
import org.bytedeco.pytorch.Graph;
import org.bytedeco.pytorch.IValue;
import org.bytedeco.pytorch.IValueArrayRef;
import org.bytedeco.pytorch.IValueVector;
import org.bytedeco.pytorch.JitNode;
import org.bytedeco.pytorch.Symbol;
import org.bytedeco.pytorch.Tensor;
import org.bytedeco.pytorch.TupleElements;
import org.bytedeco.pytorch.global.torch;
import org.bytedeco.pytorch.global.torch.JitAttributeKind;
import org.bytedeco.pytorch.global.torch.ScalarType;

/** Brings a module to a dtype and a device, in tensors and in constants; not while it runs. */
final class Conversion {
    /** Null leaves dtype or device as it is. */
    private final ScalarType dtype;
    private final Device device;
    private final Set<Long> seen = new HashSet<>();
    private long bytes;
    private long constants;

    private Conversion(ScalarType dtype, Device device) {
        this.dtype = dtype;
        this.device = device;
    }

    static BoxedValue convert(Handle handle, int dtype, int deviceType, int deviceIndex, boolean patchConstants) {
        ScalarType type = dtype == -1 ? null : Codes.scalarType(dtype);
        if (type != null && !torch.isFloatingType(type)) {
            throw new BadArgumentException("a module converts to a floating dtype, not to " + Codes.name(type));
        }
        return Modules.with(handle, module -> {
            Device device = deviceType == -1 ? null : Codes.device(deviceType, deviceIndex);
            checkConvertible(module.state());
            Conversion conversion = new Conversion(type, device);
            conversion.convert(new IValue(module.module()._ivalue()));
            for (Graphs.Reached reached : Graphs.reached(module.module())) {
                conversion.convert(reached, patchConstants);
            }
            return new TupleValue(List.of(new IntValue(conversion.bytes), new IntValue(conversion.constants)));
        });
    }

    private static void checkConvertible(ModuleState state) {
        if (state.frozen()) {
            throw new BadArgumentException("a frozen module cannot be converted: its parameters are constants folded "
                    + "into the graph; convert first, then freeze");
        }
        if (state.called()) {
            throw new BadArgumentException("the module was called already, and compiled graphs keep the old device and "
                    + "dtype; convert before the first call, or convert a copy");
        }
    }

    // Tensors: each once and in place, so that tensors that stand in several places stay one.

    private void convert(IValue value) {
        if (value.isTensor()) {
            convert(value.toTensor());
        } else if (value.isTuple()) {
            TupleElements elements = value.toTupleRef().elements();
            for (long i = 0; i < elements.size(); i++) {
                convert(elements.get(i));
            }
        } else if (value.isList()) {
            IValueArrayRef elements = value.toListRef();
            for (long i = 0; i < elements.size(); i++) {
                convert(elements.at(i));
            }
        } else if (value.isGenericDict()) {
            var dict = value.toGenericDict();
            var end = dict.end();
            for (var at = dict.begin(); at.notEquals(end); at.increment()) {
                convert(at.multiply().value());
            }
        } else if (value.isObject() && seen.add(value.toObjectRef().address())) {
            IValueVector slots = value.toObjectRef().slots();
            for (long i = 0; i < slots.size(); i++) {
                convert(slots.get(i));
            }
        }
    }

    private void convert(Tensor tensor) {
        if (!tensor.defined() || !seen.add(tensor.unsafeGetTensorImpl().address())) {
            return;
        }
        Tensor result = converted(tensor, true);
        if (!result.is_same(tensor)) {
            bytes += result.nbytes();
            tensor.set_data(result);
        }
    }

    private Tensor converted(Tensor tensor, boolean convertDtype) {
        ScalarType wanted = dtype != null && convertDtype && tensor.is_floating_point() ? dtype
                : Codes.known(tensor.scalar_type());
        return tensor.to(device != null ? device : tensor.device(), wanted);
    }

    // Constants

    private void convert(Graphs.Reached reached, boolean patchConstants) {
        convertTensorConstants(reached.graph(), patchConstants);
        if (patchConstants) {
            Graphs.constantUses(reached.graph()).forEach(this::patch);
        }
        // Whoever printed an inlined graph before has left an optimised copy with the old constants.
        reached.function().clear_optimized_graphs();
    }

    /**
     * Tensors baked into a graph, such as the attention mask of a traced model. A tensor without dimensions takes
     * part in type promotion as a number does, and keeps its dtype.
     */
    private void convertTensorConstants(Graph graph, boolean convertDtype) {
        Symbol value = Symbol.attr("value");
        Graphs.forEachNode(graph.block(), node -> {
            if (!Graphs.isConstant(node) || !node.hasAttribute(value)
                    || node.kindOf(value).value != JitAttributeKind.t.value) {
                return;
            }
            Tensor tensor = node.t(value);
            Tensor result = converted(tensor, convertDtype && tensor.dim() > 0);
            if (!result.is_same(tensor)) {
                bytes += result.nbytes();
                node.t_(value, result);
                node.output().inferTypeFrom(result);
            }
        });
    }

    /**
     * Constants are pooled: one node may feed a dtype argument and an ordinary integer alike. So each use gets its
     * own.
     */
    private void patch(Graphs.ConstantUse use) {
        IValue wanted;
        if (use.device()) {
            if (device == null || use.value().toDevice().equals(device)) {
                return;
            }
            wanted = new IValue(device);
        } else {
            if (dtype == null || !isPrecision(use.value().toInt()) || use.value().toInt() == dtype.value) {
                return;
            }
            wanted = new IValue((long) dtype.value);
        }
        Graph graph = use.node().owningGraph();
        JitNode before = graph.insertPoint();
        JitNode old = use.node().input(use.input()).node();
        graph.setInsertPoint(use.node());
        try {
            use.node().replaceInput(use.input(), graph.insertConstant(wanted));
        } finally {
            graph.setInsertPoint(before);
        }
        if (!old.output().hasUses()) {
            old.destroy();
        }
        constants++;
    }

    /** Half, float and bfloat16 are precisions one chooses between; float64 in a graph was meant. */
    private static boolean isPrecision(long code) {
        return code == ScalarType.Half.value || code == ScalarType.Float.value || code == ScalarType.BFloat16.value;
    }

    /** Device and dtype constants in the graphs: tuples of method, kind, value, operator, argument, uses. */
    static BoxedValue constants(Handle handle) {
        return Modules.with(handle, module -> {
            Map<List<String>, Long> uses = new TreeMap<>(java.util.Comparator.comparing(key -> String.join("\0", key)));
            for (Graphs.Reached reached : Graphs.reached(module.module())) {
                for (Graphs.ConstantUse use : Graphs.constantUses(reached.graph())) {
                    uses.merge(List.of(reached.name(), use.device() ? "device" : "dtype", text(use),
                            Text.ofCString(use.node().kind().toQualString()), use.argument()), 1L, Long::sum);
                }
            }
            List<BoxedValue> rows = new ArrayList<>();
            uses.forEach((key, count) -> {
                List<BoxedValue> row = new ArrayList<>();
                key.forEach(cell -> row.add(new StringValue(cell)));
                row.add(new IntValue(count));
                rows.add(new TupleValue(List.copyOf(row)));
            });
            return new BoxedValue.ListValue(List.copyOf(rows));
        });
    }

    private static String text(Graphs.ConstantUse use) {
        if (use.device()) {
            return Text.of(use.value().toDevice().str());
        }
        long code = use.value().toInt();
        return Codes.isScalarType(code) ? Codes.name(Codes.scalarType(code)) : String.valueOf(code);
    }
}
