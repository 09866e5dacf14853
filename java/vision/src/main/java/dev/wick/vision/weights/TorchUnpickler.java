package dev.wick.vision.weights;

import dev.wick.DType;
import dev.wick.error.ModelUnreadableException;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.math.BigInteger;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.charset.CharacterCodingException;
import java.nio.charset.CodingErrorAction;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.HashMap;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;

/**
 * Reads the pickles that {@code torch.save} writes for state dicts, and executes nothing; one thread.
 *
 * <p>A pickle is a program for a stack machine that can call any Python function. This one knows dictionaries, lists,
 * tuples, texts, numbers, and these names: {@code torch._utils._rebuild_tensor_v2}, {@code
 * torch._utils._rebuild_parameter}, {@code collections.OrderedDict} and torch's storages. Opcodes are those of Python's
 * protocols 2 to 4 (Lib/pickletools.py).
 */
final class TorchUnpickler {
    /** Real checkpoints have some ten instructions for each tensor; each may cost some hundred bytes of Java's heap. */
    private static final int MOST_INSTRUCTIONS = 5_000_000;
    private static final int LONGEST_TEXT = 1 << 20;
    private static final int LONGEST_INTEGER = 64;
    private static final int MAXIMUM_DIMENSIONS = 64;
    private static final int STORAGE_TUPLE = 5;

    private static final ValueLayout.OfShort SHORT =
            ValueLayout.JAVA_SHORT_UNALIGNED.withOrder(ByteOrder.LITTLE_ENDIAN);
    private static final ValueLayout.OfInt INT = ValueLayout.JAVA_INT_UNALIGNED.withOrder(ByteOrder.LITTLE_ENDIAN);
    private static final ValueLayout.OfLong LONG = ValueLayout.JAVA_LONG_UNALIGNED.withOrder(ByteOrder.LITTLE_ENDIAN);
    private static final ValueLayout.OfDouble DOUBLE =
            ValueLayout.JAVA_DOUBLE_UNALIGNED.withOrder(ByteOrder.BIG_ENDIAN);

    private static final String REBUILD_TENSOR = "torch._utils._rebuild_tensor_v2";
    private static final String REBUILD_PARAMETER = "torch._utils._rebuild_parameter";
    private static final String ORDERED_DICT = "collections.OrderedDict";
    private static final Map<String, DType> STORAGES = Map.ofEntries(Map.entry("FloatStorage", DType.FLOAT32),
            Map.entry("HalfStorage", DType.FLOAT16), Map.entry("BFloat16Storage", DType.BFLOAT16),
            Map.entry("DoubleStorage", DType.FLOAT64), Map.entry("LongStorage", DType.INT64),
            Map.entry("IntStorage", DType.INT32), Map.entry("ShortStorage", DType.INT16),
            Map.entry("CharStorage", DType.INT8), Map.entry("ByteStorage", DType.UINT8),
            Map.entry("BoolStorage", DType.BOOL), Map.entry("ComplexFloatStorage", DType.COMPLEX64),
            Map.entry("ComplexDoubleStorage", DType.COMPLEX128));

    /**
     * A storage that the file holds elsewhere.
     *
     * @param elements that it must have
     */
    record Storage(DType dtype, String key, long elements) {
    }

    /** A tensor inside of its storage; offset and strides in elements. */
    record Strided(Storage storage, long offset, long[] shape, long[] strides) {
    }

    /** What a pickle names: a function, class or storage of the list above. */
    private record Global(String name) {
    }

    /** Python's tuple; unlike a list nothing changes it. */
    record Tuple(List<Object> elements) {
    }

    /** What stands for Python's None. */
    static final Object NONE = new Object() {
        @Override
        public String toString() {
            return "None";
        }
    };
    private static final Object MARK = new Object();

    private final MemorySegment pickle;
    private final String source;
    private final List<Object> stack = new ArrayList<>();
    private final Map<Long, Object> memo = new HashMap<>();
    /** Storages by key: two that claim one key must be the same. */
    private final Map<String, Storage> storages = new LinkedHashMap<>();
    private long at;
    private int instructions;

