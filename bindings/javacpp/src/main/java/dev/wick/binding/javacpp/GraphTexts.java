package dev.wick.binding.javacpp;

import dev.wick.binding.Handle;
import dev.wick.binding.TorchBinding.GraphKind;
import dev.wick.error.NotFoundException;
import dev.wick.error.TorchException;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.zip.ZipFile;
import org.bytedeco.pytorch.Graph;
import org.bytedeco.pytorch.GraphExecutor;
import org.bytedeco.pytorch.GraphFunction;
import org.bytedeco.pytorch.IValue;
import org.bytedeco.pytorch.JitModule;
import org.bytedeco.pytorch.Method;
import org.bytedeco.pytorch.Obj;
import org.bytedeco.pytorch.global.torch;

/** A method's graph or source as text; not while the method runs for the first times. */
final class GraphTexts {
    private GraphTexts() {
    }

    static String text(Handle handle, String name, GraphKind kind) {
        return Modules.with(handle, module -> {
            Method method = Modules.findMethod(module.module(), name);
            return switch (kind) {
                case SOURCE -> method.graph().toString();
                case INLINED -> inlined(method);
                case EXECUTED -> executed(method, module.state());
                case CODE -> code(module.module(), name);
            };
        });
    }

    private static String inlined(Method method) {
        Graph copy = method.graph().copy();
        UnmappedFunction.inline(copy);
        return copy.toString();
    }

    /**
     * Asking an executor makes one, and that takes a copy of the graph, after which constants can no longer be
     * patched: so nobody is asked before the first call.
     */
    private static String executed(Method method, ModuleState state) {
        if (state.called()) {
            GraphFunction function = torch.toGraphFunction(method.function());
            GraphExecutor executor = function.get_executor();
            if (executor.isOptimized()) {
                var plans = executor.getDebugState().execution_plans();
                if (plans.size() > 0) {
                    return plans.begin().second().graph().toString();
                }
            }
        }
        throw new NotFoundException("nothing was compiled for '" + Text.of(method.name())
                + "' yet: the first run records shapes, the second compiles");
    }

    /**
     * The presets map no printer of source, but an archive has the source in it: that of a copy whose tensors are
     * empty, since they would be written too. Its classes are the module's own; JitModule.clone would copy them, and
     * leaks.
     */
    private static String code(JitModule module, String name) {
        JitModule copy = new JitModule(withoutTensors(module._ivalue()));
        Path archive = Modules.archive(copy);
        try (ZipFile zip = new ZipFile(archive.toFile())) {
            String className = ModuleParts.className(copy);
            String simpleName = className.substring(className.lastIndexOf('.') + 1);
            for (var entry : zip.stream().filter(each -> each.getName().endsWith(".py")).toList()) {
                String source = new String(zip.getInputStream(entry).readAllBytes(), StandardCharsets.UTF_8);
                List<String> lines = method(source, simpleName, name);
                if (!lines.isEmpty()) {
                    return String.join("\n", lines) + "\n";
                }
            }
            throw new TorchException("the archive of the module has no source of '" + name + "'", null);
        } catch (IOException e) {
            throw new TorchException("cannot read the module's source: " + e.getMessage(), null);
        } finally {
            delete(archive);
        }
    }

    private static Obj withoutTensors(Obj object) {
        Obj copy = object.copy();
        IValue empty = new IValue(torch.empty(new long[] {0}));
        for (long slot = 0; slot < copy.type().numAttributes(); slot++) {
            IValue value = object.getSlot(slot);
            if (value.isTensor()) {
                copy.setSlot(slot, empty);
            } else if (value.isModule()) {
                copy.setSlot(slot, new IValue(withoutTensors(value.toObjectRef())));
            }
        }
        return copy;
    }

    private static void delete(Path file) {
        try {
            Files.deleteIfExists(file);
        } catch (IOException e) {
            throw new TorchException("cannot delete '" + file + "': " + e.getMessage(), null);
        }
    }

    /** The lines of one method of one class, without the class's indentation. */
    private static List<String> method(String source, String className, String name) {
        List<String> found = new ArrayList<>();
        boolean inClass = false;
        boolean inMethod = false;
        for (String line : source.lines().toList()) {
            if (!line.isEmpty() && line.charAt(0) != ' ') {
                inClass = line.startsWith("class " + className + "(");
                inMethod = false;
            } else if (inClass && line.startsWith("  ") && !line.startsWith("   ")) {
                inMethod = line.startsWith("  def " + name + "(");
            }
            if (inMethod && !line.isBlank()) {
                found.add(line.substring(Math.min(2, line.length())));
            }
        }
        return found;
    }
}
