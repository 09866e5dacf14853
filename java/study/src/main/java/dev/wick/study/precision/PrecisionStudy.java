package dev.wick.study.precision;

import dev.wick.DType;
import dev.wick.Device;
import dev.wick.DeviceMemory;
import dev.wick.Optimization;
import dev.wick.Runner;
import dev.wick.Tensor;
import dev.wick.TorchScriptModel;
import dev.wick.error.BadArgumentException;
import dev.wick.error.NativesException;
import dev.wick.error.WickException;
import dev.wick.study.StudyProgress;
import dev.wick.study.measurement.CallPreparation;
import dev.wick.study.measurement.InterleavedRounds;
import dev.wick.study.measurement.PeakMemory;
import dev.wick.study.measurement.RunnerCall;
import dev.wick.study.report.DTypeNames;
import dev.wick.vision.ClipModel;
import dev.wick.vision.Features;
import dev.wick.vision.ImageClassifier;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Set;

/**
 * FP32 against half precision: time, memory and agreement of a classifier and of CLIP's two towers; one thread.
 *
 * <p>Outputs are compared before anything is timed, each dtype on the same inputs against the model as it is in float32. Then the
 * dtypes' runs, of a batch of one, take turns in rounds ({@link InterleavedRounds}).
 */
public final class PrecisionStudy {
    private final Settings settings;
    private final StudyProgress progress;
    private final List<PrecisionReport.Measured> measured = new ArrayList<>();

    /**
     * How it measures.
     *
     * @param dtypes       to compute in; float32 is measured in any case, and first
     * @param runs         timed runs of each
     * @param warmUpRuns   discarded runs before them
     * @param budget       of one method in one dtype, in nanoseconds, preparation and comparison included
     * @param optimization to ask the runners for
     * @param graph        whether each is measured under a CUDA graph as well
     * @param device       that the models are on
     */
    public record Settings(List<DType> dtypes, int runs, int warmUpRuns, long budget, Optimization optimization, boolean graph,
            Device device) {
        /** Puts float32 first and checks the numbers. */
        public Settings {
            Set<DType> wanted = new LinkedHashSet<>(List.of(DType.FLOAT32));
            wanted.addAll(dtypes);
            dtypes = List.copyOf(wanted);
            for (DType dtype : dtypes) {
                if (!dtype.isFloating()) {
                    throw new BadArgumentException("expected floating dtypes to compute in, got " + dtype.torchName());
                }
            }
            if (runs < 1 || warmUpRuns < 0 || budget < 1) {
                throw new BadArgumentException("expected 1 run or more, 0 warm-up runs or more and a budget above 0, got " + runs
                        + ", " + warmUpRuns + " and " + budget + " ns");
            }
            if (graph && device.type() != Device.Type.CUDA) {
                throw new BadArgumentException("expected a CUDA device for CUDA graphs, got " + device);
            }
        }
    }

    /** Begins a study. */
    public PrecisionStudy(Settings settings, StudyProgress progress) {
        this.settings = settings;
        this.progress = progress;
    }

    /**
     * Measures a classifier.
     *
     * @param classifier in float32, on the study's device
     * @param pictures   at least one, each [1, 3, height, width] of float32 in host memory; the first is timed
     */
    public void measure(String name, ImageClassifier classifier, List<Tensor> pictures) {
        measure(Subject.classifier(name, classifier, pictures,
                references(name, classifier.model(), "forward", pictures)));
    }

    /**
     * Measures CLIP's towers.
     *
     * @param clip          in float32, on the study's device
     * @param pictures      at least one, each [1, 3, resolution, resolution] of float32 in host memory; the first is timed
     * @param texts         at least one, each [1, context length] of int32 in host memory; the first is timed
     * @param textsPerLabel how many texts after each other make one label
     */
    public void measure(String name, ClipModel clip, List<Tensor> pictures, List<Tensor> texts, int textsPerLabel) {
        float[][] ofPictures = references(name + ", image tower", clip.model(), "encode_image", pictures);
        float[][] ofTexts = references(name + ", text tower", clip.model(), "encode_text", texts);
        float[][] labels = new float[texts.size() / textsPerLabel][];
        for (int label = 0; label < labels.length; label++) {
            labels[label] = Features.normalized(Features.mean(Arrays.stream(ofTexts, label * textsPerLabel,
                    (label + 1) * textsPerLabel).map(Features::normalized).toArray(float[][]::new)));
        }
        measure(Subject.imageTower(name, clip, pictures, ofPictures, labels));
        measure(Subject.textTower(name, clip, texts, ofTexts,
                Arrays.stream(ofPictures).map(Features::normalized).toArray(float[][]::new)));
    }

    /** All that was measured so far. */
    public PrecisionReport report() {
        return new PrecisionReport(settings, measured);
    }

    private float[][] references(String name, TorchScriptModel model, String method, List<Tensor> inputs) {
        float[][] rows = new float[inputs.size()][];
        try (Runner runner = CallPreparation.builder(model, method, DType.FLOAT32, inputs.subList(0, 1))
                .optimize(Optimization.NONE).build()) {
            for (int i = 0; i < rows.length; i++) {
                progress.at(name + ": FP32 reference", i, rows.length);
                runner.input(0).copyFrom(inputs.get(i));
                runner.run();
                rows[i] = row(name, runner.output(0));
            }
        }
        return rows;
    }