    TorchUnpickler(MemorySegment pickle, String source) {
        this.pickle = pickle;
        this.source = source;
    }

    /** Reads the pickle that begins here and leaves the position behind it. */
    Object read() {
        stack.clear();
        memo.clear();
        try {
            return run();
        } catch (IndexOutOfBoundsException e) {
            throw wrong("it ends inside an instruction, or an instruction points outside of it");
        }
    }

    long position() {
        return at;
    }

    void position(long position) {
        at = position;
    }

    /** All storages that tensors were asked for, in the order of their first use. */
    Map<String, Storage> storages() {
        return storages;
    }

    private Object run() {
        while (true) {
            if (++instructions > MOST_INSTRUCTIONS) {
                throw wrong("it has more than " + MOST_INSTRUCTIONS + " instructions, which no state dict needs");
            }
            int opcode = u8();
            switch (opcode) {
                case '.' -> {
                    Object result = pop();
                    if (!stack.isEmpty()) {
                        throw wrong("it leaves more than one object");
                    }
                    return result;
                }
                case 0x80 -> {
                    int protocol = u8();
                    if (protocol < 2 || protocol > 5) {
                        throw wrong("it is of protocol " + protocol + "; 2 to 5 are read");
                    }
                }
                case 0x95 -> {
                    long frame = i64();
                    if (frame < 0 || frame > pickle.byteSize() - at) {
                        throw wrong("a frame reaches beyond its end");
                    }
                }
                case '(' -> push(MARK);
                case ']' -> push(new ArrayList<>());
                case '}' -> push(new LinkedHashMap<>());
                case ')' -> push(new Tuple(List.of()));
                case 'N' -> push(NONE);
                case 0x88 -> push(true);
                case 0x89 -> push(false);
                case 'K' -> push((long) u8());
                case 'M' -> push((long) u16());
                case 'J' -> push((long) i32());
                case 0x8a -> push(integer(u8()));
                case 0x8b -> push(integer(i32()));
                case 'G' -> {
                    push(pickle.get(DOUBLE, at));
                    at += Double.BYTES;
                }
                case 'X' -> push(text(u32(), false));
                case 0x8c -> push(text(u8(), false));
                case 0x8d -> push(text(i64(), false));
                case 'T' -> push(text(i32(), true));
                case 'U' -> push(text(u8(), true));
                case 'B' -> push(bytes(u32()));
                case 'C' -> push(bytes(u8()));
                case 0x8e -> push(bytes(i64()));
                case 'c' -> {
                    String module = line();
                    push(global(module, line()));
                }
                case 0x93 -> {
                    Object name = pop();
                    if (!(pop() instanceof String module) || !(name instanceof String text)) {
                        throw wrong("a name is no text");
                    }
                    push(global(module, text));
                }
                case 'q' -> memo.put((long) u8(), top());
                case 'r' -> memo.put(u32(), top());
                case 0x94 -> memo.put((long) memo.size(), top());
                case 'h' -> push(remembered(u8()));
                case 'j' -> push(remembered(u32()));
                case '0' -> pop();
                case '1' -> popToMark();
                case '2' -> push(top());
                case 'a' -> {
                    Object element = pop();
                    list().add(element);
                }
                case 'e' -> {
                    List<Object> elements = popToMark();
                    list().addAll(elements);
                }
                case 's' -> {
                    Object value = pop();
                    Object key = pop();
                    put(dictionary(), key, value);
                }
                case 'u' -> putAll(popToMark());
                case 't' -> push(new Tuple(popToMark()));
                case 0x85 -> push(tuple(1));
                case 0x86 -> push(tuple(2));
                case 0x87 -> push(tuple(3));
                case 'l' -> push(popToMark());
                case 'd' -> {
                    List<Object> elements = popToMark();
                    push(new LinkedHashMap<>());
                    putAll(elements);
                }
                case 'Q' -> push(storage(pop()));
                case 'R', 0x81 -> {
                    Object arguments = pop();
                    push(call(pop(), arguments));
                }
                case 'b' -> {
                    Object state = pop();
                    // state_dict() keeps versions in an attribute of its dictionary; nothing else has attributes here.
                    if (!(top() instanceof Map) || !(state instanceof Map)) {
                        throw wrong("it sets the state of something other than a dictionary");
                    }
                }
                default -> throw wrong("it has an instruction " + (opcode > ' ' && opcode < 0x7f
                        ? "'" + (char) opcode + "'" : "0x" + Integer.toHexString(opcode))
                        + ", which state dicts do not need");
            }
        }
    }

