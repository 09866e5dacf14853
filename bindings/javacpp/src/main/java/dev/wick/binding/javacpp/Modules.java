package dev.wick.binding.javacpp;

import dev.wick.binding.BoxedValue;
import dev.wick.binding.CallSettings;
import dev.wick.binding.Handle;
import dev.wick.error.BadArgumentException;
import dev.wick.error.NotFoundException;
import dev.wick.error.TorchException;
import dev.wick.error.UnsupportedFeatureException;
import java.io.IOException;
import java.lang.foreign.MemorySegment;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.atomic.AtomicLong;
import java.util.function.Function;
import java.util.function.Supplier;
import org.bytedeco.javacpp.BytePointer;
import org.bytedeco.javacpp.Pointer;
import org.bytedeco.javacpp.PointerScope;
import org.bytedeco.pytorch.ClassType;
import org.bytedeco.pytorch.FunctionVector;
import org.bytedeco.pytorch.InputArchive;
import org.bytedeco.pytorch.JitModule;
import org.bytedeco.pytorch.Method;
import org.bytedeco.pytorch.MethodOptional;
import org.bytedeco.pytorch.SizeTOptional;
import org.bytedeco.pytorch.global.torch;

/** Modules: loaded, saved, copied, walked, called; any thread unless it says otherwise. */
final class Modules {
    private static final AtomicLong SAVES = new AtomicLong();

    private Modules() {
    }

    /** A submodule and its qualified name. */
    record Named(String name, JitModule module) {
    }

    /** Asks a module something outside every mode, in a scope that frees what is made on the way. */
    static <T> T with(Handle handle, Function<ModuleHandle, T> question) {
        ModuleHandle module = ModuleHandle.of(handle);
        return PlatformThreads.call(() -> {
            module.acquire();
            try {
                return plain(() -> question.apply(module));
            } finally {
                module.release();
            }
        });
    }

    /** Works outside every mode, in a scope that frees what is made on the way. */
    static <T> T plain(Supplier<T> work) {
        MemoryCheck.pass();
        try (CallGuard _ = CallGuard.plain(); PointerScope _ = new PointerScope()) {
            return work.get();
        } catch (RuntimeException e) {
            throw Errors.of(e);
        }
    }

    // Loading and saving

    static Handle load(MemorySegment archive, int deviceType, int deviceIndex, boolean training) {
        if (!archive.isNative()) {
            throw new BadArgumentException("an archive is read from native memory, not from a Java array");
        }
        return load(() -> read(archive, deviceType, deviceIndex), deviceType, deviceIndex, training);
    }

    static Handle load(Path archive, int deviceType, int deviceIndex, boolean training) {
        return load(() -> new Owned.Module(torch.load(Text.pointer(archive.toString()),
                Codes.optionalDevice(deviceType, deviceIndex), false)), deviceType, deviceIndex, training);
    }

    private static Handle load(Supplier<Owned.Module> read, int deviceType, int deviceIndex, boolean training) {
        if (deviceType != -1) {
            Codes.checkDevice(deviceType, deviceIndex);
        }
        return PlatformThreads.call(() -> plain(() -> {
            Owned.Module module;
            try {
                module = read.get();
            } catch (RuntimeException e) {
                throw Errors.unreadable(e);
            }
            try {
                module.train(training);
            } catch (RuntimeException e) {
                module.giveBack();
                throw e;
            }
            return new ModuleHandle(module, ModuleState.fresh());
        }));
    }

    /**
     * Reads the memory in place. torch::jit::load takes a file, a C++ stream or a reader, none of which Java can make
     * over memory; torch::serialize::InputArchive reads from memory by calling it, and keeps the module as its first
     * member.
     */
    private static Owned.Module read(MemorySegment archive, int deviceType, int deviceIndex) {
        InputArchive input = new InputArchive();
        BytePointer bytes = new BytePointer(new Owned.Address(archive.address()));
        input.load_from(bytes, archive.byteSize(), Codes.optionalDevice(deviceType, deviceIndex));
        return new Owned.Module(new JitModule((Pointer) input));
    }

    static void save(Handle handle, Path path) {
        with(handle, module -> {
            if (module.state().optimized()) {
                throw new UnsupportedFeatureException("a module optimised for inference cannot be saved: LibTorch would"
                        + " write an archive that does not load; save the frozen module instead");
            }
            Path temporary = Path.of(path + ".partial-" + ProcessHandle.current().pid() + "-"
                    + SAVES.incrementAndGet());
            try {
                write(module.module(), temporary, path);
                Files.move(temporary, path, StandardCopyOption.ATOMIC_MOVE, StandardCopyOption.REPLACE_EXISTING);
            } catch (IOException e) {
                throw new TorchException("cannot rename to '" + path + "': " + e.getMessage(), null);
            } finally {
                deleteIfThere(temporary);
            }
            return null;
        });
    }

    private static void write(JitModule module, Path file, Path wanted) {
        try {
            module.save(Text.pointer(file.toString()));
        } catch (RuntimeException e) {
            if (!Errors.isNative(e)) {
                throw e;
            }
            throw new TorchException("cannot write '" + wanted + "': " + Errors.message(e), null);
        }
    }

