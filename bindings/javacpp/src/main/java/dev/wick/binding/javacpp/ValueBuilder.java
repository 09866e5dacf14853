package dev.wick.binding.javacpp;

import dev.wick.binding.BoxedValue;
import dev.wick.error.BadArgumentException;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.atomic.AtomicReferenceArray;
import org.bytedeco.javacpp.PointerScope;
import org.bytedeco.pytorch.DoubleComplex;
import org.bytedeco.pytorch.IValue;
import org.bytedeco.pytorch.IValueVector;
import org.bytedeco.pytorch.Scalar;
import org.bytedeco.pytorch.Tuple;
import org.bytedeco.pytorch.global.torch;
import org.bytedeco.pytorch.global.torch.TypeKind;

/** Makes native values of Java's, of a type that is asked for or of their own; one call at a time. */
final class ValueBuilder {
    /** Beyond this the recursion would be a danger to the stack. */
    static final int MAXIMUM_DEPTH = 200;

    /** Sizes, dimensions and codes, made once for the process. */
    private static final class SmallNumbers {
        private static final int COUNT = 4096;
        private static final AtomicReferenceArray<Owned.Value> VALUES = new AtomicReferenceArray<>(COUNT);

        static boolean has(long number) {
            return number >= 0 && number < COUNT;
        }

        static Owned.Value get(long number) {
            Owned.Value value = VALUES.get((int) number);
            if (value != null) {
                return value;
            }
            Owned.Value made = new Owned.Value(number);
            Owned.Value first = VALUES.compareAndExchange((int) number, null, made);
            if (first != null) {
                made.giveBack();
                return first;
            }
            return made;
        }
    }

    /** A value whose type is its own. */
    record Typed(IValue value, TypeTree type) {
    }

    private final Call call;
    ValueBuilder(Call call) {
        this.call = call;
    }

    private static BadArgumentException mismatch(TypeTree expected, BoxedValue got) {
        return new BadArgumentException("expected " + expected + ", got " + describe(got));
    }

    private static String describe(BoxedValue value) {
        return switch (value) {
            case BoxedValue.None _ -> "NONE";
            case BoxedValue.TensorValue _ -> "TENSOR";
            case BoxedValue.IntValue(var number) -> "INT " + number;
            case BoxedValue.DoubleValue(var number) -> "DOUBLE " + number;
            case BoxedValue.BoolValue(var truth) -> "BOOL " + truth;
            case BoxedValue.ComplexValue _ -> "COMPLEX";
            case BoxedValue.StringValue _ -> "STRING";
            case BoxedValue.DeviceValue _ -> "DEVICE";
            case BoxedValue.ListValue(var elements) -> "LIST of " + elements.size();
            case BoxedValue.TupleValue(var elements) -> "TUPLE of " + elements.size();
            case BoxedValue.DictValue(var entries) -> "DICT of " + entries.size();
            case BoxedValue.LongArrayValue(var values) -> "INT_ARRAY of " + values.length;
            case BoxedValue.DoubleArrayValue(var values) -> "DOUBLE_ARRAY of " + values.length;
            case BoxedValue.KeywordValue _ -> "KEYWORD";
            case BoxedValue.GeneratorValue _ -> "GENERATOR";
            case BoxedValue.OpaqueValue _ -> "OPAQUE";
        };
    }

    /** Refuses a value whose depth would be a danger to the stack, before anything is made of it. */
    static void checkNesting(BoxedValue value, int depth) {
        if (depth > MAXIMUM_DEPTH) {
            throw new BadArgumentException("a value is nested more than " + MAXIMUM_DEPTH + " deep");
        }
        switch (value) {
            case BoxedValue.ListValue(var elements) -> elements.forEach(each -> checkNesting(each, depth + 1));
            case BoxedValue.TupleValue(var elements) -> elements.forEach(each -> checkNesting(each, depth + 1));
            case BoxedValue.DictValue(var entries) -> entries.forEach(entry -> {
                checkNesting(entry.key(), depth + 1);
                checkNesting(entry.value(), depth + 1);
            });
            case BoxedValue.KeywordValue(_, var named) -> checkNesting(named, depth + 1);
            default -> {
                // A leaf.
            }
        }
    }

    /** A value for a parameter of a type. */
    IValue build(Schema.Parameter parameter, BoxedValue node) {
        return build(parameter.type(), parameter.real(), parameter.repeat(), node);
    }

    /** A value of a type. */
    IValue build(TypeTree type, BoxedValue node) {
        checkNesting(node, 0);
        return build(type, type, 0, node);
    }

