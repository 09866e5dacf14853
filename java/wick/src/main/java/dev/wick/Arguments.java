package dev.wick;

import dev.wick.binding.BoxedValue;
import dev.wick.error.BadArgumentException;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;

/**
 * Makes arguments out of plain Java objects; any thread.
 *
 * <p>Tensor, Value (as it is), integers, floating-point numbers, Boolean, String, Device, DType and MemoryFormat (their
 * codes), List, Map, arrays of long, int, double, float and boolean, {@code null} for None; {@link #tuple}, {@link
 * #keyword} and {@link #generator} make what Java has no form for.
 */
public final class Arguments {
    private Arguments() {
    }

    /** A tuple of its elements. */
    public static Object tuple(Object... elements) {
        return new BoxedValue.TupleValue(boxAll(List.of(wrapNulls(elements))));
    }

    /** An argument by name; after the positional ones. */
    public static Object keyword(String name, Object value) {
        return new BoxedValue.KeywordValue(name, box(value));
    }

    /** A fresh CPU random generator with a seed. */
    public static Object generator(long seed) {
        return new BoxedValue.GeneratorValue(seed);
    }

    /** A complex number. */
    public static Object complex(double real, double imaginary) {
        return new BoxedValue.ComplexValue(real, imaginary);
    }

    static BoxedValue[] boxAll(Object... arguments) {
        BoxedValue[] boxed = new BoxedValue[arguments.length];
        for (int i = 0; i < arguments.length; i++) {
            // Tensors first: the long switch costs more than the rest of an ordinary call's arguments.
            boxed[i] = arguments[i] instanceof Tensor tensor ? new BoxedValue.TensorValue(tensor.usableHandle())
                    : box(arguments[i]);
        }
        return boxed;
    }

    private static Object[] wrapNulls(Object[] elements) {
        Object[] wrapped = new Object[elements.length];
        for (int i = 0; i < elements.length; i++) {
            wrapped[i] = elements[i] == null ? BoxedValue.NONE : elements[i];
        }
        return wrapped;
    }

    private static List<BoxedValue> boxAll(Iterable<?> elements) {
        List<BoxedValue> boxed = new ArrayList<>();
        for (Object element : elements) {
            boxed.add(box(element));
        }
        return boxed;
    }

    /** After a call: any tensor among the arguments may have been resized or moved in place. */
    static void changed(Object... arguments) {
        for (Object argument : arguments) {
            if (argument instanceof Tensor tensor) {
                tensor.changed();
            }
        }
    }

    static BoxedValue box(Object argument) {
        return switch (argument) {
            case null -> BoxedValue.NONE;
            case BoxedValue boxed -> boxed;
            case Tensor tensor -> new BoxedValue.TensorValue(tensor.usableHandle());
            case Value value -> box(value);
            case Long number -> new BoxedValue.IntValue(number);
            case Integer number -> new BoxedValue.IntValue(number);
            case Short number -> new BoxedValue.IntValue(number);
            case Byte number -> new BoxedValue.IntValue(number);
            case Double number -> new BoxedValue.DoubleValue(number);
            case Float number -> new BoxedValue.DoubleValue(number);
            case Boolean truth -> new BoxedValue.BoolValue(truth);
            case String text -> new BoxedValue.StringValue(text);
            case Value.Complex(var real, var imaginary) -> new BoxedValue.ComplexValue(real, imaginary);
            case Device device -> new BoxedValue.DeviceValue(device.toString());
            case DType dtype -> new BoxedValue.IntValue(dtype.code());
            case MemoryFormat format -> new BoxedValue.IntValue(format.code());
            case long[] values -> new BoxedValue.LongArrayValue(values);
            case double[] values -> new BoxedValue.DoubleArrayValue(values);
            case int[] values -> {
                long[] wide = new long[values.length];
                for (int i = 0; i < values.length; i++) {
                    wide[i] = values[i];
                }
                yield new BoxedValue.LongArrayValue(wide);
            }
            case float[] values -> {
                double[] wide = new double[values.length];
                for (int i = 0; i < values.length; i++) {
                    wide[i] = values[i];
                }
                yield new BoxedValue.DoubleArrayValue(wide);
            }
            case boolean[] values -> {
                List<BoxedValue> elements = new ArrayList<>(values.length);
                for (boolean value : values) {
                    elements.add(new BoxedValue.BoolValue(value));
                }
                yield new BoxedValue.ListValue(elements);
            }
            case Object[] elements -> new BoxedValue.ListValue(List.of(boxAll(elements)));
            case List<?> elements -> new BoxedValue.ListValue(boxAll(elements));
            case Map<?, ?> map -> {
                List<BoxedValue.Entry> entries = new ArrayList<>();
                map.forEach((key, value) -> entries.add(new BoxedValue.Entry(box(key), box(value))));
                yield new BoxedValue.DictValue(entries);
            }
            default -> throw new BadArgumentException("a " + argument.getClass().getName() + " cannot be an argument");
        };
    }

    private static BoxedValue box(Value value) {
        return switch (value.kind()) {
            case NONE -> BoxedValue.NONE;
            case TENSOR -> box(value.tensor());
            case INT -> box(value.asLong());
            case DOUBLE -> box(value.asDouble());
            case BOOL -> box(value.asBoolean());
            case COMPLEX -> box(value.asComplex());
            case STRING -> box(value.asString());
            case DEVICE -> box(value.asDevice());
            case LIST -> new BoxedValue.ListValue(boxAll(value.elements()));
            case TUPLE -> new BoxedValue.TupleValue(boxAll(value.elements()));
            case DICT -> box(value.dict());
            case OPAQUE -> throw new BadArgumentException("a value of type " + value.opaqueType()
                    + " cannot be an argument");
        };
    }
}
