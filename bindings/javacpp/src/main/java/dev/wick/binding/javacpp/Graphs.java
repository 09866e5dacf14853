package dev.wick.binding.javacpp;

import java.util.ArrayList;
import java.util.HashSet;
import java.util.List;
import java.util.Set;
import java.util.function.Consumer;
import org.bytedeco.javacpp.PointerScope;
import org.bytedeco.pytorch.Argument;
import org.bytedeco.pytorch.Block;
import org.bytedeco.pytorch.BlockArrayRef;
import org.bytedeco.pytorch.ClassType;
import org.bytedeco.pytorch.Function;
import org.bytedeco.pytorch.FunctionSchema;
import org.bytedeco.pytorch.FunctionType;
import org.bytedeco.pytorch.Graph;
import org.bytedeco.pytorch.GraphFunction;
import org.bytedeco.pytorch.IValue;
import org.bytedeco.pytorch.JitModule;
import org.bytedeco.pytorch.JitNode;
import org.bytedeco.pytorch.Symbol;
import org.bytedeco.pytorch.SymbolVector;
import org.bytedeco.pytorch.Type;
import org.bytedeco.pytorch.Value;
import org.bytedeco.pytorch.global.torch;
import org.bytedeco.pytorch.global.torch.JitAttributeKind;
import org.bytedeco.pytorch.global.torch.TypeKind;

/** Walks through the graphs of a module; in the caller's scope, not while the module runs. */
final class Graphs {
    private static final int CONSTANT = symbol("prim::Constant");
    private static final int CALL_FUNCTION = symbol("prim::CallFunction");
    private static final int CALL_METHOD = symbol("prim::CallMethod");
    private static final int ONEDNN_FUSION_GROUP = symbol("prim::oneDNNFusionGroup");

    private Graphs() {
    }

    private static int symbol(String name) {
        try (PointerScope _ = new PointerScope()) {
            return Symbol.fromQualString(name).asInt();
        }
    }

    static boolean isConstant(JitNode node) {
        return kind(node) == CONSTANT;
    }

    static boolean isOnednnGroup(JitNode node) {
        return kind(node) == ONEDNN_FUSION_GROUP;
    }

    private static int kind(JitNode node) {
        try (Symbol kind = node.kind()) {
            return kind.asInt();
        }
    }

    /** A function with a graph, and its name: qualified by its submodule, or by the code it belongs to. */
    record Reached(String name, GraphFunction function, Graph graph) {
    }

    /** Methods of the module and of every submodule, and the functions and methods they call, each once. */
    static List<Reached> reached(JitModule module) {
        List<Reached> found = new ArrayList<>();
        Set<Long> seen = new HashSet<>();
        for (Modules.Named each : Modules.all(module)) {
            for (Function method : Modules.methods(each.module())) {
                String name = Text.of(method.name());
                add(found, seen, method, each.name().isEmpty() ? name : each.name() + "." + name);
            }
        }
        // The list grows while it is walked: what a function calls is appended behind it.
        for (int i = 0; i < found.size(); i++) {
            forEachNode(found.get(i).graph().block(), node -> {
                Function callee = calledBy(node);
                if (callee != null) {
                    add(found, seen, callee, Text.of(callee.qualname().qualifiedName()));
                }
            });
        }
        return found;
    }

    private static void add(List<Reached> found, Set<Long> seen, Function function, String name) {
        GraphFunction graphFunction = torch.tryToGraphFunction(function);
        if (graphFunction == null || !seen.add(function.address())) {
            return;
        }
        graphFunction.ensure_defined();
        found.add(new Reached(name, graphFunction, graphFunction.graph()));
    }

    /**
     * What a node calls by pointer, as far as the graph names it. Methods of interfaces are found through the
     * submodules that implement them.
     */
    private static Function calledBy(JitNode node) {
        int kind = kind(node);
        if (kind != CALL_FUNCTION && kind != CALL_METHOD) {
            return null;
        }
        Type type = node.input(0).type().get();
        if (kind == CALL_FUNCTION) {
            return type.kind().value == TypeKind.FunctionType.value ? new FunctionType(type).function() : null;
        }
        return type.kind().value == TypeKind.ClassType.value
                ? new ClassType(type).findMethod(node.s(Symbol.attr("name"))) : null;
    }

    /** Visits every node of a block, of its inner blocks and of subgraphs. */
    static void forEachNode(Block block, Consumer<JitNode> visit) {
        // Collected first: a visitor may insert nodes. The return node stands at the list's end.
        JitNode end = block.return_node();
        List<JitNode> nodes = new ArrayList<>();
        for (JitNode node = end.next(); node.address() != end.address(); node = node.next()) {
            nodes.add(node);
        }
        for (JitNode node : nodes) {
            visit.accept(node);
            BlockArrayRef blocks = node.blocks();
            for (long i = 0; i < blocks.size(); i++) {
                forEachNode(blocks.at(i), visit);
            }
            blocks.close();
            if (node.hasAttributes()) {
                forEachSubgraph(node, visit);
            }
        }
        visit.accept(end);
    }

    private static void forEachSubgraph(JitNode node, Consumer<JitNode> visit) {
        SymbolVector names = node.attributeNames();
        for (long i = 0; i < names.size(); i++) {
            if (node.kindOf(names.get(i)).value == JitAttributeKind.g.value) {
                forEachNode(node.g(names.get(i)).block(), visit);
            }
        }
    }

    /** An input of a node that is a constant and stands for a device or a dtype. */
    record ConstantUse(JitNode node, long input, boolean device, IValue value, String argument) {
    }

    /** The uses in one graph. */
    static List<ConstantUse> constantUses(Graph graph) {
        List<ConstantUse> uses = new ArrayList<>();
        forEachNode(graph.block(), node -> {
            long count;
            try (var inputs = node.inputs()) {
                count = inputs.size();
            }
            for (long i = 0; i < count; i++) {
                Value input = node.input(i);
                if (isConstant(input.node())) {
                    addUse(uses, node, i, input);
                }
            }
        });
        return uses;
    }

    private static void addUse(List<ConstantUse> uses, JitNode node, long index, Value input) {
        int kind = input.type().get().kind().value;
        boolean device = kind == TypeKind.DeviceObjType.value;
        if (!device && kind != TypeKind.IntType.value) {
            return;
        }
        FunctionSchema schema = node.maybeSchema();
        if (schema == null) {
            if (device) {
                uses.add(new ConstantUse(node, index, true, torch.toIValue(input).get(), ""));
            }
            return;
        }
        try (SchemaArguments arguments = new SchemaArguments(schema)) {
            Argument argument = index < arguments.count() ? arguments.get(index) : null;
            if (device || argument != null && takesDtype(argument)) {
                uses.add(new ConstantUse(node, index, device, torch.toIValue(input).get(),
                        argument == null ? "" : Text.of(argument.name())));
            }
        }
    }

    /** Whether an argument takes a dtype. Operators known to TorchScript alone declare it a plain integer. */
    private static boolean takesDtype(Argument argument) {
        return kindWithoutOptional(argument.real_type()) == TypeKind.ScalarTypeType.value
                || kindWithoutOptional(argument.type()) == TypeKind.IntType.value
                        && Text.of(argument.name()).equals("dtype");
    }

    private static int kindWithoutOptional(Type.TypePtr type) {
        Type inner = type.get();
        return inner.kind().value == TypeKind.OptionalType.value ? inner.containedType(0).get().kind().value
                : inner.kind().value;
    }
}