    /** A value of its own type. */
    Typed infer(BoxedValue node) {
        checkNesting(node, 0);
        return inferred(node);
    }

    private IValue build(TypeTree type, TypeTree real, int repeat, BoxedValue node) {
        if (node instanceof BoxedValue.TensorValue(var tensor) && type.kind() == TypeKind.TensorType) {
            return call.use(TensorHandle.of(tensor));
        }
        if (type.hasVariables()) {
            return inferred(node).value();
        }
        return switch (type.kind()) {
            case OptionalType -> node instanceof BoxedValue.None ? none()
                    : build(type.element(), real.kind() == TypeKind.OptionalType ? real.element() : real, repeat, node);
            case ListType -> list(type, real, repeat, node);
            case TupleType -> tuple(type, node);
            case DictType -> dict(type, node);
            case AnyType, UnionType, AnyListType, AnyTupleType -> inferred(node).value();
            default -> leaf(type, real, node);
        };
    }

    private IValue none() {
        return call.temporary(new Owned.Value());
    }

    private IValue leaf(TypeTree type, TypeTree real, BoxedValue node) {
        IValue value = switch (type.kind()) {
            case TensorType -> node instanceof BoxedValue.TensorValue(var tensor)
                    ? call.use(TensorHandle.of(tensor)) : null;
            case IntType, SymIntType -> node instanceof BoxedValue.IntValue(var number)
                    ? integer(real, number) : null;
            case FloatType, SymFloatType -> switch (node) {
                case BoxedValue.DoubleValue(var number) -> number(number);
                case BoxedValue.IntValue(var number) -> number((double) number);
                default -> null;
            };
            case BoolType, SymBoolType -> node instanceof BoxedValue.BoolValue(var truth) ? bool(truth) : null;
            case ComplexType -> switch (node) {
                case BoxedValue.ComplexValue(var re, var im) -> complex(re, im);
                case BoxedValue.DoubleValue(var number) -> complex(number, 0);
                case BoxedValue.IntValue(var number) -> complex(number, 0);
                default -> null;
            };
            case NumberType -> isNumber(node) ? number(node) : null;
            case StringType -> node instanceof BoxedValue.StringValue(var text) ? text(text) : null;
            case DeviceObjType -> switch (node) {
                case BoxedValue.DeviceValue(var text) -> device(text);
                case BoxedValue.StringValue(var text) -> device(text);
                default -> null;
            };
            case GeneratorType -> node instanceof BoxedValue.GeneratorValue(var seed) ? generator(seed) : null;
            case NoneType -> node instanceof BoxedValue.None ? none() : null;
            default -> null;
        };
        if (value == null) {
            throw mismatch(real, node);
        }
        return value;
    }

    private IValue integer(TypeTree real, long number) {
        checkCode(real, number);
        return number(number);
    }

    private static void checkCode(TypeTree real, long code) {
        switch (real.kind()) {
            case ScalarTypeType -> Codes.scalarType(code);
            case LayoutType -> Codes.checkLayout(code);
            case MemoryFormatType -> Codes.checkMemoryFormat(code);
            default -> {
                // An integer.
            }
        }
    }

    private static boolean isNumber(BoxedValue node) {
        return node instanceof BoxedValue.IntValue || node instanceof BoxedValue.DoubleValue
                || node instanceof BoxedValue.BoolValue || node instanceof BoxedValue.ComplexValue;
    }

    private IValue number(BoxedValue node) {
        return switch (node) {
            case BoxedValue.IntValue(var number) -> number(number);
            case BoxedValue.DoubleValue(var number) -> number(number);
            case BoxedValue.BoolValue(var truth) -> bool(truth);
            case BoxedValue.ComplexValue(var real, var imaginary) -> complex(real, imaginary);
            default -> throw new IllegalArgumentException("not a number: " + node);
        };
    }

    private IValue number(long number) {
        return SmallNumbers.has(number) ? SmallNumbers.get(number) : call.temporary(new Owned.Value(number));
    }

    private IValue number(double number) {
        return call.temporary(new Owned.Value(number));
    }

    private IValue bool(boolean truth) {
        return call.temporary(new Owned.Value(truth));
    }

    private IValue complex(double real, double imaginary) {
        try (PointerScope _ = new PointerScope()) {
            return own(new IValue(new Scalar(new DoubleComplex(real, imaginary))));
        }
    }

    private IValue text(String text) {
        try (PointerScope _ = new PointerScope()) {
            return own(new IValue(Text.pointer(text)));
        }
    }