    // What names mean

    private Global global(String module, String name) {
        String qualified = module + "." + name;
        boolean known = switch (qualified) {
            case REBUILD_TENSOR, REBUILD_PARAMETER, ORDERED_DICT -> true;
            default -> (module.equals("torch") || module.equals("torch.cuda")) && STORAGES.containsKey(name);
        };
        if (!known) {
            throw new ModelUnreadableException(source, "it asks for " + printable(qualified)
                    + ", which is no part of a "
                    + "plain state dict; nothing was executed: save torch.save(model.state_dict(), file)");
        }
        return new Global(qualified);
    }

    private Object call(Object callee, Object arguments) {
        if (!(callee instanceof Global(String name)) || !(arguments instanceof Tuple(List<Object> elements))) {
            throw wrong("it calls something that is no function");
        }
        return switch (name) {
            case ORDERED_DICT -> orderedDict(elements);
            case REBUILD_TENSOR -> tensor(elements);
            case REBUILD_PARAMETER -> {
                if (elements.isEmpty() || !(elements.getFirst() instanceof Strided parameter)) {
                    throw wrong("a parameter is made of something other than a tensor");
                }
                yield parameter;
            }
            default -> throw wrong("it calls " + name);
        };
    }

    private Map<Object, Object> orderedDict(List<Object> arguments) {
        Map<Object, Object> made = new LinkedHashMap<>();
        if (arguments.isEmpty()) {
            return made;
        }
        if (arguments.size() != 1 || !(arguments.getFirst() instanceof List<?> pairs)) {
            throw wrong("an OrderedDict is made of something other than a list of pairs");
        }
        for (Object pair : pairs) {
            List<?> cells = pair instanceof Tuple(List<Object> elements) ? elements
                    : pair instanceof List<?> list ? list : List.of();
            if (cells.size() != 2) {
                throw wrong("an OrderedDict is made of something other than a list of pairs");
            }
            put(made, cells.get(0), cells.get(1));
        }
        return made;
    }

    private Strided tensor(List<Object> arguments) {
        if (arguments.size() < 4 || !(arguments.get(0) instanceof Storage storage)
                || !(arguments.get(1) instanceof Long offset)) {
            throw wrong("a tensor is made of something other than storage, offset, sizes and strides");
        }
        if (arguments.size() > 6 && !(arguments.get(6) == NONE
                || arguments.get(6) instanceof Map<?, ?> metadata && metadata.isEmpty())) {
            throw wrong("a tensor carries metadata, as conjugated and negated views do: save it with resolve_conj()");
        }
        long[] shape = sizes(arguments.get(2));
        long[] strides = sizes(arguments.get(3));
        if (shape.length != strides.length) {
            throw wrong("a tensor has " + shape.length + " sizes and " + strides.length + " strides");
        }
        requireInside(storage, offset, shape, strides);
        return new Strided(storage, offset, shape, strides);
    }

