package dev.wick.cli;

import dev.wick.Cuda;
import dev.wick.DType;
import dev.wick.Device;
import dev.wick.Engine;
import dev.wick.Optimization;
import dev.wick.Tensor;
import dev.wick.TensorScope;
import dev.wick.study.UnfinishedRuns;
import dev.wick.study.precision.PrecisionInputs;
import dev.wick.study.precision.PrecisionStudy;
import dev.wick.study.report.DTypeNames;
import dev.wick.study.report.Machine;
import dev.wick.study.report.StudyReport;
import dev.wick.study.zeroshot.Labels;
import dev.wick.vision.Architecture;
import dev.wick.vision.ArchitectureSummary.Tower;
import dev.wick.vision.ClipModel;
import dev.wick.vision.ImageClassifier;
import dev.wick.vision.image.ImagePreprocessor;
import dev.wick.vision.image.PictureFiles;
import java.io.IOException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.Callable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.ParameterException;
import picocli.CommandLine.Spec;

/** {@code wick precision}. */
@Command(name = "precision",
        description = "FP32 against half precision for a classifier and CLIP's two towers: time, memory, agreement.",
        footer = {"",
                "Outputs are compared first: probabilities of a classifier are the softmax of its scores, of CLIP's image tower "
                        + "the softmax of the scaled cosines with the labels' FP32 features, of its text tower with the "
                        + "pictures'. Then runs of one input are timed, the dtypes in turns over up to ten rounds; 'of fp32' is "
                        + "the median of the rounds' ratios.",
                "",
                "On a CUDA device each dtype is measured eagerly and under a CUDA graph, enqueueing and the device's time apart, "
                        + "and the report says from them why half precision gains what it gains.",
                "",
                "FP16 on a CPU can be a hundred times slower: --budget cuts it, which is said; at least one run is measured.",
                "",
                "A classifier, an image tower, a text tower: what is measured is kept until the report is written. After a run that "
                        + "was killed the same command takes over what that one measured, on the same machine with the same "
                        + "models, inputs and LibTorch, and the report says when that was. What takes longer than ten budgets and "
                        + "a minute, a preparation, a comparison or a run, is held to hang: precision says which and exits with "
                        + "1."})
final class PrecisionCommand implements Callable<Integer> {
    private static final int IMAGENET_SIZE = 224;
    private static final String HANG_HINT = "--dtype without this one leaves it out; --budget gives slow models more time";

    @Option(names = "--resnet", paramLabel = "MODEL", defaultValue = "resnet50",
            description = "A classifier: a TorchScript archive, weights, or a built-in name with random weights (default: "
                    + "${DEFAULT-VALUE}).")
    private String resnet;

    @Option(names = "--clip", paramLabel = "MODEL", defaultValue = "clip-rn50",
            description = "A CLIP: an archive, weights, or a built-in name with random weights (default: ${DEFAULT-VALUE}).")
    private String clip;

    @Option(names = "--dtype", paramLabel = "fp32,bf16,fp16", split = ",", converter = DTypeOption.class,
            defaultValue = "fp32,bf16,fp16", description = "What to compute in; FP32 is measured in any case (default: "
                    + "${DEFAULT-VALUE}).")
    private List<DType> dtypes;

    @Option(names = "--images", paramLabel = "FILE|FOLDER", arity = "1..*", description = "Pictures to compare on, prepared as "
            + "for ImageNet and as CLIP does it; the first is timed (default: " + PrecisionInputs.PICTURES
            + " pictures of seeded normal noise).")
    private List<Path> images = new ArrayList<>();

    @Option(names = "--vocab", paramLabel = "FILE", description = "CLIP's vocabulary, for --labels (default: the one beside the "
            + "model).")
    private Path vocabulary;

    @Mixin
    private LabelOptions labels;

    @Option(names = "--runs", paramLabel = "N", defaultValue = "100",
            description = "Timed runs of each (default: ${DEFAULT-VALUE}).")
    private int runs;

    @Option(names = "--warmup", paramLabel = "N", defaultValue = "10",
            description = "Runs before them that are discarded (default: ${DEFAULT-VALUE}).")
    private int warmUp;

