package dev.wick;

import dev.wick.binding.CallSettings;
import dev.wick.binding.Handle;
import java.util.List;

/**
 * Any operator that LibTorch knows, by name and overload; any thread. It needs no closing.
 *
 * <p>Arguments are what {@link Arguments} takes; they are checked against the operator's schema before it runs.
 */
public final class Operator {
    private final String name;
    private final String overload;
    private final Handle handle;

    private Operator(String name, String overload, Handle handle) {
        this.name = name;
        this.overload = overload;
        this.handle = handle;
    }

    /**
     * Finds an operator.
     *
     * @param name     qualified: {@code aten::add}
     * @param overload as in the schema: {@code Tensor}; empty for the unnamed one
     * @throws dev.wick.error.NotFoundException if there is none; the message lists the overloads
     */
    public static Operator of(String name, String overload) {
        return new Operator(name, overload, Engine.binding().findOperator(name, overload));
    }

    /** The schemas of all overloads of a name; empty when there are none. */
    public static List<String> schemas(String name) {
        return Engine.binding().operatorSchemas(name);
    }

    /** Calls the first overload of a name that takes the arguments, without recording a graph. */
    public static Value call(String name, Object... arguments) {
        return call(CallSettings.NO_GRAD, name, arguments);
    }

    /** Calls the first overload of a name that takes the arguments. */
    public static Value call(CallSettings settings, String name, Object... arguments) {
        try {
            return Value.of(Engine.binding().callOperator(name, settings, Arguments.boxAll(arguments)));
        } finally {
            Arguments.changed(arguments);
        }
    }

    /** Calls the operator without recording a graph. */
    public Value apply(Object... arguments) {
        return apply(CallSettings.NO_GRAD, arguments);
    }

    /** Calls the operator. */
    public Value apply(CallSettings settings, Object... arguments) {
        try {
            return Value.of(Engine.binding().callOperator(handle, settings, Arguments.boxAll(arguments)));
        } finally {
            Arguments.changed(arguments);
        }
    }

    /** The qualified name, with the overload behind a dot where it has one. */
    @Override
    public String toString() {
        return overload.isEmpty() ? name : name + "." + overload;
    }
}