    private void requireInside(Storage storage, long offset, long[] shape, long[] strides) {
        try {
            long elements = 1;
            long last = offset;
            for (int i = 0; i < shape.length; i++) {
                elements = Math.multiplyExact(elements, shape[i]);
                last = Math.addExact(last, Math.multiplyExact(Math.max(0, shape[i] - 1), strides[i]));
            }
            Math.multiplyExact(elements, storage.dtype.byteSize());
            if (offset < 0 || offset > storage.elements || elements > 0 && last >= storage.elements) {
                throw wrong("a tensor of shape " + Arrays.toString(shape) + ", strides " + Arrays.toString(strides)
                        + " and offset " + offset + " reaches outside of its storage of " + storage.elements
                        + " elements");
            }
        } catch (ArithmeticException e) {
            throw wrong("a tensor of shape " + Arrays.toString(shape)
                    + " has more elements than a 64-bit number counts");
        }
    }

    private long[] sizes(Object object) {
        if (!(object instanceof Tuple(List<Object> elements)) || elements.size() > MAXIMUM_DIMENSIONS) {
            throw wrong("a tensor's sizes or strides are no tuple of at most " + MAXIMUM_DIMENSIONS + " numbers");
        }
        long[] sizes = new long[elements.size()];
        for (int i = 0; i < sizes.length; i++) {
            if (!(elements.get(i) instanceof Long size) || size < 0) {
                throw wrong("a tensor's sizes and strides are 64-bit numbers from 0, got " + describe(elements.get(i)));
            }
            sizes[i] = size;
        }
        return sizes;
    }

    private Storage storage(Object id) {
        if (!(id instanceof Tuple(List<Object> cells)) || cells.size() < STORAGE_TUPLE
                || !"storage".equals(cells.get(0))
                || !(cells.get(1) instanceof Global(String type)) || !(cells.get(2) instanceof String key)
                || !(cells.get(3) instanceof String) || !(cells.get(4) instanceof Long elements)) {
            throw wrong("a reference to a storage is malformed");
        }
        DType dtype = STORAGES.get(type.substring(type.lastIndexOf('.') + 1));
        if (dtype == null || elements < 0) {
            throw wrong("a reference to a storage is malformed");
        }
        if (cells.size() > STORAGE_TUPLE && cells.get(STORAGE_TUPLE) != NONE) {
            throw wrong("a storage is a view of another, as PyTorch wrote before 0.4: load it there and save it again");
        }
        Storage storage = new Storage(dtype, key, elements);
        Storage before = storages.putIfAbsent(key, storage);
        if (before != null && !before.equals(storage)) {
            throw wrong("storage " + printable(key) + " is " + before.elements + " elements of "
                    + before.dtype.torchName()
                    + " and " + elements + " of " + dtype.torchName());
        }
        return storage;
    }

    // The stack machine

    private void push(Object object) {
        stack.add(object);
    }

    private Object pop() {
        Object object = top();
        stack.removeLast();
        return object;
    }

    private Object top() {
        if (stack.isEmpty() || stack.getLast() == MARK) {
            throw wrong("an instruction finds nothing on the stack");
        }
        return stack.getLast();
    }

    private List<Object> popToMark() {
        int mark = stack.lastIndexOf(MARK);
        if (mark < 0) {
            throw wrong("an instruction finds no mark on the stack");
        }
        List<Object> above = stack.subList(mark + 1, stack.size());
        List<Object> elements = new ArrayList<>(above);
        above.clear();
        stack.removeLast();
        return elements;
    }

    private Tuple tuple(int size) {
        Object[] elements = new Object[size];
        for (int i = size - 1; i >= 0; i--) {
            elements[i] = pop();
        }
        return new Tuple(List.of(elements));
    }

    @SuppressWarnings("unchecked")
    private List<Object> list() {
        if (!(top() instanceof List<?> list)) {
            throw wrong("an instruction adds to something other than a list");
        }
        return (List<Object>) list;
    }

    @SuppressWarnings("unchecked")
    private Map<Object, Object> dictionary() {
        if (!(top() instanceof Map<?, ?> map)) {
            throw wrong("an instruction adds to something other than a dictionary");
        }
        return (Map<Object, Object>) map;
    }

    private void putAll(List<Object> elements) {
        if (elements.size() % 2 != 0) {
            throw wrong("a key has no value");
        }
        Map<Object, Object> map = dictionary();
        for (int i = 0; i < elements.size(); i += 2) {
            put(map, elements.get(i), elements.get(i + 1));
        }
    }

