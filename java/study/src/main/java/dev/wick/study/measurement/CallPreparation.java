package dev.wick.study.measurement;

import dev.wick.Cuda;
import dev.wick.DType;
import dev.wick.Device;
import dev.wick.Optimization;
import dev.wick.Runner;
import dev.wick.Tensor;
import dev.wick.TensorScope;
import dev.wick.TorchScriptModel;
import java.util.List;
import java.util.Locale;

/**
 * Prepares calls to be timed, each within a budget; immutable, any thread.
 *
 * @param method       to call
 * @param device       that the models are on
 * @param optimization to ask the runner for
 * @param graph        whether a run launches a CUDA graph
 * @param budget       of a call and all its runs, in nanoseconds
 */
public record CallPreparation(String method, Device device, Optimization optimization, boolean graph, long budget) {
    /** Runs that trying every way costs: four ways, each warmed up three times and timed up to seven times. */
    private static final int RUNS_OF_A_CHOICE = 40;
    private static final int PROBES = 3;

    /**
     * A prepared call, the caller's to close.
     *
     * @param why its optimisation was taken
     */
    public record Prepared(RunnerCall call, String why) {
    }

    /**
     * Prepares a model's method for inputs like these, which the call finds in its own.
     *
     * @param inputs in host memory; they stay the caller's
     */
    public Prepared prepare(TorchScriptModel model, DType dtype, List<Tensor> inputs) {
        Optimization way = optimization;
        String why = null;
        if (way == Optimization.AUTO) {
            long once = probe(model, dtype, inputs);
            if (once * (double) RUNS_OF_A_CHOICE > budget / 2.0) {
                way = Optimization.NONE;
                why = String.format(Locale.ROOT, "one run takes %.2f s, so that trying others would outrun the budget",
                        once / 1e9);
            }
        }
        RunnerCall call = RunnerCall.prepare(builder(model, method, dtype, inputs).optimize(way), device, graph);
        return new Prepared(call, why != null ? why : call.preparation().why());
    }

    /** A runner for inputs like these, which stay the caller's. */
    public static Runner.Builder builder(TorchScriptModel model, String method, DType dtype, List<Tensor> inputs) {
        Runner.Builder builder = Runner.of(model, method).compute(dtype);
        inputs.forEach(builder::input);
        return builder;
    }

    /** Time of a run of the model as it is: the first compiles, so a fast one gets a second and a third. */
    private long probe(TorchScriptModel model, DType dtype, List<Tensor> inputs) {
        try (TorchScriptModel converted = model.to(dtype).model(); TensorScope _ = TensorScope.open()) {
            Object[] arguments = inputs.stream()
                    .map(input -> input.dtype().isFloating() ? input.to(device).to(dtype) : input.to(device)).toArray();
            long least = Long.MAX_VALUE;
            for (int i = 0; i < PROBES && least > budget / (2.0 * RUNS_OF_A_CHOICE); i++) {
                long start = System.nanoTime();
                converted.call(method, arguments).close();
                if (device.type() == Device.Type.CUDA) {
                    Cuda.synchronize(device);
                }
                least = Math.min(least, System.nanoTime() - start);
                if (least > budget / PROBES) {
                    break;
                }
            }
            return least;
        }
    }
}