    private IValue device(String text) {
        try (PointerScope _ = new PointerScope()) {
            return own(new IValue(Codes.device(text)));
        }
    }

    private IValue generator(long seed) {
        try (PointerScope _ = new PointerScope()) {
            return own(new IValue(torch.make_generator_cpu(seed)));
        }
    }

    /** A value that outlives the scope it was made in. */
    private IValue own(IValue scoped) {
        return call.temporary(new Owned.Value(scoped));
    }

    // Lists, tuples, dictionaries

    private IValue list(TypeTree type, TypeTree real, int repeat, BoxedValue node) {
        TypeTree element = type.element();
        TypeTree elementReal = real.kind() == TypeKind.ListType ? real.element() : element;
        boolean integers = element.kind() == TypeKind.IntType || element.kind() == TypeKind.SymIntType;
        boolean floats = element.kind() == TypeKind.FloatType;
        Owned.Elements list = new Owned.Elements(element.pointer());
        try {
            if (node instanceof BoxedValue.ListValue(var elements)) {
                for (BoxedValue each : elements) {
                    list.push_back(build(element, elementReal, 0, each));
                }
            } else if (node instanceof BoxedValue.LongArrayValue(var values) && (integers || floats)) {
                for (long each : values) {
                    if (integers && SmallNumbers.has(each)) {
                        list.push_back(SmallNumbers.get(each));
                    } else {
                        add(list, integers ? new Owned.Value(each) : new Owned.Value((double) each));
                    }
                }
            } else if (node instanceof BoxedValue.DoubleArrayValue(var values) && floats) {
                for (double each : values) {
                    add(list, new Owned.Value(each));
                }
            } else if (repeat > 0 && isNumber(node)) {
                IValue single = build(element, elementReal, 0, node);
                for (int i = 0; i < repeat; i++) {
                    list.push_back(single);
                }
            } else {
                throw mismatch(real, node);
            }
            return call.temporary(new Owned.Value(list));
        } finally {
            list.giveBack();
        }
    }

    private static void add(Owned.Elements list, Owned.Value element) {
        list.push_back(element);
        element.giveBack();
    }

    private IValue tuple(TypeTree type, BoxedValue node) {
        if (!(node instanceof BoxedValue.TupleValue(var elements)) || elements.size() != type.contained().size()) {
            throw mismatch(type, node);
        }
        List<IValue> values = new ArrayList<>();
        for (int i = 0; i < elements.size(); i++) {
            TypeTree each = type.contained().get(i);
            values.add(build(each, each, 0, elements.get(i)));
        }
        return tuple(type, values);
    }

    private IValue tuple(TypeTree type, List<IValue> values) {
        try (PointerScope _ = new PointerScope()) {
            IValueVector elements = new IValueVector(values.size());
            for (int i = 0; i < values.size(); i++) {
                elements.put(i, values.get(i));
            }
            return own(new IValue(type.name().isEmpty() ? Tuple.create(elements)
                    : Tuple.createNamed(elements, new org.bytedeco.pytorch.Type.TypePtr(type.pointer()))));
        }
    }

    private IValue dict(TypeTree type, BoxedValue node) {
        if (!(node instanceof BoxedValue.DictValue(var entries))) {
            throw mismatch(type, node);
        }
        TypeTree key = type.element();
        TypeTree value = type.contained().get(1);
        List<IValue> flat = new ArrayList<>();
        for (BoxedValue.Entry entry : entries) {
            flat.add(build(key, key, 0, entry.key()));
            flat.add(build(value, value, 0, entry.value()));
        }
        return dict(key, value, flat);
    }

    /** The presets map no insertion into a dictionary; TorchScript's own constructor of one takes a list of pairs. */
    private IValue dict(TypeTree key, TypeTree value, List<IValue> flat) {
        TypeTree pair = TypeTree.tuple(List.of(key, value));
        if (key.original() != null || value.original() != null) {
            throw new BadArgumentException("a dictionary from " + key + " to " + value
                    + " cannot be made from outside");
        }
        Owned.Elements pairs = new Owned.Elements(pair.pointer());
        try (PointerScope _ = new PointerScope()) {
            for (int i = 0; i < flat.size(); i += 2) {
                pairs.push_back(tuple(pair, List.of(flat.get(i), flat.get(i + 1))));
            }
            IValueVector stack = new IValueVector(1);
            stack.put(0, new IValue(pairs));
            Operators.dictConstructor(key).apply(stack);
            return own(stack.get(0));
        } finally {
            pairs.giveBack();
        }
    }

    // Values of their own type

