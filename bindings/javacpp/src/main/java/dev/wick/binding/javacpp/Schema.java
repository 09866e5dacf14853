package dev.wick.binding.javacpp;

import java.util.ArrayList;
import java.util.List;
import org.bytedeco.javacpp.PointerScope;
import org.bytedeco.pytorch.Argument;
import org.bytedeco.pytorch.FunctionSchema;
import org.bytedeco.pytorch.Type;
import org.bytedeco.pytorch.global.torch;

/** What a function takes, read once; any thread, until {@link #close()}. */
final class Schema implements AutoCloseable {

    /**
     * One argument.
     *
     * @param type         what the stack must hold
     * @param real         what it stands for: a dtype, a layout
     * @param repeat       elements that a single number stands for, or 0
     * @param defaultValue null where there is none
     */
    record Parameter(String name, TypeTree type, TypeTree real, int repeat, Owned.Value defaultValue) {
    }

    private final String name;
    private final String overload;
    private final List<Parameter> parameters;
    private final boolean takesMore;
    private final String text;
    private final List<Type.TypePtr> kept = new ArrayList<>();

    Schema(FunctionSchema schema) {
        try (PointerScope _ = new PointerScope()) {
            name = Text.of(schema.name());
            overload = Text.of(schema.overload_name());
            takesMore = schema.is_vararg();
            text = Text.of(torch.toString(schema));
            List<Parameter> found = new ArrayList<>();
            try (SchemaArguments arguments = new SchemaArguments(schema)) {
                for (long i = 0; i < arguments.count(); i++) {
                    found.add(parameter(arguments.get(i)));
                }
            }
            parameters = List.copyOf(found);
        }
    }

    private Parameter parameter(Argument argument) {
        TypeTree type = TypeTree.read(argument.type(), kept);
        TypeTree real = TypeTree.read(argument.real_type(), kept);
        return new Parameter(Text.of(argument.name()), type, real.same(type) ? type : real,
                argument.N().has_value() ? argument.N().get() : 0,
                argument.default_value().has_value() ? new Owned.Value(argument.default_value().get()) : null);
    }

    String name() {
        return name;
    }

    String overload() {
        return overload;
    }

    List<Parameter> parameters() {
        return parameters;
    }

    /** Whether further arguments of any type may follow. */
    boolean takesMore() {
        return takesMore;
    }

    /** As TorchScript writes it. */
    @Override
    public String toString() {
        return text;
    }

    @Override
    public void close() {
        for (Parameter parameter : parameters) {
            if (parameter.defaultValue() != null) {
                parameter.defaultValue().giveBack();
            }
        }
        kept.forEach(Type.TypePtr::close);
    }
}
