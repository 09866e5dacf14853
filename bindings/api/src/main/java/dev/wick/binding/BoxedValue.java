package dev.wick.binding;

import java.util.List;

/**
 * An argument or result of an operator or a method, as a tree; immutable but for the arrays inside, which are not
 * copied.
 *
 * <p>Tensors in arguments stay the caller's; tensors in results are new handles that the caller must close.
 */
public sealed interface BoxedValue {

    /** No value: TorchScript's {@code None}, and what a function without a result returns. */
    None NONE = new None();

    record None() implements BoxedValue {
    }

    record TensorValue(Handle tensor) implements BoxedValue {
    }

    /** An integer, or a dtype, layout or memory format as its c10 code. */
    record IntValue(long value) implements BoxedValue {
    }

    record DoubleValue(double value) implements BoxedValue {
    }

    record BoolValue(boolean value) implements BoxedValue {
    }

    record ComplexValue(double real, double imaginary) implements BoxedValue {
    }

    record StringValue(String value) implements BoxedValue {
    }

    /** A device as LibTorch writes it: {@code cpu}, {@code cuda:0}. */
    record DeviceValue(String device) implements BoxedValue {
    }

    record ListValue(List<BoxedValue> elements) implements BoxedValue {
    }

    record TupleValue(List<BoxedValue> elements) implements BoxedValue {
    }

    record DictValue(List<Entry> entries) implements BoxedValue {
    }

    /** A key and its value, in the dictionary's order. */
    record Entry(BoxedValue key, BoxedValue value) {
    }

    /** Arguments only: a list of integers without a node for each. */
    record LongArrayValue(long[] values) implements BoxedValue {
    }

    /** Arguments only: a list of floating-point numbers without a node for each. */
    record DoubleArrayValue(double[] values) implements BoxedValue {
    }

    /** Arguments only, after the positional ones: a named argument. */
    record KeywordValue(String name, BoxedValue value) implements BoxedValue {
    }

    /** Arguments only: a fresh CPU random generator with this seed. */
    record GeneratorValue(long seed) implements BoxedValue {
    }

    /** Results only: something Java has no form for, by its TorchScript type. */
    record OpaqueValue(String type) implements BoxedValue {
    }
}
