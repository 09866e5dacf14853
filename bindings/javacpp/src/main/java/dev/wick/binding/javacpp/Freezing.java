package dev.wick.binding.javacpp;

import dev.wick.binding.Handle;
import dev.wick.error.BadArgumentException;
import dev.wick.error.NotFoundException;
import java.util.ArrayList;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Set;
import org.bytedeco.pytorch.ClassType;
import org.bytedeco.pytorch.JitModule;
import org.bytedeco.pytorch.StringVector;
import org.bytedeco.pytorch.StringVectorOptional;
import org.bytedeco.pytorch.global.torch;

/** Frozen and optimised copies of modules; deep stack. */
final class Freezing {
    private static final String FORWARD = "forward";

    private Freezing() {
    }

    static Handle freeze(Handle handle, List<String> preserved, boolean optimizeNumerics) {
        return Modules.with(handle, module -> {
            refuseOptimized(module);
            checkPreserved(module.module(), preserved);
            return new ModuleHandle(new Owned.Module(freeze(module.module(), preserved, optimizeNumerics)),
                    new ModuleState(true, false));
        });
    }

    static Handle optimize(Handle handle, List<String> preserved) {
        return Modules.with(handle, module -> {
            refuseOptimized(module);
            checkPreserved(module.module(), preserved);
            if (preserved.contains("training")) {
                throw new BadArgumentException("'training' cannot be preserved: LibTorch takes a module that has it "
                        + "for one that is not frozen");
            }
            // A frozen module's graphs would be rewritten in place, so it is copied first.
            JitModule frozen = module.state().frozen() ? module.module().clone(true)
                    : freeze(module.module(), preserved, true);
            List<String> others = new ArrayList<>(Modules.methodNames(frozen));
            others.remove(FORWARD);
            return new ModuleHandle(new Owned.Module(torch.optimize_for_inference(frozen, names(others))),
                    new ModuleState(true, true));
        });
    }

    private static void refuseOptimized(ModuleHandle module) {
        if (module.state().optimized()) {
            throw new BadArgumentException("the module is optimised for inference already");
        }
    }

    private static void checkPreserved(JitModule module, List<String> preserved) {
        for (String name : preserved) {
            int dot = name.indexOf('.');
            String top = dot < 0 ? name : name.substring(0, dot);
            if (!module.hasattr(Text.pointer(top)) && !module.find_method(Text.pointer(top)).has_value()) {
                throw new NotFoundException("there is no attribute '" + name + "' to preserve");
            }
        }
    }

    private static void checkEvaluation(JitModule module) {
        for (Modules.Named each : Modules.all(module)) {
            if (each.module().hasattr("training") && each.module().is_training()) {
                throw new BadArgumentException("only a module in evaluation mode can be frozen, and "
                        + (each.name().isEmpty() ? "this one" : "its submodule '" + each.name() + "'")
                        + " is in training");
            }
        }
    }

    private static StringVector names(Iterable<String> names) {
        StringVector vector = new StringVector();
        names.forEach(name -> vector.push_back(Text.pointer(name)));
        return vector;
    }

    private static JitModule freeze(JitModule module, List<String> preserved, boolean optimizeNumerics) {
        checkEvaluation(module);
        // A method that is not preserved is deleted while nodes inlined from it keep pointers to it: a plain shape
        // error then reads freed memory.
        Set<String> kept = new LinkedHashSet<>(preserved);
        kept.addAll(Modules.methodNames(module));
        boolean hasForward = kept.contains(FORWARD);
        JitModule frozen = freezeWithForward(module, kept, hasForward, optimizeNumerics);
        for (String method : Modules.methodNames(frozen)) {
            if (!method.equals(FORWARD)) {
                UnmappedFunction.optimizeFrozenGraph(Modules.findMethod(frozen, method).graph(), optimizeNumerics);
            }
        }
        return frozen;
    }

    /**
     * torch::jit::freeze throws where there is no forward; so a module without one gets it for as long as that takes.
     */
    private static JitModule freezeWithForward(JitModule module, Set<String> kept, boolean hasForward,
            boolean optimizeNumerics) {
        JitModule source = module;
        if (!hasForward) {
            source = module.clone(true);
            source.define("def forward(self):\n    return 0\n");
            kept.add(FORWARD);
        }
        JitModule frozen = torch.freeze(source, new StringVectorOptional(names(kept)), optimizeNumerics);
        if (!hasForward) {
            ClassType type = frozen.type();
            type.unsafeRemoveMethod(FORWARD);
        }
        return frozen;
    }
}
