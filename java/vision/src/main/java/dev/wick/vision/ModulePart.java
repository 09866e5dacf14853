package dev.wick.vision;

import dev.wick.DType;
import dev.wick.ModuleBuilder;
import dev.wick.Operator;
import dev.wick.Tensor;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.function.Supplier;

/**
 * A module of a model that is being made, or only described; one thread.
 *
 * <p>A description has all names and shapes and no tensors, so that one walk over an architecture both makes it and
 * tells what it is made of, however large it is. The tensors belong to the caller's {@link dev.wick.TensorScope}.
 */
final class ModulePart {
    private final ModuleBuilder builder;
    private final String prefix;
    private final Map<String, long[]> parameters;

    private ModulePart(ModuleBuilder builder, String prefix, Map<String, long[]> parameters) {
        this.builder = builder;
        this.prefix = prefix;
        this.parameters = parameters;
    }

    /** The root of a model that is made. */
    static ModulePart building(ModuleBuilder root) {
        return new ModulePart(root, "", new LinkedHashMap<>());
    }

    /** The root of a model that is described. */
    static ModulePart describing() {
        return new ModulePart(null, "", new LinkedHashMap<>());
    }

    /** Begins a submodule. */
    ModulePart child(String name, String className) {
        return new ModulePart(builder == null ? null : builder.child(name, className), prefix + name + ".", parameters);
    }

    /** Adds a parameter, uninitialised. A module's own stand before its children's when they are added before them. */
    Weight parameter(String name, long... shape) {
        parameters.put(prefix + name, shape.clone());
        if (builder == null) {
            return new Weight(shape, null);
        }
        Tensor tensor = Tensor.empty(DType.FLOAT32, shape);
        Operator.call("aten::requires_grad_", tensor, true).close();
        builder.parameter(name, tensor);
        return new Weight(shape, tensor);
    }

    /** Adds a buffer. */
    void buffer(String name, Supplier<Tensor> tensor) {
        if (builder != null) {
            builder.buffer(name, tensor.get());
        }
    }

    /** Compiles methods. */
    void define(String source) {
        if (builder != null) {
            builder.define(source);
        }
    }

    /** The qualified name of a parameter or a submodule of this one. */
    String qualified(String name) {
        return prefix + name;
    }

    /** Shapes of all parameters of the model so far, by qualified name. */
    Map<String, long[]> parameters() {
        return parameters;
    }
}
