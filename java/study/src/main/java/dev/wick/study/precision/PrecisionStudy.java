package dev.wick.study.precision;

import dev.wick.DType;
import dev.wick.Device;
import dev.wick.DeviceMemory;
import dev.wick.Engine;
import dev.wick.Optimization;
import dev.wick.Runner;
import dev.wick.Tensor;
import dev.wick.TorchScriptModel;
import dev.wick.error.BadArgumentException;
import dev.wick.error.NativesException;
import dev.wick.error.WickException;
import dev.wick.study.StudyProgress;
import dev.wick.study.StudyWatch;
import dev.wick.study.UnfinishedRuns;
import dev.wick.study.measurement.CallPreparation;
import dev.wick.study.measurement.InterleavedRounds;
import dev.wick.study.measurement.PeakMemory;
import dev.wick.study.measurement.RunnerCall;
import dev.wick.study.report.DTypeNames;
import dev.wick.study.report.Machine;
import dev.wick.study.report.Provenance;
import dev.wick.vision.ClipModel;
import dev.wick.vision.Features;
import dev.wick.vision.ImageClassifier;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Optional;
import java.util.Set;

/**
 * FP32 against half precision: time, memory and agreement of a classifier and of CLIP's two towers; one thread.
 *
 * <p>Outputs are compared before anything is timed, each dtype on the same inputs against the model as it is in float32. Then the
 * dtypes' runs, of a batch of one, take turns in rounds ({@link InterleavedRounds}).
 *
 * <p>What took turns is kept together when it is done, a classifier or one tower, until {@link #finished}: a study with the same
 * settings, model, inputs, LibTorch and machine takes it over, should this one end before. Figures of two runs are never mixed
 * within it.
 */
public final class PrecisionStudy {
    private final Settings settings;
    private final KeptSubjects kept;
    private final StudyWatch watch;
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

    /** Begins a study that keeps nothing and is not watched. */
    public PrecisionStudy(Settings settings, StudyProgress progress) {
        this(settings, UnfinishedRuns.none(), StudyWatch.NONE, progress);
    }

    /**
     * Begins a study.
     *
     * @param runs  where it keeps what is measured
     * @param watch is told of each preparation, each comparison, and each run of a reference or of a timed series
     */
    public PrecisionStudy(Settings settings, UnfinishedRuns runs, StudyWatch watch, StudyProgress progress) {
        this.settings = settings;
        this.kept = new KeptSubjects(runs);
        this.watch = watch;
        this.progress = progress;
    }

    /**
     * Measures a classifier, or takes over what an earlier run measured of it.
     *
     * @param identity   tells model and release from any others, by contents and not by names; nothing is kept of a model
     *                   without one
     * @param classifier in float32, on the study's device
     * @param pictures   at least one, each [1, 3, height, width] of float32 in host memory; the first is timed
     */
    public void measure(String name, String identity, ImageClassifier classifier, List<Tensor> pictures) {
        String key = keepable(identity) ? key(name, "forward", identity, KeptSubjects.digest(pictures)) : "";
        measured.add(kept.find(key).orElseGet(() -> measure(key, Subject.classifier(name, classifier, pictures,
                references(name, classifier.model(), "forward", pictures)))));
    }

