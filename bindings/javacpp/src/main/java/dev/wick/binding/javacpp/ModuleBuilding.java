package dev.wick.binding.javacpp;

import dev.wick.binding.BoxedValue;
import dev.wick.binding.Handle;
import dev.wick.error.BadArgumentException;
import java.util.regex.Pattern;
import org.bytedeco.javacpp.BytePointer;
import org.bytedeco.pytorch.ClassType;
import org.bytedeco.pytorch.CompilationUnit;
import org.bytedeco.pytorch.IValue;
import org.bytedeco.pytorch.JitModule;
import org.bytedeco.pytorch.QualifiedName;

/** Modules made part by part; any thread, not while the module runs. */
final class ModuleBuilding {
    /** Names of classes in archives begin so; the importer resolves no others. */
    private static final String ROOT_NAMESPACE = "__torch__";
    private static final Pattern CLASS_NAME = Pattern.compile("[A-Za-z_][A-Za-z0-9_]*(\\.[A-Za-z_][A-Za-z0-9_]*)*");

    private ModuleBuilding() {
    }

    static Handle create(String className, Handle family) {
        if (!CLASS_NAME.matcher(className).matches()) {
            throw new BadArgumentException("'" + className
                    + "' is no class name: expected identifiers joined by dots");
        }
        String qualified = className.equals(ROOT_NAMESPACE) || className.startsWith(ROOT_NAMESPACE + ".") ? className
                : ROOT_NAMESPACE + "." + className;
        if (family != null) {
            return Modules.with(family, relative -> create(qualified, relative.module()._ivalue().compilation_unit(),
                    relative.state()));
        }
        return PlatformThreads.call(() -> Modules.plain(
                () -> create(qualified, new CompilationUnit(), ModuleState.fresh())));
    }

    private static Handle create(String qualified, CompilationUnit unit, ModuleState state) {
        JitModule module = new JitModule(new QualifiedName(qualified), unit, true);
        // What eval(), freeze() and Python's wrapper of a loaded archive look for.
        module.register_attribute("training", TypeTree.BOOL.pointer(), new IValue(false));
        return new ModuleHandle(new Owned.Module(module), state);
    }

    /** Refuses a name under which nothing may be added. */
    private static void checkExtensible(ModuleHandle module, String name) {
        if (module.state().frozen()) {
            throw new BadArgumentException("nothing can be added to a frozen module");
        }
        if (name.isEmpty() || name.indexOf('.') >= 0 || name.indexOf('\0') >= 0) {
            throw new BadArgumentException("'" + name
                    + "' is no name for a part of a module: expected a text without dots");
        }
        ClassType type = module.module().type();
        BytePointer text = Text.pointer(name);
        if (type.hasAttribute(text) || type.findMethod(text) != null || type.findConstantSlot(text).has_value()) {
            throw new BadArgumentException("the module has a '" + name + "' already");
        }
    }

    static void registerTensor(Handle handle, String name, Handle tensor, boolean parameter) {
        TensorHandle value = TensorHandle.of(tensor);
        Modules.with(handle, module -> {
            checkExtensible(module, name);
            value.acquire();
            try {
                if (parameter) {
                    module.module().register_parameter(Text.pointer(name), value.tensor(), false);
                } else {
                    module.module().register_buffer(Text.pointer(name), value.tensor());
                }
            } finally {
                value.release();
            }
            return null;
        });
    }

    static void registerAttribute(Handle handle, String name, BoxedValue value) {
        Modules.with(handle, module -> {
            checkExtensible(module, name);
            try (Call call = Call.take()) {
                ValueBuilder.Typed typed = new ValueBuilder(call).infer(value);
                module.module().register_attribute(Text.pointer(name), typed.type().pointer(),
                        new IValue(typed.value()));
            }
            return null;
        });
    }

    static void registerModule(Handle handle, String name, Handle child) {
        ModuleHandle added = ModuleHandle.of(child);
        Modules.with(handle, module -> {
            checkExtensible(module, name);
            added.acquire();
            try {
                register(module.module(), name, added.module());
            } finally {
                added.release();
            }
            return null;
        });
    }

    private static void register(JitModule module, String name, JitModule child) {
        if (child._ivalue().compilation_unit().address() != module._ivalue().compilation_unit().address()) {
            throw new BadArgumentException("'" + name + "' is of another family: create it as one of the module's");
        }
        long self = module._ivalue().address();
        if (Modules.all(child).stream().anyMatch(each -> each.module()._ivalue().address() == self)) {
            throw new BadArgumentException("'" + name + "' would hold itself: it is the module or holds it");
        }
        module.register_module(Text.pointer(name), child);
    }

    static void define(Handle handle, String source) {
        Modules.with(handle, module -> {
            if (module.state().frozen()) {
                throw new BadArgumentException("nothing can be added to a frozen module");
            }
            BytePointer text = Text.pointer(source);
            int before = Modules.methodNames(module.module()).size();
            // A source that fails halfway leaves a class with broken methods behind: let that be a copy's. Its
            // tensors are shared.
            JitModule trial = module.module().clone(true);
            try {
                trial.define(text);
            } catch (RuntimeException e) {
                throw Errors.badArgument("the source does not compile: ", e);
            }
            if (Modules.methodNames(trial).size() == before) {
                throw new BadArgumentException("the source defines no method");
            }
            module.module().define(text);
            return null;
        });
    }
}
