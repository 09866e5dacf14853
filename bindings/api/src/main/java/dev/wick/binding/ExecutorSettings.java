package dev.wick.binding;

import java.util.List;

/**
 * The TorchScript executor, for the whole process; graphs compiled before keep their form.
 *
 * @param optimize              run optimisation passes
 * @param profiling             the profiling executor: the first run records shapes, a later one compiles
 * @param profiledRuns          runs recorded before it compiles, at least 1
 * @param tensorExpressionFuser fuse pointwise operators with TensorExpr
 * @param onednnGraph           oneDNN Graph fusion for every call, not only for those that ask for it
 * @param fusionStrategy        how many specialisations of each kind, in order; beyond them nothing is fused
 */
public record ExecutorSettings(boolean optimize, boolean profiling, int profiledRuns, boolean tensorExpressionFuser,
        boolean onednnGraph, List<Fusion> fusionStrategy) {

    public ExecutorSettings {
        if (profiledRuns < 1) {
            throw new IllegalArgumentException("profiled runs must be at least 1: " + profiledRuns);
        }
        fusionStrategy = List.copyOf(fusionStrategy);
    }

    /** Specialise on exact shapes, or on which dimensions are equal. */
    public enum FusionKind {
        STATIC, DYNAMIC
    }

    /** One entry of a fusion strategy: {@code depth} specialisations of {@code kind}. */
    public record Fusion(FusionKind kind, int depth) {
        public Fusion {
            if (depth < 0) {
                throw new IllegalArgumentException("a fusion depth must not be negative: " + depth);
            }
        }
    }
}
