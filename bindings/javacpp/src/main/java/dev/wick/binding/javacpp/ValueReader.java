package dev.wick.binding.javacpp;

import dev.wick.binding.BoxedValue;
import dev.wick.binding.Handle;
import dev.wick.error.UnsupportedFeatureException;
import java.util.ArrayList;
import java.util.List;
import org.bytedeco.javacpp.PointerScope;
import org.bytedeco.pytorch.DoubleComplex;
import org.bytedeco.pytorch.GenericDict;
import org.bytedeco.pytorch.GenericDictEntryRef;
import org.bytedeco.pytorch.GenericDictIterator;
import org.bytedeco.pytorch.IValue;
import org.bytedeco.pytorch.IValueArrayRef;
import org.bytedeco.pytorch.IValueVector;
import org.bytedeco.pytorch.TupleElements;

/** Reads native values into Java's; the tensors in them become handles of the caller's. */
final class ValueReader {
    private final List<Handle> made = new ArrayList<>();

    private ValueReader() {
    }

    /** Reads one value. */
    static BoxedValue read(IValue value) {
        if (value.isTensor()) {
            return tensor(value);
        }
        ValueReader reader = new ValueReader();
        try {
            return reader.read(value, 0);
        } catch (RuntimeException e) {
            reader.made.forEach(Handle::close);
            throw e;
        }
    }

    /** What a function left on its stack: nothing, one value, or several. */
    static BoxedValue readStack(IValueVector stack) {
        long size = stack.size();
        if (size == 1) {
            return read(stack.get(0));
        }
        if (size == 0) {
            return BoxedValue.NONE;
        }
        ValueReader reader = new ValueReader();
        List<BoxedValue> values = new ArrayList<>();
        try {
            for (long i = 0; i < size; i++) {
                values.add(reader.read(stack.get(i), 1));
            }
        } catch (RuntimeException e) {
            reader.made.forEach(Handle::close);
            throw e;
        }
        return new BoxedValue.TupleValue(List.copyOf(values));
    }

    private static BoxedValue tensor(IValue value) {
        return value.toTensor().defined() ? new BoxedValue.TensorValue(new TensorHandle(ValueSlot.of(value)))
                : BoxedValue.NONE;
    }

    private BoxedValue read(IValue value, int depth) {
        if (value.isTensor()) {
            BoxedValue tensor = tensor(value);
            if (tensor instanceof BoxedValue.TensorValue(var handle)) {
                made.add(handle);
            }
            return tensor;
        } else if (value.isNone()) {
            return BoxedValue.NONE;
        } else if (value.isInt()) {
            return new BoxedValue.IntValue(value.toInt());
        } else if (value.isDouble()) {
            return new BoxedValue.DoubleValue(value.toDouble());
        } else if (value.isBool()) {
            return new BoxedValue.BoolValue(value.toBool());
        }
        if (depth >= ValueBuilder.MAXIMUM_DEPTH) {
            throw new UnsupportedFeatureException("the result is nested deeper than " + ValueBuilder.MAXIMUM_DEPTH
                    + " levels, or contains itself");
        }
        try (PointerScope _ = new PointerScope()) {
            return readLarger(value, depth);
        }
    }

    private BoxedValue readLarger(IValue value, int depth) {
        if (value.isString()) {
            return new BoxedValue.StringValue(Text.of(value.toStringRef()));
        } else if (value.isTuple()) {
            TupleElements elements = value.toTupleRef().elements();
            List<BoxedValue> read = new ArrayList<>();
            for (long i = 0; i < elements.size(); i++) {
                read.add(read(elements.get(i), depth + 1));
            }
            return new BoxedValue.TupleValue(List.copyOf(read));
        } else if (value.isList()) {
            IValueArrayRef elements = value.toListRef();
            List<BoxedValue> read = new ArrayList<>();
            for (long i = 0; i < elements.size(); i++) {
                read.add(read(elements.at(i), depth + 1));
            }
            return new BoxedValue.ListValue(List.copyOf(read));
        } else if (value.isGenericDict()) {
            return readDict(value.toGenericDict(), depth);
        } else if (value.isComplexDouble()) {
            DoubleComplex number = value.toComplexDouble();
            return new BoxedValue.ComplexValue(number.real(), number.imag());
        } else if (value.isDevice()) {
            return new BoxedValue.DeviceValue(Text.of(value.toDevice().str()));
        }
        return new BoxedValue.OpaqueValue(value.isObject() ? Text.of(value.toObjectRef().type().str())
                : Text.of(value.tagKind()));
    }

    private BoxedValue readDict(GenericDict dict, int depth) {
        List<BoxedValue.Entry> entries = new ArrayList<>();
        GenericDictIterator end = dict.end();
        for (GenericDictIterator at = dict.begin(); at.notEquals(end); at.increment()) {
            GenericDictEntryRef entry = at.multiply();
            entries.add(new BoxedValue.Entry(read(entry.key(), depth + 1), read(entry.value(), depth + 1)));
        }
        return new BoxedValue.DictValue(List.copyOf(entries));
    }
}