    @Option(names = "--budget", paramLabel = "SECONDS", defaultValue = "60",
            description = "Time for one model in one dtype, preparation and comparison included (default: ${DEFAULT-VALUE}).")
    private double budget;

    @Option(names = "--optimize", paramLabel = "auto|none|freeze|ofi|onednn", defaultValue = "none",
            description = "What is done to the models for speed (default: ${DEFAULT-VALUE}).")
    private Optimization optimization;

    @Option(names = "--device", paramLabel = "D", converter = DeviceOption.class, defaultValue = "cpu",
            description = "cpu, cuda or cuda:N (default: ${DEFAULT-VALUE}).")
    private Device device;

    @Option(names = "--graph", arity = "0..1", paramLabel = "true|false", fallbackValue = "true",
            description = "On a CUDA device: measure under a CUDA graph as well (the default there; --graph=false leaves it out).")
    private Boolean graph;

    @Option(names = "--tf32", paramLabel = "on|off", description = "On a CUDA device: whether cuBLAS and cuDNN may round float32 "
            + "to TF32 (default: LibTorch's, off in matrix products and on in convolutions). The setting is in the report.")
    private BenchCommand.Switch tf32;

    @Option(names = "--seed", paramLabel = "N", defaultValue = "0",
            description = "Of built-in models' random weights, and of noise (default: ${DEFAULT-VALUE}).")
    private long seed;

    @Mixin
    private ResumeOptions resume;

    @Mixin
    private ReportFiles files;

    @Spec
    private CommandSpec spec;

    @Override
    public Integer call() throws IOException {
        checkOptions();
        files.requireWritable();
        Engine.get().require(device);
        if (tf32 != null) {
            Cuda.setNumerics(Cuda.numerics().withTf32(tf32 == BenchCommand.Switch.ON));
        }
        PictureFiles found = images.isEmpty() ? null : PictureArguments.found(images);
        // Before anything is measured.
        Path words = !labels.areGiven() ? null : vocabulary != null ? vocabulary : ClipOptions.vocabularyBeside(clip);
        boolean onDevice = device.type() == Device.Type.CUDA;
        UnfinishedRuns kept = resume.runs();
        long limit = (long) (budget * 1e9);
        try (StepProgress progress = new StepProgress(spec.commandLine().getErr());
                Watchdog watchdog = Watchdog.ending(spec.commandLine().getErr(), HANG_HINT)) {
            PrecisionStudy study = new PrecisionStudy(new PrecisionStudy.Settings(dtypes, runs, warmUp, limit, optimization,
                    graph == null ? onDevice : graph, device), kept, watchdog.study(Watchdog.limit(limit)), progress);
            PrecisionInputs.Pictures pictures;
            try (ImageClassifier classifier = classifier(); TensorScope _ = TensorScope.open()) {
                pictures = pictures(classifier.preprocessor(), found);
                study.measure(name(resnet), identity(resnet, kept), classifier, pictures.tensors());
            }
            String texts;
            try (ClipModel model = clip(); TensorScope _ = TensorScope.open()) {
                PrecisionInputs.Texts given = texts(model, words);
                texts = given.description();
                study.measure(name(clip), identity(clip, kept), model, pictures(model.preprocessor(), found).tensors(),
                        given.tensors(), given.perLabel());
            }
            progress.clear();
            StudyReport report = study.report().study();
            describe(report, pictures, texts);
            files.write(report, spec);
            study.finished();
        }
        return 0;
    }

    private void checkOptions() {
        require(runs >= 1, "--runs needs 1 or more, got " + runs);
        require(warmUp >= 0, "--warmup needs 0 or more, got " + warmUp);
        require(budget > 0 && budget <= 1e6, "--budget needs seconds above 0, got " + budget);
        require(seed >= 0 && seed <= Architecture.MAXIMUM_SEED, "--seed needs a number from 0 to " + Architecture.MAXIMUM_SEED
                + ", got " + seed);
        require(device.type() == Device.Type.CUDA || !Boolean.TRUE.equals(graph) && tf32 == null,
                "--graph and --tf32 are for a CUDA device: --device cuda:0");
        require(labels.areGiven() || vocabulary == null, "--vocab is for --labels");
    }