    private static float[] row(String name, Tensor output) {
        if (!output.dtype().isFloating() || output.dimensions() != 2 || output.size(0) != 1) {
            throw new BadArgumentException(name + ": expected one row of floats for one input, got " + output.dtype().torchName()
                    + " of the shape " + Arrays.toString(output.shape()));
        }
        try (Tensor exact = output.to(DType.FLOAT32)) {
            return exact.toFloatArray();
        }
    }

    // One subject

    /** A call that is ready to be timed. */
    private record Ready(DType dtype, boolean graph, RunnerCall call, String why, Agreement agreement,
            PrecisionCell.Memory memory, double preparationSeconds, long spent) {
    }

    private void measure(Subject subject) {
        List<Ready> ready = new ArrayList<>();
        List<PrecisionReport.Failed> failures = new ArrayList<>();
        try {
            for (boolean graph : settings.graph() ? new boolean[] {false, true} : new boolean[] {false}) {
                for (DType dtype : settings.dtypes()) {
                    try {
                        ready.add(ready(subject, dtype, graph));
                    } catch (NativesException e) {
                        throw e;
                    } catch (WickException e) {
                        failures.add(new PrecisionReport.Failed(dtype, graph, e.getMessage()));
                    }
                }
            }
            long[] budgets = ready.stream().mapToLong(each -> Math.max(1, settings.budget() - each.spent())).toArray();
            long[] done = {0};
            List<InterleavedRounds.Times> times = new InterleavedRounds(settings.runs(), settings.warmUpRuns()).time(
                    ready.stream().map(Ready::call).toList(), budgets, _ -> progress.at(subject.name() + ": timing", ++done[0],
                            (long) settings.runs() * ready.size()));
            List<PrecisionCell> cells = new ArrayList<>();
            for (int i = 0; i < times.size(); i++) {
                Ready each = ready.get(i);
                if (times.get(i).failure() != null) {
                    failures.add(new PrecisionReport.Failed(each.dtype(), each.graph(), times.get(i).failure().getMessage()));
                } else {
                    cells.add(new PrecisionCell(each.dtype(), each.graph(), times.get(i), each.agreement(), each.memory(),
                            each.call().preparation(), each.why(), each.preparationSeconds()));
                }
            }
            measured.add(new PrecisionReport.Measured(subject.name(), subject.method(), subject.meaning(),
                    subject.inputs().size(), cells, failures));
        } finally {
            ready.forEach(each -> each.call().close());
        }
    }

    private Ready ready(Subject subject, DType dtype, boolean graph) {
        String cell = subject.name() + ": preparing " + DTypeNames.of(dtype) + (graph ? ", CUDA graph" : "");
        progress.at(cell, 0, subject.inputs().size());
        PeakMemory memory = new PeakMemory(settings.device());
        long begin = System.nanoTime();
        memory.reset();
        DeviceMemory before = memory.isCounted() ? DeviceMemory.of(settings.device()) : null;
        CallPreparation.Prepared prepared = new CallPreparation(subject.method(), settings.device(), settings.optimization(),
                graph, settings.budget()).prepare(subject.model(), dtype, subject.inputs().subList(0, 1));
        RunnerCall call = prepared.call();
        try {
            double seconds = (System.nanoTime() - begin) / 1e9;
            memory.reset();
            DeviceMemory after = memory.isCounted() ? DeviceMemory.of(settings.device()) : null;
            Agreement agreement = agreement(subject, call, cell, begin + settings.budget() / 2);
            return new Ready(dtype, graph, call, prepared.why(), agreement, after == null
                    ? new PrecisionCell.Memory(subject.weightBytes(dtype), null, null, null)
                    : memory(subject.weightBytes(dtype), before, after, memory.bytes(), graph), seconds,
                    System.nanoTime() - begin);
        } catch (RuntimeException e) {
            call.close();
            throw e;
        }
    }

    private PrecisionCell.Memory memory(long weights, DeviceMemory before, DeviceMemory after, long peak, boolean graph) {
        long idle = after.allocatedBytes().current();
        boolean cuda = settings.device().type() == Device.Type.CUDA;
        return new PrecisionCell.Memory(weights, idle - before.allocatedBytes().current(),
                // A graph works in its own pool, which was reserved when it was captured.
                graph ? null : (Long) (peak - idle),
                cuda ? (Long) (after.reservedBytes().current() - before.reservedBytes().current()) : null);
    }

    /** Compares as many inputs as there is time for, at least one; the first is in place afterwards. */
    private Agreement agreement(Subject subject, RunnerCall call, String cell, long until) {
        List<float[]> rows = new ArrayList<>();
        for (Tensor input : subject.inputs()) {
            if (!rows.isEmpty() && System.nanoTime() > until) {
                break;
            }
            call.input(0).copyFrom(input);
            call.run();
            rows.add(row(subject.name(), call.outputs().getFirst()));
            progress.at(cell, rows.size(), subject.inputs().size());
        }
        call.input(0).copyFrom(subject.inputs().getFirst());
        return Agreement.of(rows.toArray(float[][]::new), subject.references(), subject.probabilities());
    }
}
