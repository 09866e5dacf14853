package dev.wick.binding.javacpp;

import dev.wick.binding.BoxedValue;
import dev.wick.binding.BoxedValue.IntValue;
import dev.wick.binding.BoxedValue.StringValue;
import dev.wick.binding.BoxedValue.TupleValue;
import dev.wick.binding.Handle;
import dev.wick.error.BadArgumentException;
import dev.wick.error.NotFoundException;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.List;
import java.util.Set;
import org.bytedeco.pytorch.ClassType;
import org.bytedeco.pytorch.IValue;
import org.bytedeco.pytorch.IValueOptional;
import org.bytedeco.pytorch.JitModule;
import org.bytedeco.pytorch.Obj;
import org.bytedeco.pytorch.SizeTOptional;
import org.bytedeco.pytorch.Tensor;
import org.bytedeco.pytorch.Type;
import org.bytedeco.pytorch.global.torch;
import org.bytedeco.pytorch.global.torch.TypeKind;

/** What a module consists of: methods, parameters, buffers, attributes, submodules; any thread. */
final class ModuleParts {
    private ModuleParts() {
    }

    private static BoxedValue row(BoxedValue... cells) {
        return new TupleValue(List.of(cells));
    }

    static BoxedValue methods(Handle handle) {
        return Modules.with(handle, module -> {
            List<BoxedValue> rows = new ArrayList<>();
            Modules.methods(module.module()).forEach(method -> rows.add(row(new StringValue(Text.of(method.name())),
                    new StringValue(Text.of(torch.toString(method.getSchema()))),
                    new IntValue(method.num_inputs() - 1))));
            return new BoxedValue.ListValue(List.copyOf(rows));
        });
    }

    /** Collects tensors; one that stands in several places is listed under its first name, as PyTorch does. */
    private static final class TensorRows {
        private final Set<Long> seen = new HashSet<>();
        private final List<BoxedValue> rows = new ArrayList<>();

        void add(String name, Tensor tensor) {
            if (tensor.defined() && seen.add(tensor.unsafeGetTensorImpl().address())) {
                rows.add(row(new StringValue(name),
                        new BoxedValue.TensorValue(new TensorHandle(ValueSlot.of(new IValue(tensor))))));
            }
        }

        BoxedValue list() {
            return new BoxedValue.ListValue(List.copyOf(rows));
        }
    }

    static BoxedValue parameters(Handle handle) {
        return Modules.with(handle, module -> {
            TensorRows rows = new TensorRows();
            var list = module.module().named_parameters();
            var end = list.end();
            for (var at = list.begin(); at.notEquals(end); at.increment()) {
                var entry = at.access();
                rows.add(Text.of(entry.name()), entry.value());
            }
            return rows.list();
        });
    }

    static BoxedValue buffers(Handle handle) {
        return Modules.with(handle, module -> {
            TensorRows rows = new TensorRows();
            var list = module.module().named_buffers();
            var end = list.end();
            for (var at = list.begin(); at.notEquals(end); at.increment()) {
                var entry = at.access();
                rows.add(Text.of(entry.name()), entry.value());
            }
            return rows.list();
        });
    }

    static BoxedValue submodules(Handle handle) {
        return Modules.with(handle, module -> {
            List<BoxedValue> rows = new ArrayList<>();
            for (Modules.Named each : Modules.all(module.module())) {
                if (!each.name().isEmpty()) {
                    rows.add(row(new StringValue(each.name()),
                            new StringValue(className(each.module()))));
                }
            }
            return new BoxedValue.ListValue(List.copyOf(rows));
        });
    }

    /** The qualified name of a module's class, in the caller's scope. */
    static String className(JitModule module) {
        return Text.of(module.type().name().get().qualifiedName());
    }

    private static boolean isPlain(ClassType type, long slot, IValue value) {
        Type attribute = type.getAttribute(slot).get();
        return !attribute.is_module() && !type.is_parameter(slot)
                && !(attribute.kind().value == TypeKind.TensorType.value && value.isTensor());
    }

