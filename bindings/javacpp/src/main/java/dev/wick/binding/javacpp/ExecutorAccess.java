package dev.wick.binding.javacpp;

import dev.wick.binding.ExecutorSettings;
import dev.wick.binding.ExecutorSettings.Fusion;
import dev.wick.binding.ExecutorSettings.FusionKind;
import java.util.ArrayList;
import java.util.List;
import org.bytedeco.javacpp.PointerScope;
import org.bytedeco.pytorch.FusionStrategy;
import org.bytedeco.pytorch.global.torch;
import org.bytedeco.pytorch.global.torch.FusionBehavior;

/** The TorchScript executor's settings; any thread. */
final class ExecutorAccess {
    /** LibTorch's flag is per thread; this one is for every call. */
    private static volatile boolean optimize = true;

    private ExecutorAccess() {
    }

    static boolean optimizes() {
        return optimize;
    }

    static ExecutorSettings read() {
        try (PointerScope _ = new PointerScope()) {
            FusionStrategy strategy = torch.getFusionStrategy();
            List<Fusion> fusions = new ArrayList<>();
            for (long i = 0; i < strategy.size(); i++) {
                boolean fixed = strategy.first(i).value == FusionBehavior.STATIC.value;
                fusions.add(new Fusion(fixed ? FusionKind.STATIC : FusionKind.DYNAMIC, (int) strategy.second(i)));
            }
            return new ExecutorSettings(optimize, torch.getProfilingMode().get(),
                    (int) torch.getNumProfiledRuns().get(), NativeFunctions.get().tensorExpressionFuser(),
                    OnednnGraph.forAll(), fusions);
        }
    }

    static void write(ExecutorSettings wanted) {
        try (PointerScope _ = new PointerScope()) {
            int count = wanted.fusionStrategy().size();
            FusionStrategy strategy = new FusionStrategy(count);
            for (int i = 0; i < count; i++) {
                Fusion fusion = wanted.fusionStrategy().get(i);
                strategy.first(i, fusion.kind() == FusionKind.STATIC ? FusionBehavior.STATIC : FusionBehavior.DYNAMIC);
                strategy.second(i, fusion.depth());
            }
            torch.setFusionStrategy(strategy);
            torch.getProfilingMode().put(wanted.profiling());
            torch.getNumProfiledRuns().put(wanted.profiledRuns());
            NativeFunctions.get().setTensorExpressionFuser(wanted.tensorExpressionFuser());
            OnednnGraph.setForAll(wanted.onednnGraph());
            optimize = wanted.optimize();
        }
    }
}
