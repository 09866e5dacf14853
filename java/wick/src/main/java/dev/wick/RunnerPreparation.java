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
    private static final int ROUNDS = 7;
    /** Time for the rounds of all ways together; slow models get fewer rounds. */
    private static final long ROUNDS_NANOSECONDS = 4_000_000_000L;
    /** A way must beat the model as it is by this much to be worth its memory. */
    private static final double WORTH = 0.97;

    private final TorchScriptModel model;
    private final String method;
    private final List<Runner.Input> inputs;
    private final PreparedCall.Form form;

    RunnerPreparation(TorchScriptModel model, String method, List<Runner.Input> inputs, PreparedCall.Form form) {
        this.model = model;
        this.method = method;
        this.inputs = inputs;
        this.form = form;
    }

    /** A prepared call under one optimisation, with the difference of its outputs from the reference. */
    private final class Attempt implements AutoCloseable {
        final Optimization optimization;
        PreparedCall call;
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

        List<Tensor> outputs() {
            return call.outputs();
        }

        @Override
        public void close() {
            if (!handedOut && call != null) {
                call.close();
            }
        }
    }

    Runner prepare(Optimization wanted) {
        TorchScriptModel base = model;
        long convertedBytes = 0;
        if (form.compute() != null) {
            TorchScriptModel.Conversion conversion = model.to(form.compute());
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
            fill(attempt.call.inputs().get(i), inputs.get(i), false);
        }
        Runner runner = new Runner(attempt.call, new Runner.Preparation(attempt.optimization, why, trials, convertedBytes,
                PreparedCall.WARM_UP_RUNS, attempt.call.graphNodes()));
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
        if (attempt.outputs().size() != reference.outputs().size()) {
            attempt.outcome = "outputs differ in number";
            return;
        }
        double worst = 0;
        boolean agrees = true;
        for (int i = 0; i < reference.outputs().size(); i++) {
            Tensor ours = attempt.outputs().get(i);
            Tensor theirs = reference.outputs().get(i);
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
        DType precision = form.compute() != null ? form.compute() : dtype;
        return switch (precision) {
            case FLOAT16 -> 2e-2;
            case BFLOAT16 -> 1e-1;
            case FLOAT64 -> 1e-9;
            default -> 1e-3;
        };
    }

    /** Makes the prepared call and warms it up. */
    private void start(TorchScriptModel base, Attempt attempt) {
        TorchScriptModel optimized = switch (attempt.optimization) {
            case FREEZE, ONEDNN -> base.freeze();
            case OFI -> base.optimizeForInference();
            case NONE, AUTO -> base;
        };
        try {
            attempt.call = PreparedCall.of(optimized, method, made(model.device(), inputs, true), form,
                    attempt.optimization == Optimization.ONEDNN);
        } finally {
            if (optimized != base) {
                optimized.close();
            }
        }
    }

    /** Inputs of a call, in memory that a device can copy from, of zeros. */
    static List<Tensor> zeros(Device device, List<Runner.Input> inputs) {
        return made(device, inputs, false);
    }

    private static List<Tensor> made(Device device, List<Runner.Input> inputs, boolean trial) {
        List<Tensor> made = new ArrayList<>();
        try {
            for (Runner.Input input : inputs) {
                Tensor tensor = PreparedCall.inputOf(device, input.dtype(), input.shape());
                made.add(tensor);
                fill(tensor, input, trial);
            }
            return made;
        } catch (RuntimeException | Error e) {
            made.forEach(Tensor::close);
            throw e;
        }
    }

    /** Interleaved, so that a disturbance of the machine hits every way alike. */
    private static void time(List<Attempt> attempts) {
        long first = System.nanoTime();
        attempts.forEach(attempt -> attempt.call.run());
        long once = Math.max(1, System.nanoTime() - first);
        int rounds = Math.clamp(ROUNDS_NANOSECONDS / once, 1, ROUNDS);
        double[][] samples = new double[attempts.size()][rounds];
        for (int round = 0; round < rounds; round++) {
            for (int i = 0; i < attempts.size(); i++) {
                long start = System.nanoTime();
                attempts.get(i).call.run();
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
