package dev.wick.binding.panama;

import dev.wick.binding.BoxedValue;
import dev.wick.binding.panama.generated.WickTorch;
import dev.wick.binding.panama.generated.wick_result;
import dev.wick.binding.panama.generated.wick_value;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.List;

/** Reads one result tree of the shim's and gives its storage back. */
final class ResultReader {
    private static final long NODE_BYTES = wick_value.layout().byteSize();

    private final MemorySegment nodes;
    private long next;

    private ResultReader(MemorySegment nodes) {
        this.nodes = nodes;
    }

    /** Reads the result of a frame's call; its tensors become handles of the caller's. */
    static BoxedValue read(Frame frame) {
        MemorySegment result = frame.result;
        long storage = wick_result.storage(result);
        if (storage == 0) {
            // A few nodes without texts, in the frame itself: most results.
            return new ResultReader(wick_result.inline_values(result)).read();
        }
        try {
            return new ResultReader(wick_result.values(result).reinterpret(wick_result.count(result) * NODE_BYTES)).read();
        } finally {
            WickTorch.wick_result_free(storage);
        }
    }

    private BoxedValue read() {
        MemorySegment node = nodes.asSlice(next++ * NODE_BYTES, NODE_BYTES);
        int kind = wick_value.kind(node);
        long integer = wick_value.integer(node);
        if (kind == WickTorch.WICK_TENSOR()) {
            return new BoxedValue.TensorValue(new PanamaHandle(PanamaHandle.Kind.TENSOR, integer));
        } else if (kind == WickTorch.WICK_NONE()) {
            return BoxedValue.NONE;
        } else if (kind == WickTorch.WICK_INT()) {
            return new BoxedValue.IntValue(integer);
        } else if (kind == WickTorch.WICK_DOUBLE()) {
            return new BoxedValue.DoubleValue(wick_value.real(node));
        } else if (kind == WickTorch.WICK_BOOL()) {
            return new BoxedValue.BoolValue(integer != 0);
        } else if (kind == WickTorch.WICK_STRING()) {
            return new BoxedValue.StringValue(text(node));
        } else if (kind == WickTorch.WICK_DEVICE()) {
            return new BoxedValue.DeviceValue(text(node));
        } else if (kind == WickTorch.WICK_COMPLEX()) {
            return new BoxedValue.ComplexValue(wick_value.real(node), wick_value.imaginary(node));
        } else if (kind == WickTorch.WICK_LIST()) {
            return new BoxedValue.ListValue(readAll(integer));
        } else if (kind == WickTorch.WICK_TUPLE()) {
            return new BoxedValue.TupleValue(readAll(integer));
        } else if (kind == WickTorch.WICK_DICT()) {
            List<BoxedValue.Entry> entries = new ArrayList<>();
            for (long i = 0; i < integer; i++) {
                BoxedValue key = read();
                entries.add(new BoxedValue.Entry(key, read()));
            }
            return new BoxedValue.DictValue(entries);
        } else if (kind == WickTorch.WICK_OPAQUE()) {
            return new BoxedValue.OpaqueValue(text(node));
        }
        throw new IllegalStateException("the shim returned a value of unknown kind " + kind);
    }

    private List<BoxedValue> readAll(long count) {
        List<BoxedValue> values = new ArrayList<>((int) count);
        for (long i = 0; i < count; i++) {
            values.add(read());
        }
        return values;
    }

    private static String text(MemorySegment node) {
        byte[] bytes = MemorySegment.ofAddress(wick_value.integer(node)).reinterpret(wick_value.length(node))
                .toArray(ValueLayout.JAVA_BYTE);
        return new String(bytes, StandardCharsets.UTF_8);
    }
}