    /**
     * Measures CLIP's towers, or takes over what an earlier run measured of them.
     *
     * @param identity      tells model and release from any others, by contents and not by names; nothing is kept of a model
     *                      without one
     * @param clip          in float32, on the study's device
     * @param pictures      at least one, each [1, 3, resolution, resolution] of float32 in host memory; the first is timed
     * @param texts         at least one, each [1, context length] of int32 in host memory; the first is timed
     * @param textsPerLabel how many texts after each other make one label
     */
    public void measure(String name, String identity, ClipModel clip, List<Tensor> pictures, List<Tensor> texts,
            int textsPerLabel) {
        // Each tower's probabilities are over what the other one gives, so that both have the inputs of both.
        String inputs = keepable(identity) ? KeptSubjects.digest(pictures) + "\n" + KeptSubjects.digest(texts) + " by "
                + textsPerLabel : "";
        String imageKey = keepable(identity) ? key(name, "encode_image", identity, inputs) : "";
        String textKey = keepable(identity) ? key(name, "encode_text", identity, inputs) : "";
        Optional<PrecisionReport.Measured> images = kept.find(imageKey);
        Optional<PrecisionReport.Measured> ofText = kept.find(textKey);
        if (images.isPresent() && ofText.isPresent()) {
            measured.add(images.get());
            measured.add(ofText.get());
            return;
        }
        float[][] ofPictures = references(name + ", image tower", clip.model(), "encode_image", pictures);
        float[][] ofTexts = references(name + ", text tower", clip.model(), "encode_text", texts);
        float[][] labels = new float[texts.size() / textsPerLabel][];
        for (int label = 0; label < labels.length; label++) {
            labels[label] = Features.normalized(Features.mean(Arrays.stream(ofTexts, label * textsPerLabel,
                    (label + 1) * textsPerLabel).map(Features::normalized).toArray(float[][]::new)));
        }
        measured.add(images.orElseGet(() -> measure(imageKey, Subject.imageTower(name, clip, pictures, ofPictures, labels))));
        measured.add(ofText.orElseGet(() -> measure(textKey, Subject.textTower(name, clip, texts, ofTexts,
                Arrays.stream(ofPictures).map(Features::normalized).toArray(float[][]::new)))));
    }

    /** All that was measured so far. */
    public PrecisionReport report() {
        return new PrecisionReport(settings, measured);
    }

    /** Removes what was kept: the report has come to where it was to be. */
    public void finished() {
        kept.remove();
    }

    private boolean keepable(String identity) {
        return kept.areKept() && !identity.isEmpty();
    }

    /** All that a subject's figures depend on. */
    private String key(String name, String method, String identity, String inputs) {
        return String.join("\n", name, method, settings.toString(), identity, inputs, Provenance.facts().toString(),
                Engine.get().executor().toString(), settings.device().type() == Device.Type.CUDA
                        ? Machine.describeGpu(settings.device()).toString() : "");
    }

    private float[][] references(String name, TorchScriptModel model, String method, List<Tensor> inputs) {
        float[][] rows = new float[inputs.size()][];
        watch.begins(name + ": preparing the FP32 reference");
        try (Runner runner = CallPreparation.builder(model, method, DType.FLOAT32, inputs.subList(0, 1))
                .optimize(Optimization.NONE).build()) {
            for (int i = 0; i < rows.length; i++) {
                progress.at(name + ": FP32 reference", i, rows.length);
                watch.begins(name + ": an FP32 reference");
                runner.input(0).copyFrom(inputs.get(i));
                runner.run();
                rows[i] = row(name, runner.output(0));
            }
        } finally {
            watch.ends();
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

    private PrecisionReport.Measured measure(String key, Subject subject) {
        PrecisionReport.Measured now = measure(subject);
        kept.keep(key, now);
        return now;
    }

    private PrecisionReport.Measured measure(Subject subject) {
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
            List<InterleavedRounds.Times> times = new InterleavedRounds(settings.runs(), settings.warmUpRuns()).time(
                    ready.stream().map(Ready::call).toList(), budgets, listener(subject, ready));
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
            return new PrecisionReport.Measured(subject.name(), subject.method(), subject.meaning(), subject.inputs().size(),
                    cells, failures, null);
        } finally {
            watch.ends();
            ready.forEach(each -> each.call().close());
        }
    }

    private InterleavedRounds.Listener listener(Subject subject, List<Ready> ready) {
        List<String> names = ready.stream().map(each -> subject.name() + ": timing " + name(each.dtype(), each.graph())).toList();
        return new InterleavedRounds.Listener() {
            private long done;

            @Override
            public void begins(int call) {
                watch.begins(names.get(call));
            }

            @Override
            public void ran(int call) {
                progress.at(subject.name() + ": timing", ++done, (long) settings.runs() * names.size());
            }
        };
    }

    private static String name(DType dtype, boolean graph) {
        return DTypeNames.of(dtype) + (graph ? ", CUDA graph" : "");
    }

    private Ready ready(Subject subject, DType dtype, boolean graph) {
        String cell = subject.name() + ": preparing " + name(dtype, graph);
        watch.begins(cell);
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
            watch.begins(subject.name() + ": comparing " + name(dtype, graph));
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
