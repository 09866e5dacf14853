package dev.wick.binding.javacpp;

import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.concurrent.ConcurrentHashMap;
import java.util.stream.Collectors;
import org.bytedeco.javacpp.PointerScope;
import org.bytedeco.pytorch.ScriptTypeParser;
import org.bytedeco.pytorch.TupleType;
import org.bytedeco.pytorch.Type;
import org.bytedeco.pytorch.global.torch.TypeKind;

/**
 * A TorchScript type as Java reads it once, so that binding arguments crosses into native code for values only;
 * immutable.
 *
 * @param name     of a class, a named tuple or a type variable; otherwise empty
 * @param original the native type where it cannot be had again from its text, else null; its schema frees it
 */
record TypeTree(TypeKind kind, List<TypeTree> contained, String name, Type.TypePtr original) {
    static final TypeTree NONE = simple(TypeKind.NoneType);
    static final TypeTree TENSOR = simple(TypeKind.TensorType);
    static final TypeTree INT = simple(TypeKind.IntType);
    static final TypeTree FLOAT = simple(TypeKind.FloatType);
    static final TypeTree BOOL = simple(TypeKind.BoolType);
    static final TypeTree COMPLEX = simple(TypeKind.ComplexType);
    static final TypeTree STRING = simple(TypeKind.StringType);
    static final TypeTree DEVICE = simple(TypeKind.DeviceObjType);
    static final TypeTree GENERATOR = simple(TypeKind.GeneratorType);
    static final TypeTree ANY = simple(TypeKind.AnyType);

    private static final TypeKind[] KINDS = TypeKind.values();
    private static final Map<TypeKind, TypeTree> SIMPLE = List.of(NONE, TENSOR, INT, FLOAT, BOOL, COMPLEX, STRING,
            DEVICE, GENERATOR, ANY).stream().collect(Collectors.toMap(TypeTree::kind, type -> type));
    /** Types made from their text, for the process; there are no more than shapes of arguments. */
    private static final Map<String, Type.TypePtr> PARSED = new ConcurrentHashMap<>();

    private static TypeTree simple(TypeKind kind) {
        return new TypeTree(kind, List.of(), "", null);
    }

    static TypeTree list(TypeTree element) {
        return new TypeTree(TypeKind.ListType, List.of(element), "", null);
    }

    static TypeTree optional(TypeTree inner) {
        return new TypeTree(TypeKind.OptionalType, List.of(inner), "", null);
    }

    static TypeTree tuple(List<TypeTree> elements) {
        return new TypeTree(TypeKind.TupleType, List.copyOf(elements), "", null);
    }

    static TypeTree dict(TypeTree key, TypeTree value) {
        return new TypeTree(TypeKind.DictType, List.of(key, value), "", null);
    }

    /** Reads a native type, in the caller's scope; what has to be kept is added to the list. */
    static TypeTree read(Type.TypePtr pointer, List<Type.TypePtr> kept) {
        Type type = pointer.get();
        TypeKind kind = KINDS[type.kind().value];
        TypeTree known = SIMPLE.get(kind);
        if (known != null) {
            return known;
        }
        boolean structured = switch (kind) {
            case OptionalType, ListType, DictType, TupleType, UnionType, FutureType -> true;
            default -> false;
        };
        List<TypeTree> contained = new ArrayList<>();
        for (long i = 0; structured && i < type.containedTypeSize(); i++) {
            contained.add(read(type.containedType(i), kept));
        }
        String name = "";
        if (kind == TypeKind.TupleType) {
            TupleType tuple = new TupleType(type);
            name = tuple.schema() == null ? "" : Text.of(type.str());
        } else if (!structured) {
            name = Text.of(type.str());
        }
        boolean nameless = name.isEmpty() && contained.stream().noneMatch(TypeTree::isNamed);
        if (nameless) {
            return new TypeTree(kind, List.copyOf(contained), name, null);
        }
        Type.TypePtr copy = new Type.TypePtr(pointer);
        copy.retainReference();
        kept.add(copy);
        return new TypeTree(kind, List.copyOf(contained), name, copy);
    }

    private boolean isNamed() {
        return original != null;
    }

    TypeTree element() {
        return contained.getFirst();
    }