    static BoxedValue attributes(Handle handle) {
        return Modules.with(handle, module -> {
            ClassType type = module.module().type();
            Obj object = module.module()._ivalue();
            List<BoxedValue> rows = new ArrayList<>();
            for (long slot = 0; slot < type.numAttributes(); slot++) {
                IValue value = object.getSlot(slot);
                if (isPlain(type, slot, value)) {
                    rows.add(row(new StringValue(Text.of(type.getAttributeName(slot))),
                            new StringValue(Text.of(type.getAttribute(slot).get().annotation_str())),
                            ValueReader.read(value)));
                }
            }
            for (long slot = 0; slot < type.numConstants(); slot++) {
                BoxedValue constant = ValueReader.read(type.getConstant(slot));
                rows.add(row(new StringValue(Text.of(type.getConstantName(slot))),
                        new StringValue(annotation(constant)), constant));
            }
            return new BoxedValue.ListValue(List.copyOf(rows));
        });
    }

    /** The type of a constant, which the presets do not tell. */
    private static String annotation(BoxedValue constant) {
        return switch (constant) {
            case BoxedValue.None _ -> "NoneType";
            case BoxedValue.TensorValue _ -> "Tensor";
            case IntValue _ -> "int";
            case BoxedValue.DoubleValue _ -> "float";
            case BoxedValue.BoolValue _ -> "bool";
            case BoxedValue.ComplexValue _ -> "complex";
            case StringValue _ -> "str";
            case BoxedValue.DeviceValue _ -> "Device";
            case BoxedValue.ListValue(var elements) ->
                "List[" + (elements.isEmpty() ? "Tensor" : annotation(elements.getFirst())) + "]";
            case TupleValue(var elements) -> elements.stream().map(ModuleParts::annotation)
                    .collect(java.util.stream.Collectors.joining(", ", "Tuple[", "]"));
            case BoxedValue.DictValue(var entries) -> entries.isEmpty() ? "Dict[str, Tensor]"
                    : "Dict[" + annotation(entries.getFirst().key()) + ", " + annotation(entries.getFirst().value())
                            + "]";
            case BoxedValue.OpaqueValue(var type) -> type;
            default -> "Any";
        };
    }

    /** The module that has an attribute, and the attribute's own name. */
    private record Place(JitModule owner, String name) {
    }

    private static Place place(JitModule root, String name) {
        int dot = name.lastIndexOf('.');
        return dot < 0 ? new Place(root, name)
                : new Place(Modules.find(root, name.substring(0, dot)), name.substring(dot + 1));
    }

    private static NotFoundException noAttribute(Place place, String name) {
        ClassType type = place.owner().type();
        List<String> names = new ArrayList<>();
        for (long slot = 0; slot < type.numAttributes(); slot++) {
            names.add(Text.of(type.getAttributeName(slot)));
        }
        for (long slot = 0; slot < type.numConstants(); slot++) {
            names.add(Text.of(type.getConstantName(slot)));
        }
        return new NotFoundException("there is no attribute '" + name + "'; there are " + Modules.join(names));
    }

    static BoxedValue attribute(Handle handle, String name) {
        return Modules.with(handle, module -> {
            Place place = place(module.module(), name);
            ClassType type = place.owner().type();
            SizeTOptional slot = type.findAttributeSlot(Text.pointer(place.name()));
            if (slot.has_value()) {
                return ValueReader.read(place.owner()._ivalue().getSlot(slot.get()));
            }
            IValueOptional constant = type.findConstant(Text.pointer(place.name()));
            if (constant.has_value()) {
                return ValueReader.read(constant.get());
            }
            throw noAttribute(place, name);
        });
    }

    static void setAttribute(Handle handle, String name, BoxedValue value) {
        Modules.with(handle, module -> {
            Place place = place(module.module(), name);
            ClassType type = place.owner().type();
            SizeTOptional slot = type.findAttributeSlot(Text.pointer(place.name()));
            if (!slot.has_value()) {
                if (type.findConstant(Text.pointer(place.name())).has_value()) {
                    throw new BadArgumentException("'" + name
                            + "' is a constant of the TorchScript class and cannot be written");
                }
                throw noAttribute(place, name);
            }
            Type.TypePtr expected = type.getAttribute(slot.get());
            if (expected.get().is_module()) {
                throw new BadArgumentException("'" + name + "' is a submodule and cannot be written");
            }
            List<Type.TypePtr> kept = new ArrayList<>();
            try (Call call = Call.take()) {
                IValue built = new ValueBuilder(call).build(TypeTree.read(expected, kept), value);
                place.owner()._ivalue().setSlot(slot.get(), new IValue(built));
            } catch (BadArgumentException e) {
                throw new BadArgumentException("attribute '" + name + "': " + e.getMessage());
            } finally {
                kept.forEach(Type.TypePtr::close);
            }
            return null;
        });
    }
}
