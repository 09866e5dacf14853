package dev.wick.binding.javacpp;

import dev.wick.binding.CallSettings;
import dev.wick.binding.GradMode;
import dev.wick.error.UnsupportedFeatureException;
import org.bytedeco.pytorch.global.torch;

/**
 * What LibTorch keeps per thread, set for one call and restored by {@link #close()} on the same platform thread: mode,
 * thread count, the executor's optimiser, oneDNN Graph fusion.
 */
final class CallGuard implements AutoCloseable {
    private final Owned.Mode mode;
    private final int previousThreads;
    private final boolean optimizerChanged;
    private final boolean fusionAsked;

    private CallGuard(GradMode wanted, int threads, boolean fused) {
        // First, since it can fail: nobody closes a guard that was not made.
        previousThreads = ThreadCounts.enter(threads);
        mode = new Owned.Mode(wanted == GradMode.INFERENCE);
        if (wanted == GradMode.NO_GRAD) {
            // Leaving inference mode switches gradients on; the guard restores this as well.
            org.bytedeco.pytorch.GradMode.set_enabled(false);
        }
        optimizerChanged = torch.getGraphExecutorOptimize() != ExecutorAccess.optimizes();
        if (optimizerChanged) {
            torch.setGraphExecutorOptimize(ExecutorAccess.optimizes());
        }
        fusionAsked = fused && OnednnGraph.enter();
    }

    /** For a call. */
    static CallGuard enter(CallSettings settings) {
        if (settings.cudaDevice() >= 0) {
            throw new UnsupportedFeatureException("a call on a CUDA device and stream of one's choice needs "
                    + "-Dwick.calls=panama, through which the stream is set in the same native call");
        }
        return new CallGuard(settings.mode(), settings.intraOpThreads(),
                settings.mode() != GradMode.GRAD && (settings.onednnGraph() || OnednnGraph.forAll()));
    }

    /** For what the caller keeps and may use in any mode: outside inference mode, without a gradient function. */
    static CallGuard plain() {
        return new CallGuard(GradMode.NO_GRAD, 0, false);
    }

    @Override
    public void close() {
        if (fusionAsked) {
            OnednnGraph.leave();
        }
        if (optimizerChanged) {
            torch.setGraphExecutorOptimize(!torch.getGraphExecutorOptimize());
        }
        mode.giveBack();
        ThreadCounts.leave(previousThreads);
    }
}