    private void require(boolean holds, String message) {
        if (!holds) {
            throw new ParameterException(spec.commandLine(), message);
        }
    }

    // Models

    private static String name(String model) {
        Path file = Path.of(model).getFileName();
        return file == null ? model : file.toString();
    }

    /** The release counts as well: another may measure otherwise. Nothing is read where nothing is kept. */
    private String identity(String model, UnfinishedRuns kept) throws IOException {
        return kept.areKept() ? WickCommand.version() + " " + ModelSource.identity(model, seed) : "";
    }

    private ImageClassifier classifier() {
        ImagePreprocessor preprocessor = ImagePreprocessor.imagenet(IMAGENET_SIZE);
        Optional<Architecture> builtIn = ModelSource.builtIn(resnet);
        if (builtIn.isEmpty()) {
            return ImageClassifier.load(Path.of(resnet), preprocessor, device, DType.FLOAT32);
        }
        if (builtIn.get().summary().embeddingSizes().containsKey(Tower.TEXT)) {
            throw new CliException("--resnet " + resnet + " is a CLIP, and a classifier is needed",
                    "--clip takes CLIPs; --resnet takes resnet50 and the like");
        }
        return ImageClassifier.build(builtIn.get(), seed, preprocessor, device, DType.FLOAT32);
    }

    private ClipModel clip() {
        return ModelSource.builtIn(clip).map(architecture -> ClipModel.build(architecture, seed, device, DType.FLOAT32))
                .orElseGet(() -> ClipModel.load(Path.of(clip), device, DType.FLOAT32));
    }

    // Inputs

    private PrecisionInputs.Pictures pictures(ImagePreprocessor preprocessor, PictureFiles found) {
        PrecisionInputs.Pictures pictures = found == null ? PrecisionInputs.noise(preprocessor, seed)
                : PrecisionInputs.pictures(preprocessor, found.files());
        if (pictures.tensors().isEmpty()) {
            throw new CliException("none of the pictures can be read: " + pictures.failures().getFirst());
        }
        return pictures;
    }

    private PrecisionInputs.Texts texts(ClipModel model, Path words) throws IOException {
        if (!labels.areGiven()) {
            return PrecisionInputs.randomTexts(model.configuration(), seed);
        }
        Labels given = labels.labels();
        List<Tensor> tensors = PrecisionInputs.texts(ClipOptions.tokenizer(model, words), given.names().stream()
                        .flatMap(label -> labels.templates().of(label).stream()).toList());
        return new PrecisionInputs.Texts(tensors, labels.templates().sentences().size(), given.size() + " labels: "
                + String.join(", ", given.names().subList(0, Math.min(20, given.size()))) + (given.size() > 20 ? ", ..." : "")
                + "\n" + String.join(" / ", labels.templates().sentences()));
    }

    // The report

    private void describe(StudyReport report, PrecisionInputs.Pictures pictures, String texts) {
        report.fact("Classifier", ModelSource.described(resnet, seed)).fact("CLIP", ModelSource.described(clip, seed)).fact("Pictures", pictures.description())
                .fact("Texts", texts);
        if (device.type() == Device.Type.CUDA) {
            report.fact("Device", device + ": " + Machine.gpu(device) + "\nTF32 " + Machine.tf32());
            report.data("gpu", Machine.describeGpu(device));
        }
        report.provenance();
        report.data("resnet", resnet).data("clip", clip).data("seed", seed).data("dtypes", dtypes.stream().map(DTypeNames::of)
                .toList()).data("pictures", pictures.description()).data("texts", texts)
                .data("unreadable", pictures.failures().stream().map(Object::toString).toList());
        report.paragraph("Pictures: " + pictures.description() + ". Texts: " + texts.replace("\n", "; ") + ".");
        pictures.failures().forEach(failure -> report.warning("left out: " + failure));
    }
}
