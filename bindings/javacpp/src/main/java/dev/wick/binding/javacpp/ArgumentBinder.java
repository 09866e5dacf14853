package dev.wick.binding.javacpp;

import dev.wick.binding.BoxedValue;
import dev.wick.error.BadArgumentException;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import org.bytedeco.pytorch.IValue;

/** Fits arguments to a schema: positions, keywords, defaults; one call at a time. */
final class ArgumentBinder {
    private final Call call;
    private final ValueBuilder builder;

    ArgumentBinder(Call call) {
        this.call = call;
        this.builder = new ValueBuilder(call);
    }

    /** Binds, or says what does not fit and the schema. */
    void bindOrExplain(Schema schema, BoxedValue... arguments) {
        try {
            bind(schema, arguments);
        } catch (BadArgumentException e) {
            throw new BadArgumentException(schema.name() + ": " + e.getMessage() + "\nschema: " + schema);
        }
    }

    /** Pushes an argument for every parameter that has none yet. */
    void bind(Schema schema, BoxedValue... arguments) {
        List<Schema.Parameter> parameters = schema.parameters();
        int before = call.count();
        Map<String, TypeTree> variables = null;
        int next = 0;
        while (next < arguments.length && !(arguments[next] instanceof BoxedValue.KeywordValue)) {
            BoxedValue argument = arguments[next++];
            ValueBuilder.checkNesting(argument, 0);
            if (call.count() < parameters.size()) {
                Schema.Parameter parameter = parameters.get(call.count());
                if (parameter.type().hasVariables()) {
                    variables = variables == null ? new HashMap<>() : variables;
                }
                call.push(value(parameter, argument, variables));
            } else if (schema.takesMore()) {
                call.push(builder.infer(argument).value());
            } else {
                throw new BadArgumentException("expected at most " + (parameters.size() - before)
                        + " arguments, got more");
            }
        }
        if (call.count() < parameters.size() || next < arguments.length) {
            bindKeywords(parameters, arguments, next, variables);
        }
        if (schema.takesMore()) {
            // What the interpreter pushes for such an operator.
            call.push(call.temporary(new Owned.Value((long) call.count())));
        }
    }

    /** What the schema still wants after the positional arguments, from keywords and defaults. */
    private void bindKeywords(List<Schema.Parameter> parameters, BoxedValue[] arguments, int from,
            Map<String, TypeTree> variables) {
        int positional = call.count();
        IValue[] rest = new IValue[Math.max(0, parameters.size() - positional)];
        for (int i = from; i < arguments.length; i++) {
            if (!(arguments[i] instanceof BoxedValue.KeywordValue(var name, var argument))) {
                throw new BadArgumentException("a positional argument follows a keyword");
            }
            ValueBuilder.checkNesting(argument, 0);
            int index = indexOf(parameters, name);
            if (index < positional || rest[index - positional] != null) {
                throw new BadArgumentException("argument '" + name + "' is given twice");
            }
            rest[index - positional] = value(parameters.get(index), argument,
                    variables == null ? new HashMap<>() : variables);
        }
        for (int i = 0; i < rest.length; i++) {
            Schema.Parameter parameter = parameters.get(positional + i);
            if (rest[i] == null && parameter.defaultValue() == null) {
                throw new BadArgumentException("argument '" + parameter.name() + "' is missing");
            }
            call.push(rest[i] != null ? rest[i] : parameter.defaultValue());
        }
    }

    private static int indexOf(List<Schema.Parameter> parameters, String name) {
        for (int i = 0; i < parameters.size(); i++) {
            if (parameters.get(i).name().equals(name)) {
                return i;
            }
        }
        throw new BadArgumentException("there is no argument '" + name + "'");
    }

    private IValue value(Schema.Parameter parameter, BoxedValue argument, Map<String, TypeTree> variables) {
        try {
            return switch (parameter.type().kind()) {
                case UnionType, AnyListType, AnyTupleType -> checked(parameter, argument, Map.of());
                default -> parameter.type().hasVariables() ? checked(parameter, argument, variables)
                        : plain(parameter, argument);
            };
        } catch (BadArgumentException e) {
            throw new BadArgumentException("argument '" + parameter.name() + "': " + e.getMessage());
        }
    }

    private IValue plain(Schema.Parameter parameter, BoxedValue argument) {
        // Operators of TorchScript alone take a dtype as a plain int, and one that does not exist would wrap to
        // another.
        if (argument instanceof BoxedValue.IntValue(var code) && parameter.name().equals("dtype")) {
            Codes.scalarType(code);
        }
        return builder.build(parameter, argument);
    }

    /** A value of its own type, if the parameter takes that. */
    private IValue checked(Schema.Parameter parameter, BoxedValue argument, Map<String, TypeTree> variables) {
        ValueBuilder.Typed typed = builder.infer(argument);
        if (argument instanceof BoxedValue.DictValue(var entries) && entries.isEmpty()) {
            return typed.value();
        }
        if (!typed.type().matches(parameter.type(), variables)) {
            throw new BadArgumentException("expected " + parameter.type() + ", got " + typed.type());
        }
        return typed.value();
    }
}