    private Typed inferred(BoxedValue node) {
        return switch (node) {
            case BoxedValue.None _ -> new Typed(none(), TypeTree.NONE);
            case BoxedValue.TensorValue(var tensor) ->
                new Typed(call.use(TensorHandle.of(tensor)), TypeTree.TENSOR);
            case BoxedValue.IntValue(var number) -> new Typed(number(number), TypeTree.INT);
            case BoxedValue.DoubleValue(var number) -> new Typed(number(number), TypeTree.FLOAT);
            case BoxedValue.BoolValue(var truth) -> new Typed(bool(truth), TypeTree.BOOL);
            case BoxedValue.ComplexValue(var real, var imaginary) ->
                new Typed(complex(real, imaginary), TypeTree.COMPLEX);
            case BoxedValue.StringValue(var text) -> new Typed(text(text), TypeTree.STRING);
            case BoxedValue.DeviceValue(var text) -> new Typed(device(text), TypeTree.DEVICE);
            case BoxedValue.GeneratorValue(var seed) -> new Typed(generator(seed), TypeTree.GENERATOR);
            case BoxedValue.LongArrayValue _ -> typed(TypeTree.list(TypeTree.INT), node);
            case BoxedValue.DoubleArrayValue _ -> typed(TypeTree.list(TypeTree.FLOAT), node);
            case BoxedValue.ListValue(var elements) -> inferredList(elements);
            case BoxedValue.TupleValue(var elements) -> inferredTuple(elements);
            case BoxedValue.DictValue(var entries) -> inferredDict(entries);
            case BoxedValue.OpaqueValue(var type) ->
                throw new BadArgumentException("a value of type " + type + " cannot be an argument");
            case BoxedValue.KeywordValue _ ->
                throw new BadArgumentException("expected a value, got " + describe(node));
        };
    }

    private Typed typed(TypeTree type, BoxedValue node) {
        return new Typed(list(type, type, 0, node), type);
    }

    private Typed inferredList(List<BoxedValue> elements) {
        List<IValue> values = new ArrayList<>();
        TypeTree element = null;
        for (BoxedValue each : elements) {
            Typed typed = inferred(each);
            element = join(element, typed.type());
            values.add(typed.value());
        }
        // What TorchScript itself takes an unannotated [] for.
        TypeTree type = element == null ? TypeTree.TENSOR : element;
        Owned.Elements list = new Owned.Elements(type.pointer());
        try {
            values.forEach(list::push_back);
            return new Typed(call.temporary(new Owned.Value(list)), TypeTree.list(type));
        } finally {
            list.giveBack();
        }
    }

    private Typed inferredTuple(List<BoxedValue> elements) {
        List<Typed> typed = elements.stream().map(this::inferred).toList();
        TypeTree type = TypeTree.tuple(typed.stream().map(Typed::type).toList());
        return new Typed(tuple(type, typed.stream().map(Typed::value).toList()), type);
    }

    private Typed inferredDict(List<BoxedValue.Entry> entries) {
        TypeTree key = null;
        TypeTree value = null;
        List<IValue> flat = new ArrayList<>();
        for (BoxedValue.Entry entry : entries) {
            Typed nextKey = inferred(entry.key());
            if (!isKey(nextKey.type()) || key != null && !key.same(nextKey.type())) {
                throw new BadArgumentException("the keys of a DICT must all be numbers, texts, devices or tensors of "
                        + "one type, got " + nextKey.type());
            }
            key = nextKey.type();
            Typed nextValue = inferred(entry.value());
            value = join(value, nextValue.type());
            flat.add(nextKey.value());
            flat.add(nextValue.value());
        }
        TypeTree keyType = key == null ? TypeTree.STRING : key;
        TypeTree valueType = value == null ? TypeTree.TENSOR : value;
        return new Typed(dict(keyType, valueType, flat), TypeTree.dict(keyType, valueType));
    }

    private static boolean isKey(TypeTree type) {
        return switch (type.kind()) {
            case StringType, IntType, FloatType, BoolType, ComplexType, TensorType, DeviceObjType -> true;
            default -> false;
        };
    }

    /** The element type of a list of mixed types, or the value type of a dictionary. */
    private static TypeTree join(TypeTree left, TypeTree right) {
        if (left == null || left.same(right) || left.fits(right)) {
            return right;
        }
        if (right.fits(left)) {
            return left;
        }
        if (left.kind() == TypeKind.NoneType) {
            return TypeTree.optional(right);
        }
        return right.kind() == TypeKind.NoneType ? TypeTree.optional(left) : TypeTree.ANY;
    }
}
