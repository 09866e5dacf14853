package dev.wick.binding.panama;

import dev.wick.binding.BoxedValue;
import dev.wick.binding.Handle;
import dev.wick.binding.panama.generated.WickTorch;
import dev.wick.binding.panama.generated.wick_value;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.List;

/**
 * Writes value trees as the shim reads them: flat, a parent before its children, with texts and arrays in a second
 * area. Tensors are acquired while they are written and released by {@link #clear()}.
 */
final class ArgumentWriter {
    private static final long NODE_BYTES = wick_value.layout().byteSize();
    private static final long ALIGNMENT = 8;
    /** Beyond this the recursion here and in the shim would be a danger to the stack. */
    private static final int MAXIMUM_DEPTH = 200;
    /** A larger area is not kept from call to call. */
    private static final long KEPT_BYTES = 1 << 20;

    private final List<AddressedHandle> acquired = new ArrayList<>();
    private MemorySegment nodes = Arena.ofAuto().allocate(16 * NODE_BYTES, ALIGNMENT);
    private MemorySegment data = Arena.ofAuto().allocate(1024, ALIGNMENT);
    private long nodeCount;
    private long dataBytes;

    /** Writes positional arguments and keywords; {@link #nodes()} and {@link #count()} are then what the shim takes. */
    void write(BoxedValue[] arguments) {
        long needed = 0;
        long bytes = 0;
        for (BoxedValue argument : arguments) {
            if (argument instanceof BoxedValue.TensorValue) {
                needed++;
            } else {
                needed += countNodes(argument, 0);
                bytes += countBytes(argument);
            }
        }
        if (nodes.byteSize() < needed * NODE_BYTES) {
            nodes = Arena.ofAuto().allocate(needed * NODE_BYTES, ALIGNMENT);
        }
        if (data.byteSize() < bytes) {
            data = Arena.ofAuto().allocate(bytes, ALIGNMENT);
        }
        for (BoxedValue argument : arguments) {
            if (argument instanceof BoxedValue.TensorValue(var tensor)) {
                writeTensor(tensor);
            } else {
                write(argument);
            }
        }
    }

    private void writeTensor(Handle tensor) {
        node(WickTorch.WICK_TENSOR(), acquire(PanamaHandle.of(tensor, PanamaHandle.Kind.TENSOR)), 0);
    }

    MemorySegment nodes() {
        return nodes;
    }

    long count() {
        return nodeCount;
    }

    void clear() {
        for (AddressedHandle handle : acquired) {
            handle.release();
        }
        acquired.clear();
        nodeCount = 0;
        dataBytes = 0;
        if (nodes.byteSize() > KEPT_BYTES) {
            nodes = Arena.ofAuto().allocate(16 * NODE_BYTES, ALIGNMENT);
        }
        if (data.byteSize() > KEPT_BYTES) {
            data = Arena.ofAuto().allocate(1024, ALIGNMENT);
        }
    }

    /** Keeps a native object in use until {@link #clear()}. */
    long acquire(AddressedHandle handle) {
        handle.acquire();
        acquired.add(handle);
        return handle.address();
    }

    private static long countNodes(BoxedValue value, int depth) {
        if (depth > MAXIMUM_DEPTH) {
            throw new dev.wick.error.BadArgumentException("a value is nested more than " + MAXIMUM_DEPTH + " deep");
        }
        long nodes = 1;
        switch (value) {
            case BoxedValue.ListValue(var elements) -> {
                for (BoxedValue element : elements) {
                    nodes += countNodes(element, depth + 1);
                }
            }
            case BoxedValue.TupleValue(var elements) -> {
                for (BoxedValue element : elements) {
                    nodes += countNodes(element, depth + 1);
                }
            }
            case BoxedValue.DictValue(var entries) -> {
                for (BoxedValue.Entry entry : entries) {
                    nodes += countNodes(entry.key(), depth + 1) + countNodes(entry.value(), depth + 1);
                }
            }
            case BoxedValue.KeywordValue(_, var named) -> nodes += countNodes(named, depth + 1);
            default -> {
                // A leaf.
            }
        }
        return nodes;
    }