    private void put(Map<Object, Object> map, Object key, Object value) {
        // Lists and dictionaries can hold themselves, and have no hash then.
        if (!(key instanceof String || key instanceof Number || key instanceof Boolean)) {
            throw wrong("a key is " + describe(key) + ", no text or number");
        }
        if (map.put(key, value) != null) {
            throw wrong("key " + printable(key.toString()) + " stands twice in a dictionary");
        }
    }

    private Object remembered(long index) {
        Object object = memo.get(index);
        if (object == null) {
            throw wrong("an instruction recalls what was not remembered");
        }
        return object;
    }

    // Bytes

    private int u8() {
        return pickle.get(ValueLayout.JAVA_BYTE, at++) & 0xff;
    }

    private int u16() {
        int value = pickle.get(SHORT, at) & 0xffff;
        at += Short.BYTES;
        return value;
    }

    private int i32() {
        int value = pickle.get(INT, at);
        at += Integer.BYTES;
        return value;
    }

    private long u32() {
        return i32() & 0xffff_ffffL;
    }

    private long i64() {
        long value = pickle.get(LONG, at);
        at += Long.BYTES;
        return value;
    }

    private Object integer(int length) {
        if (length < 0 || length > LONGEST_INTEGER) {
            throw wrong("it has an integer of " + length + " bytes");
        }
        byte[] littleEndian = raw(length);
        byte[] bigEndian = new byte[length + 1];
        for (int i = 0; i < length; i++) {
            bigEndian[length - i] = littleEndian[i];
        }
        bigEndian[0] = (byte) (length > 0 && littleEndian[length - 1] < 0 ? -1 : 0);
        BigInteger value = new BigInteger(bigEndian);
        return value.bitLength() < Long.SIZE ? (Object) value.longValue() : value;
    }

    private byte[] raw(long length) {
        if (length < 0 || length > LONGEST_TEXT) {
            throw wrong("it has a text of " + length + " bytes; at most " + LONGEST_TEXT + " are read");
        }
        byte[] bytes = pickle.asSlice(at, length).toArray(ValueLayout.JAVA_BYTE);
        at += length;
        return bytes;
    }

    private Object bytes(long length) {
        raw(length);
        // Bytes carry no tensor of a state dict; that they are there is all that counts.
        return NONE;
    }

    /** Python 2's texts are bytes: ASCII in every state dict, and read so that none is refused. */
    private String text(long length, boolean ofPython2) {
        byte[] bytes = raw(length);
        if (ofPython2) {
            return new String(bytes, StandardCharsets.ISO_8859_1);
        }
        try {
            return StandardCharsets.UTF_8.newDecoder().onMalformedInput(CodingErrorAction.REPORT)
                    .onUnmappableCharacter(CodingErrorAction.REPORT).decode(ByteBuffer.wrap(bytes)).toString();
        } catch (CharacterCodingException e) {
            throw wrong("it has a text that is no UTF-8");
        }
    }

    private String line() {
        long end = at;
        while (pickle.get(ValueLayout.JAVA_BYTE, end) != '\n') {
            if (end - at > LONGEST_TEXT) {
                throw wrong("it has a name that does not end");
            }
            end++;
        }
        String line = new String(raw(end - at), StandardCharsets.UTF_8);
        at++;
        return line;
    }

    private static String describe(Object object) {
        return switch (object) {
            case Map<?, ?> _ -> "a dictionary";
            case List<?> _ -> "a list";
            case Tuple _ -> "a tuple";
            case Strided _ -> "a tensor";
            default -> printable(object.toString());
        };
    }

    static String printable(String text) {
        String printable = text.replaceAll("\\p{Cntrl}", "?");
        return printable.length() <= 120 ? printable : printable.substring(0, 120) + "...";
    }

    private ModelUnreadableException wrong(String reason) {
        return new ModelUnreadableException(source, "its pickle is no state dict's: " + reason);
    }
}