    private static void deleteIfThere(Path file) {
        try {
            Files.deleteIfExists(file);
        } catch (IOException e) {
            throw new TorchException("cannot delete '" + file + "': " + e.getMessage(), null);
        }
    }

    /** A temporary file with the module's archive; the caller deletes it. */
    static Path archive(JitModule module) {
        try {
            Path file = Files.createTempFile("wick-", ".pt");
            write(module, file, file);
            return file;
        } catch (IOException e) {
            throw new TorchException("cannot write a temporary file: " + e.getMessage(), null);
        }
    }

    /**
     * Copies by way of an archive: JitModule.clone would share with the original what its graphs call by pointer (free
     * functions), and would untie tied tensors. A module optimised for inference cannot be saved, but neither can it be
     * converted, so there sharing is harmless.
     */
    static Handle copy(Handle handle) {
        return with(handle, module -> {
            if (module.state().optimized()) {
                return new ModuleHandle(new Owned.Module(module.module().clone()), module.state().copy());
            }
            Path file = archive(module.module());
            try {
                return new ModuleHandle(new Owned.Module(torch.load(Text.pointer(file.toString()))),
                        module.state().copy());
            } finally {
                deleteIfThere(file);
            }
        });
    }

    static void train(Handle handle, boolean training) {
        with(handle, module -> {
            if (training && module.state().frozen()) {
                throw new BadArgumentException("a frozen module cannot be trained: its parameters are constants");
            }
            module.module().train(training);
            return null;
        });
    }

    // Names

    /** The module and all below it; in the caller's scope. */
    static List<Named> all(JitModule root) {
        List<Named> found = new ArrayList<>();
        var list = root.named_modules();
        var end = list.end();
        for (var at = list.begin(); at.notEquals(end); at.increment()) {
            var entry = at.access();
            found.add(new Named(Text.of(entry.name()), entry.value()));
        }
        return found;
    }

    /**
     * The module's own methods; in the caller's scope. (JitModule.get_methods leaks a reference to the module each.)
     */
    static List<org.bytedeco.pytorch.Function> methods(JitModule module) {
        FunctionVector functions = module.type().methods();
        List<org.bytedeco.pytorch.Function> found = new ArrayList<>();
        for (long i = 0; i < functions.size(); i++) {
            found.add(functions.get(i));
        }
        return found;
    }

    static List<String> methodNames(JitModule module) {
        return methods(module).stream().map(function -> Text.of(function.name())).toList();
    }

    static String join(List<String> names) {
        return names.isEmpty() ? "none" : String.join(", ", names);
    }

    /** A submodule by qualified name, in the caller's scope; the module itself for the empty name. */
    static JitModule find(JitModule root, String name) {
        JitModule module = root;
        String path = "";
        for (String step : name.isEmpty() ? new String[0] : name.split("\\.", -1)) {
            ClassType type = module.type();
            SizeTOptional slot = type.findAttributeSlot(Text.pointer(step));
            if (!slot.has_value() || !type.getAttribute(slot.get()).get().is_module()) {
                throw new NotFoundException("there is no submodule '" + name + "': "
                        + (path.isEmpty() ? "the module" : "'" + path + "'") + " has " + join(childNames(module)));
            }
            module = new JitModule(module._ivalue().getSlot(slot.get()).toObject());
            path = path.isEmpty() ? step : path + "." + step;
        }
        return module;
    }

    private static List<String> childNames(JitModule module) {
        ClassType type = module.type();
        List<String> names = new ArrayList<>();
        for (long slot = 0; slot < type.numAttributes(); slot++) {
            if (type.getAttribute(slot).get().is_module()) {
                names.add(Text.of(type.getAttributeName(slot)));
            }
        }
        return names;
    }

    /** A method, in the caller's scope; otherwise says which there are. */
    static Method findMethod(JitModule module, String name) {
        MethodOptional found = module.find_method(Text.pointer(name));
        if (!found.has_value()) {
            throw new NotFoundException("the module has no method '" + name + "'; it has "
                    + join(methodNames(module)));
        }
        return found.get();
    }

    static Handle submodule(Handle handle, String name) {
        return with(handle, module -> new ModuleHandle(new Owned.Module(find(module.module(), name)), module.state()));
    }

    static Handle method(Handle handle, String name) {
        return with(handle, module -> MethodReference.to(module, findMethod(module.module(), name)));
    }

    // Calling

    static BoxedValue call(MethodReference method, CallSettings settings, BoxedValue... arguments) {
        method.acquire();
        try (Call call = Call.take()) {
            call.push(method.self());
            new ArgumentBinder(call).bindOrExplain(method.schema(), arguments);
            Owned.Stack stack = call.stack();
            try (CallGuard _ = CallGuard.enter(settings)) {
                method.state().markCalled();
                method.function().run(stack);
            } catch (RuntimeException e) {
                throw Errors.of(e);
            }
            return ValueReader.read(stack.get(0));
        } finally {
            method.release();
        }
    }
}
