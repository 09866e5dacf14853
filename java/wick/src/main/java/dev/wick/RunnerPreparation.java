package dev.wick;

import dev.wick.binding.Handle;
import dev.wick.binding.OnednnGraphCounts;
import dev.wick.binding.TorchBinding;
import dev.wick.error.WickException;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.EnumMap;
import java.util.List;
import java.util.Map;
import java.util.Random;

/**
 * Prepares a runner: converts a copy, optimises it, warms it up; for {@link Optimization#AUTO}, tries each way beside
 * the model as it is. Confined to one thread.
 *
 * <p>A way is taken only when its outputs agree with the unoptimised model's on the same inputs, since some graphs make
 * oneDNN Graph throw and an optimisation pass may be wrong. Among those, time decides: what helps one model slows
 * another.
 */
final class RunnerPreparation {
    /** The first run profiles, the second compiles, the third runs what was compiled. */
    private static final int WARM_UP_RUNS = 3;
    private static final int ROUNDS = 7;
    /** Time for the rounds of all ways together; slow models get fewer rounds. */
    private static final long ROUNDS_NANOSECONDS = 4_000_000_000L;
    /** A way must beat the model as it is by this much to be worth its memory. */
    private static final double WORTH = 0.97;

    private final TorchScriptModel model;
    private final String method;
    private final List<Runner.Input> inputs;
    private final DType compute;
    private final DType output;
    private final int threads;

    RunnerPreparation(TorchScriptModel model, String method, List<Runner.Input> inputs, DType compute, DType output,
            int threads) {
        this.model = model;
        this.method = method;
        this.inputs = inputs;
        this.compute = compute;
        this.output = output;
        this.threads = threads;
    }

    /** A prepared call under one optimisation, with the difference of its outputs from the reference. */
    private final class Attempt implements AutoCloseable {
        final Optimization optimization;
        final List<Tensor> runnerInputs = new ArrayList<>();
        List<Tensor> outputs = List.of();
        Handle handle;
        double difference = Double.NaN;
        double median = -1;
        String outcome;
        boolean handedOut;

        Attempt(Optimization optimization) {
            this.optimization = optimization;
        }

        Runner.Trial trial() {
            return new Runner.Trial(optimization, median, difference, outcome);
        }

        void run() {
            Engine.binding().run(handle);
        }

        @Override
        public void close() {
            if (!handedOut) {
                if (handle != null) {
                    handle.close();
                }
                runnerInputs.forEach(Tensor::close);
                outputs.forEach(Tensor::close);
            }
        }
    }

    Runner prepare(Optimization wanted) {
        TorchScriptModel base = model;
        long convertedBytes = 0;
        if (compute != null) {
            TorchScriptModel.Conversion conversion = model.to(compute);
            base = conversion.model();
            convertedBytes = conversion.convertedBytes();
        }
        try {
            return wanted == Optimization.AUTO ? choose(base, convertedBytes) : one(base, wanted, convertedBytes);
        } finally {
            if (base != model) {
                base.close();
            }
        }
    }

    private Runner one(TorchScriptModel base, Optimization wanted, long convertedBytes) {
        try (Attempt attempt = new Attempt(wanted)) {
            start(base, attempt);
            return handOut(attempt, "asked for", List.of(), convertedBytes);
        }
    }

    private Runner choose(TorchScriptModel base, long convertedBytes) {
        Map<Optimization, Attempt> attempts = new EnumMap<>(Optimization.class);
        try {
            Attempt reference = new Attempt(Optimization.NONE);
            attempts.put(Optimization.NONE, reference);
            start(base, reference);
            reference.difference = 0;
            for (Optimization way : List.of(Optimization.FREEZE, Optimization.OFI, Optimization.ONEDNN)) {
                if (way == Optimization.ONEDNN && model.device().type() != Device.Type.CPU) {
                    continue;
                }
                Attempt attempt = new Attempt(way);
                attempts.put(way, attempt);
                tryOut(base, attempt, reference);
            }
            time(attempts.values().stream().filter(attempt -> attempt.outcome == null).toList());
            Attempt best = reference;
            for (Attempt attempt : attempts.values()) {
                if (attempt.outcome == null && attempt.median < best.median * (best == reference ? WORTH : 1)) {
                    best = attempt;
                }
            }
            for (Attempt attempt : attempts.values()) {
                if (attempt.outcome == null) {
                    attempt.outcome = attempt == best ? "taken" : "slower";
                }
            }
            List<Runner.Trial> trials = attempts.values().stream().map(Attempt::trial).toList();
            String why = best == reference ? "nothing tried was faster by more than 3%"
                    : String.format(java.util.Locale.ROOT, "measured: %.2f of the time of the model as it is",
                            best.median / reference.median);
            return handOut(best, why, trials, convertedBytes);
        } finally {
            attempts.values().forEach(Attempt::close);
        }
    }

    private Runner handOut(Attempt attempt, String why, List<Runner.Trial> trials, long convertedBytes) {
        for (int i = 0; i < inputs.size(); i++) {
            fill(attempt.runnerInputs.get(i), inputs.get(i), false);
        }
        Runner runner = new Runner(attempt.handle, attempt.runnerInputs, attempt.outputs,
                new Runner.Preparation(attempt.optimization, why, trials, convertedBytes, WARM_UP_RUNS));
        attempt.handedOut = true;
        return runner;
    }