    /** An upper bound of what {@link #write(BoxedValue)} puts into the second area. */
    private static long countBytes(BoxedValue value) {
        long bytes = 0;
        switch (value) {
            case BoxedValue.StringValue(var text) -> bytes = padded(3L * text.length());
            case BoxedValue.DeviceValue(var text) -> bytes = padded(3L * text.length());
            case BoxedValue.LongArrayValue(var values) -> bytes = 8L * values.length;
            case BoxedValue.DoubleArrayValue(var values) -> bytes = 8L * values.length;
            case BoxedValue.KeywordValue(var name, var named) ->
                bytes = padded(3L * name.length()) + countBytes(named);
            case BoxedValue.ListValue(var elements) -> {
                for (BoxedValue element : elements) {
                    bytes += countBytes(element);
                }
            }
            case BoxedValue.TupleValue(var elements) -> {
                for (BoxedValue element : elements) {
                    bytes += countBytes(element);
                }
            }
            case BoxedValue.DictValue(var entries) -> {
                for (BoxedValue.Entry entry : entries) {
                    bytes += countBytes(entry.key()) + countBytes(entry.value());
                }
            }
            default -> {
                // No text, no array.
            }
        }
        return bytes;
    }

    private void write(BoxedValue value) {
        switch (value) {
            case BoxedValue.None _ -> node(WickTorch.WICK_NONE(), 0, 0);
            case BoxedValue.TensorValue(var tensor) -> writeTensor(tensor);
            case BoxedValue.IntValue(var number) -> node(WickTorch.WICK_INT(), number, 0);
            case BoxedValue.BoolValue(var truth) -> node(WickTorch.WICK_BOOL(), truth ? 1 : 0, 0);
            case BoxedValue.GeneratorValue(var seed) -> node(WickTorch.WICK_GENERATOR(), seed, 0);
            case BoxedValue.DoubleValue(var number) ->
                wick_value.real(node(WickTorch.WICK_DOUBLE(), 0, 0), number);
            case BoxedValue.ComplexValue(var real, var imaginary) -> {
                MemorySegment node = node(WickTorch.WICK_COMPLEX(), 0, 0);
                wick_value.real(node, real);
                wick_value.imaginary(node, imaginary);
            }
            case BoxedValue.StringValue(var text) -> text(WickTorch.WICK_STRING(), text);
            case BoxedValue.DeviceValue(var text) -> text(WickTorch.WICK_DEVICE(), text);
            case BoxedValue.KeywordValue(var name, var named) -> {
                text(WickTorch.WICK_KEYWORD(), name);
                write(named);
            }
            case BoxedValue.ListValue(var elements) -> {
                node(WickTorch.WICK_LIST(), elements.size(), 0);
                elements.forEach(this::write);
            }
            case BoxedValue.TupleValue(var elements) -> {
                node(WickTorch.WICK_TUPLE(), elements.size(), 0);
                elements.forEach(this::write);
            }
            case BoxedValue.DictValue(var entries) -> {
                node(WickTorch.WICK_DICT(), entries.size(), 0);
                for (BoxedValue.Entry entry : entries) {
                    write(entry.key());
                    write(entry.value());
                }
            }
            case BoxedValue.LongArrayValue(var values) -> {
                MemorySegment place = reserve(8L * values.length);
                MemorySegment.copy(values, 0, place, ValueLayout.JAVA_LONG, 0, values.length);
                node(WickTorch.WICK_INT_ARRAY(), place.address(), values.length);
            }
            case BoxedValue.DoubleArrayValue(var values) -> {
                MemorySegment place = reserve(8L * values.length);
                MemorySegment.copy(values, 0, place, ValueLayout.JAVA_DOUBLE, 0, values.length);
                node(WickTorch.WICK_DOUBLE_ARRAY(), place.address(), values.length);
            }
            case BoxedValue.OpaqueValue(var type) ->
                throw new dev.wick.error.BadArgumentException("a value of type " + type + " cannot be an argument");
        }
    }

    private void text(int kind, String text) {
        byte[] bytes = text.getBytes(StandardCharsets.UTF_8);
        MemorySegment place = reserve(bytes.length);
        MemorySegment.copy(bytes, 0, place, ValueLayout.JAVA_BYTE, 0, bytes.length);
        node(kind, place.address(), bytes.length);
    }

    private MemorySegment node(int kind, long integer, long length) {
        MemorySegment node = nodes.asSlice(nodeCount++ * NODE_BYTES, NODE_BYTES);
        wick_value.kind(node, kind);
        wick_value.element_kind(node, 0);
        wick_value.integer(node, integer);
        wick_value.length(node, length);
        wick_value.real(node, 0);
        wick_value.imaginary(node, 0);
        return node;
    }

    private MemorySegment reserve(long bytes) {
        MemorySegment place = data.asSlice(dataBytes, bytes);
        dataBytes += padded(bytes);
        return place;
    }

    private static long padded(long bytes) {
        return (bytes + ALIGNMENT - 1) & -ALIGNMENT;
    }
}
