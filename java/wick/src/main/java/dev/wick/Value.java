package dev.wick;

import dev.wick.binding.BoxedValue;
import dev.wick.error.BadArgumentException;
import java.util.ArrayList;
import java.util.Collections;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;

/**
 * The result of a method or an operator, as a tree of tensors, scalars, texts, lists, tuples and dictionaries; any
 * thread.
 *
 * <p>The tensors in it belong to it: closing the value closes each of them that {@link #tensor()} and its like have
 * handed out or not, so take what must live longer out of the current {@link TensorScope} and do not close the value.
 */
public final class Value implements AutoCloseable {

    /** What a value is. */
    public enum Kind {
        NONE, TENSOR, INT, DOUBLE, BOOL, COMPLEX, STRING, DEVICE, LIST, TUPLE, DICT, OPAQUE
    }

    /** A complex number. */
    public record Complex(double real, double imaginary) {
    }

    private final Kind kind;
    private final Object content;

    private Value(Kind kind, Object content) {
        this.kind = kind;
        this.content = content;
    }

    static Value of(BoxedValue boxed) {
        // Apart from the switch, since it is what nearly every call gives.
        return boxed instanceof BoxedValue.TensorValue(var handle) ? new Value(Kind.TENSOR, new Tensor(handle))
                : ofOther(boxed);
    }

    private static Value ofOther(BoxedValue boxed) {
        return switch (boxed) {
            case BoxedValue.TensorValue _ -> of(boxed);
            case BoxedValue.None _ -> new Value(Kind.NONE, null);
            case BoxedValue.IntValue(var number) -> new Value(Kind.INT, number);
            case BoxedValue.DoubleValue(var number) -> new Value(Kind.DOUBLE, number);
            case BoxedValue.BoolValue(var truth) -> new Value(Kind.BOOL, truth);
            case BoxedValue.ComplexValue(var real, var imaginary) ->
                new Value(Kind.COMPLEX, new Complex(real, imaginary));
            case BoxedValue.StringValue(var text) -> new Value(Kind.STRING, text);
            case BoxedValue.DeviceValue(var device) -> new Value(Kind.DEVICE, device);
            case BoxedValue.ListValue(var elements) -> new Value(Kind.LIST, all(elements));
            case BoxedValue.TupleValue(var elements) -> new Value(Kind.TUPLE, all(elements));
            case BoxedValue.DictValue(var entries) -> {
                Map<Object, Value> map = new LinkedHashMap<>();
                for (BoxedValue.Entry entry : entries) {
                    map.put(of(entry.key()).toKey(), of(entry.value()));
                }
                yield new Value(Kind.DICT, Collections.unmodifiableMap(map));
            }
            case BoxedValue.OpaqueValue(var type) -> new Value(Kind.OPAQUE, type);
            case BoxedValue.LongArrayValue _, BoxedValue.DoubleArrayValue _, BoxedValue.KeywordValue _,
                    BoxedValue.GeneratorValue _ -> throw new IllegalStateException("not a result: " + boxed);
        };
    }

    private static List<Value> all(List<BoxedValue> elements) {
        List<Value> values = new ArrayList<>(elements.size());
        for (BoxedValue element : elements) {
            values.add(of(element));
        }
        return Collections.unmodifiableList(values);
    }

    private Object toKey() {
        return content;
    }

    public Kind kind() {
        return kind;
    }

    public boolean isNone() {
        return kind == Kind.NONE;
    }

    /** The tensor that this value is. */
    public Tensor tensor() {
        return (Tensor) require(Kind.TENSOR);
    }

    public long asLong() {
        return (Long) require(Kind.INT);
    }

    /** The number that this value is; an integer is widened. */
    public double asDouble() {
        return kind == Kind.INT ? (Long) content : (Double) require(Kind.DOUBLE);
    }

    public boolean asBoolean() {
        return (Boolean) require(Kind.BOOL);
    }

    public Complex asComplex() {
        return (Complex) require(Kind.COMPLEX);
    }

    public String asString() {
        return (String) require(Kind.STRING);
    }

    /** The device that this value is. */
    public Device asDevice() {
        return Device.parse((String) require(Kind.DEVICE));
    }

    /** The TorchScript type of a value that Java has no form for. */
    public String opaqueType() {
        return (String) require(Kind.OPAQUE);
    }

    /** The elements of a list or a tuple; unmodifiable. */
    public List<Value> elements() {
        if (kind != Kind.LIST && kind != Kind.TUPLE) {
            throw wrong("a list or a tuple");
        }
        return listContent();
    }

    @SuppressWarnings("unchecked")
    private List<Value> listContent() {
        return (List<Value>) content;
    }

    /** An element of a list or a tuple. */
    public Value get(int index) {
        List<Value> elements = elements();
        if (index < 0 || index >= elements.size()) {
            throw new BadArgumentException("expected an index below " + elements.size() + ", got " + index);
        }
        return elements.get(index);
    }

    /** A dictionary by its keys (Long, Double, Boolean, String or Tensor), in its own order; unmodifiable. */
    @SuppressWarnings("unchecked")
    public Map<Object, Value> dict() {
        return (Map<Object, Value>) require(Kind.DICT);
    }

    /** A dictionary's value by a text key. */
    public Value get(String key) {
        Value value = dict().get(key);
        if (value == null) {
            throw new dev.wick.error.NotFoundException("no key '" + key + "'; there are " + dict().keySet());
        }
        return value;
    }

    /** Every tensor in the tree, in order. */
    public List<Tensor> tensors() {
        List<Tensor> found = new ArrayList<>();
        collect(found);
        return found;
    }

    private void collect(List<Tensor> found) {
        switch (kind) {
            case TENSOR -> found.add((Tensor) content);
            case LIST, TUPLE -> listContent().forEach(element -> element.collect(found));
            case DICT -> dict().forEach((key, value) -> {
                if (key instanceof Tensor tensor) {
                    found.add(tensor);
                }
                value.collect(found);
            });
            default -> {
                // No tensor in it.
            }
        }
    }

    private Object require(Kind expected) {
        if (kind != expected) {
            throw wrong(expected.name());
        }
        return content;
    }

    private BadArgumentException wrong(String expected) {
        return new BadArgumentException("expected " + expected + ", got " + kind);
    }

    /** Closes every tensor in the tree. */
    @Override
    public void close() {
        if (kind == Kind.TENSOR) {
            ((Tensor) content).close();
        } else {
            tensors().forEach(Tensor::close);
        }
    }

    /** The tree as a person reads it: tensors by dtype and shape. */
    @Override
    public String toString() {
        return switch (kind) {
            case NONE -> "None";
            case STRING -> "'" + content + "'";
            case TUPLE -> "(" + String.join(", ", listContent().stream().map(Value::toString).toList()) + ")";
            case OPAQUE -> "<" + content + ">";
            default -> String.valueOf(content);
        };
    }
}