    private void tryOut(TorchScriptModel base, Attempt attempt, Attempt reference) {
        boolean fusing = attempt.optimization == Optimization.ONEDNN;
        if (fusing && Engine.binding().onednnGraph().isEmpty()) {
            attempt.outcome = "not tried: " + Engine.get().missingFeatures().get(TorchBinding.ONEDNN_GRAPH);
            return;
        }
        OnednnGraphCounts before = fusing ? Engine.get().onednnGraphCounts() : null;
        try {
            start(base, attempt);
        } catch (WickException e) {
            attempt.outcome = "failed: " + firstLine(e.getMessage());
            return;
        }
        if (fusing) {
            OnednnGraphCounts after = Engine.get().onednnGraphCounts();
            if (after.groups() == before.groups()) {
                attempt.outcome = after.failed() > before.failed() ? "failed: oneDNN Graph does not take the graph"
                        : "nothing to fuse";
                return;
            }
        }
        compare(attempt, reference);
    }

    private void compare(Attempt attempt, Attempt reference) {
        if (attempt.outputs.size() != reference.outputs.size()) {
            attempt.outcome = "outputs differ in number";
            return;
        }
        double worst = 0;
        boolean agrees = true;
        for (int i = 0; i < reference.outputs.size(); i++) {
            Tensor ours = attempt.outputs.get(i);
            Tensor theirs = reference.outputs.get(i);
            if (!Arrays.equals(ours.shape(), theirs.shape()) || ours.dtype() != theirs.dtype()) {
                attempt.outcome = "outputs differ in shape or dtype";
                return;
            }
            TensorDifference difference = TensorDifference.between(ours, theirs);
            worst = Double.isNaN(difference.maximum()) ? Double.NaN : Math.max(worst, difference.maximum());
            agrees &= difference.within(relativeTolerance(theirs.dtype()), 1e-6);
        }
        attempt.difference = worst;
        if (!agrees) {
            attempt.outcome = "outputs differ by " + worst;
        }
    }

    /** A few units in the last place of the dtype, grown over the depth of a network. */
    private double relativeTolerance(DType dtype) {
        DType precision = compute != null ? compute : dtype;
        return switch (precision) {
            case FLOAT16 -> 2e-2;
            case BFLOAT16 -> 1e-1;
            case FLOAT64 -> 1e-9;
            default -> 1e-3;
        };
    }

    /** Makes the prepared call and warms it up. */
    private void start(TorchScriptModel base, Attempt attempt) {
        for (Runner.Input input : inputs) {
            Tensor tensor = Tensor.unscoped(input.dtype(), input.shape());
            attempt.runnerInputs.add(tensor);
            fill(tensor, input, true);
        }
        TorchScriptModel optimized = switch (attempt.optimization) {
            case FREEZE, ONEDNN -> base.freeze();
            case OFI -> base.optimizeForInference();
            case NONE, AUTO -> base;
        };
        try {
            attempt.handle = Engine.binding().createRunner(optimized.methodHandle(method),
                    Runner.settings(threads, attempt.optimization == Optimization.ONEDNN),
                    attempt.runnerInputs.stream().map(Tensor::handle).toArray(Handle[]::new),
                    compute == null ? -1 : compute.code(), output == null ? -1 : output.code());
            attempt.outputs = Runner.outputsOf(attempt.handle);
            for (int i = 1; i < WARM_UP_RUNS; i++) {
                attempt.run();
            }
        } finally {
            if (optimized != base) {
                optimized.close();
            }
        }
    }

    /** Interleaved, so that a disturbance of the machine hits every way alike. */
    private static void time(List<Attempt> attempts) {
        long first = System.nanoTime();
        attempts.forEach(Attempt::run);
        long once = Math.max(1, System.nanoTime() - first);
        int rounds = Math.clamp(ROUNDS_NANOSECONDS / once, 1, ROUNDS);
        double[][] samples = new double[attempts.size()][rounds];
        for (int round = 0; round < rounds; round++) {
            for (int i = 0; i < attempts.size(); i++) {
                long start = System.nanoTime();
                attempts.get(i).run();
                samples[i][round] = System.nanoTime() - start;
            }
        }
        for (int i = 0; i < attempts.size(); i++) {
            Arrays.sort(samples[i]);
            attempts.get(i).median = samples[i][rounds / 2];
        }
    }

    /**
     * Fills an input: with the example's elements, or, to try optimisations on, floating ones with seeded noise (zeros
     * would hide differences) and others with zeros (a token or index must stay valid).
     */
    private static void fill(Tensor tensor, Runner.Input input, boolean trial) {
        if (input.example() != null) {
            tensor.copyFrom(input.example());
        } else if (trial && input.dtype().isFloating() && input.dtype().byteSize() > 1) {
            try (Tensor noise = noise(tensor.shape())) {
                tensor.copyFrom(noise);
            }
        } else {
            Operator.call("aten::zero_", tensor).close();
        }
    }

    private static Tensor noise(long[] shape) {
        Tensor noise = Tensor.empty(DType.FLOAT32, shape);
        var memory = noise.segment();
        Random random = new Random(1);
        for (long at = 0; at < memory.byteSize(); at += Float.BYTES) {
            memory.set(java.lang.foreign.ValueLayout.JAVA_FLOAT, at, (float) random.nextGaussian());
        }
        return noise;
    }

    private static String firstLine(String message) {
        String line = message.lines().findFirst().orElse("");
        return line.length() > 160 ? line.substring(0, 160) + "..." : line;
    }
}