    boolean hasVariables() {
        return kind == TypeKind.VarType || contained.stream().anyMatch(TypeTree::hasVariables);
    }

    /** The native type, which stays the holder's. */
    Type.TypePtr pointer() {
        return original != null ? original : PARSED.computeIfAbsent(annotation(), TypeTree::parse);
    }

    private static Type.TypePtr parse(String annotation) {
        try (PointerScope _ = new PointerScope()) {
            Type.TypePtr pointer = new ScriptTypeParser().parseType(annotation);
            pointer.retainReference();
            return pointer;
        }
    }

    /** As in TorchScript source. */
    private String annotation() {
        return switch (kind) {
            case NoneType -> "NoneType";
            case TensorType -> "Tensor";
            case IntType, SymIntType -> "int";
            case FloatType, SymFloatType -> "float";
            case BoolType, SymBoolType -> "bool";
            case ComplexType -> "complex";
            case StringType -> "str";
            case DeviceObjType -> "Device";
            case GeneratorType -> "Generator";
            case NumberType -> "number";
            case OptionalType -> "Optional[" + element().annotation() + "]";
            case ListType -> "List[" + element().annotation() + "]";
            case DictType -> "Dict[" + element().annotation() + ", " + contained.get(1).annotation() + "]";
            case TupleType -> contained.isEmpty() ? "Tuple[()]"
                    : contained.stream().map(TypeTree::annotation).collect(Collectors.joining(", ", "Tuple[", "]"));
            default -> "Any";
        };
    }

    /** As in schemas. */
    @Override
    public String toString() {
        return switch (kind) {
            case AnyType -> "Any";
            case SymIntType -> "SymInt";
            case NumberType -> "Scalar";
            case OptionalType -> element() + "?";
            case ListType -> element() + "[]";
            case DictType -> "Dict(" + element() + ", " + contained.get(1) + ")";
            case TupleType -> !name.isEmpty() ? name
                    : contained.stream().map(TypeTree::toString).collect(Collectors.joining(", ", "(", ")"));
            default -> name.isEmpty() ? annotation() : name;
        };
    }

    /** Whether two types are the same, however they were made. */
    boolean same(TypeTree other) {
        return kind == other.kind && name.equals(other.name) && contained.size() == other.contained.size()
                && java.util.stream.IntStream.range(0, contained.size())
                        .allMatch(i -> contained.get(i).same(other.contained.get(i)));
    }

    /** Whether a value of this type can stand where the other is asked for. */
    boolean fits(TypeTree wanted) {
        return switch (wanted.kind) {
            case AnyType -> true;
            case OptionalType -> kind == TypeKind.NoneType || same(wanted) || fits(wanted.element());
            case UnionType -> wanted.contained.stream().anyMatch(this::fits);
            case NumberType -> kind == TypeKind.IntType || kind == TypeKind.FloatType || kind == TypeKind.ComplexType
                    || kind == TypeKind.BoolType;
            case AnyListType -> kind == TypeKind.ListType;
            case AnyTupleType -> kind == TypeKind.TupleType;
            case TupleType -> kind == TypeKind.TupleType && contained.size() == wanted.contained.size()
                    && java.util.stream.IntStream.range(0, contained.size())
                            .allMatch(i -> contained.get(i).fits(wanted.contained.get(i)));
            default -> same(wanted);
        };
    }

    /** Matches a type against one with variables, as an operator's own matching would. */
    boolean matches(TypeTree formal, Map<String, TypeTree> variables) {
        if (!formal.hasVariables()) {
            return fits(formal);
        }
        if (formal.kind == TypeKind.VarType) {
            TypeTree bound = variables.putIfAbsent(formal.name, this);
            return bound == null || same(bound) || fits(bound);
        }
        if (formal.kind == TypeKind.OptionalType && kind != TypeKind.OptionalType) {
            return kind == TypeKind.NoneType || matches(formal.element(), variables);
        }
        if (formal.kind != kind || formal.contained.size() != contained.size()) {
            return false;
        }
        for (int i = 0; i < contained.size(); i++) {
            if (!contained.get(i).matches(formal.contained.get(i), variables)) {
                return false;
            }
        }
        return true;
    }
}
