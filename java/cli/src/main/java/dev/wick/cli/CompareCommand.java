package dev.wick.cli;

import dev.wick.error.BadArgumentException;
import dev.wick.study.UnfinishedRuns;
import dev.wick.study.report.StudyReport;
import dev.wick.study.shift.ClassScope;
import dev.wick.study.shift.OutputClasses;
import dev.wick.study.shift.ShiftFolders;
import dev.wick.study.shift.ShiftPictures;
import dev.wick.study.shift.ShiftStudy;
import dev.wick.study.zeroshot.Labels;
import dev.wick.vision.ClipModel;
import dev.wick.vision.ImageClassifier;
import java.io.IOException;
import java.nio.file.Path;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.Callable;
import picocli.CommandLine.Command;
import picocli.CommandLine.ITypeConverter;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.ParameterException;
import picocli.CommandLine.Parameters;
import picocli.CommandLine.Spec;
import picocli.CommandLine.TypeConversionException;

/** {@code wick compare}. */
@Command(name = "compare", description = "Compares a ResNet with CLIP on originals, sketches, paintings: accuracy by shift, "
        + "robustness gap, who is right where.",
        footer = {"",
                "Pictures are in one folder, FOLDER/CLASS/{original,sketch,art}/picture.jpg (any names of shifts), or in one "
                        + "tree a shift, TREE/CLASS/picture.jpg. Class folders are named by ImageNet's id (n01440764) or by "
                        + "name. Classes that some shifts lack are listed and left out of the figures, so that a gap compares "
                        + "equal classes; unknown folders and unreadable pictures are listed and skipped.",
                "",
                "  wick compare pictures --resnet resnet50.pth --clip RN50.pt",
                "  wick compare --original imagenet/val --sketch imagenet_sketch/sketch --shift r=imagenet-r "
                        + "--classes common --resnet resnet50.pth --clip RN50.pt --prompts seven --html page.html"})
final class CompareCommand implements Callable<Integer> {
    private static final String ORIGINAL = "original";

    @Parameters(paramLabel = "FOLDER", arity = "0..1", description = "Pictures as FOLDER/CLASS/SHIFT/picture.jpg.")
    private Path folder;

    @Option(names = "--original", paramLabel = "DIR", description = "A tree of class folders: the originals.")
    private Path original;

    @Option(names = "--sketch", paramLabel = "DIR", description = "The same: sketches.")
    private Path sketch;

    @Option(names = "--art", paramLabel = "DIR", description = "The same: paintings.")
    private Path art;

    @Option(names = "--shift", paramLabel = "NAME=DIR", description = "The same: another shift; may be repeated.")
    private Map<String, Path> others = new LinkedHashMap<>();

    @Option(names = "--reference", paramLabel = "NAME", defaultValue = ORIGINAL,
            description = "The shift that gaps are measured from (default: ${DEFAULT-VALUE}).")
    private String reference;

    @Option(names = "--classes", paramLabel = "present|common|all", defaultValue = "present", converter = ScopeConverter.class,
            description = "Which classes both models choose between: those that there are pictures of, those that every shift "
                    + "has, or all outputs (default: ${DEFAULT-VALUE}).")
    private ClassScope scope;

    @Option(names = "--pictures", paramLabel = "N", defaultValue = "24",
            description = "Pictures on the page with both models' five best answers (default: ${DEFAULT-VALUE}).")
    private int pictures;

    @Mixin
    private ResNetOptions resnet;

    @Mixin
    private ClipOptions clip;

    @Mixin
    private LabelOptions labels;

    @Mixin
    private ResumeOptions resume;

    @Mixin
    private ReportFiles files;

    @Spec
    private CommandSpec spec;

    /** A scope. */
    static final class ScopeConverter implements ITypeConverter<ClassScope> {
        @Override
        public ClassScope convert(String text) {
            for (ClassScope scope : ClassScope.values()) {
                if (scope.toString().equals(text)) {
                    return scope;
                }
            }
            throw new TypeConversionException("expected present, common or all, got '" + text + "'");
        }
    }

    @Override
    public Integer call() throws IOException {
        if (pictures < 0) {
            throw new ParameterException(spec.commandLine(), "--pictures needs 0 or more, got " + pictures);
        }
        files.requireWritable();
        Map<String, Path> trees = trees();
        Optional<Labels> outputs = resnet.labels();
        Optional<Labels> asked = labels.areGiven() ? Optional.of(labels.labels()) : Optional.empty();
        ShiftFolders found = folder != null ? ShiftFolders.nested(folder) : ShiftFolders.trees(trees);
        try (ImageClassifier classifier = resnet.open(clip.seed(), clip.device(), clip.dtype());
                StepProgress progress = new StepProgress(spec.commandLine().getErr())) {
            ShiftPictures known = known(found, classifier.classCount(), outputs, asked);
            try (ClipModel model = clip.open()) {
                UnfinishedRuns runs = resume.runs();
                StudyReport report = new ShiftStudy(classifier, model, clip.tokenizer(model), labels.templates())
                        .cache(clip.cache(), clip.cacheIdentity()).batch(clip.batch(), clip.optimization()).progress(progress)
                        .keeping(runs, resnet.pictureIdentity(runs, clip), clip.pictureIdentity(runs))
                        .seed(clip.seed()).shown(pictures).compare(found, known, scope);
                progress.clear();
                resnet.describe(report, clip.seed());
                clip.describe(report, model).fact("Prompts", labels.templatesText() + ": "
                        + String.join(" / ", labels.templates().sentences())).provenance();
                report.data("prompts", labels.templates().sentences());
                files.write(report, spec);
            }
        }
        return 0;
    }

    private ShiftPictures known(ShiftFolders found, int outputs, Optional<Labels> named, Optional<Labels> asked) {
        try {
            return ShiftPictures.of(found, OutputClasses.of(outputs, named, asked, found.classFolders()), reference);
        } catch (BadArgumentException e) {
            throw new CliException(e.getMessage(), "--resnet-labels FILE names the outputs' classes, one a line, as the class "
                    + "folders are called; --reference names the shift that gaps are measured from", e);
        }
    }

    private Map<String, Path> trees() {
        Map<String, Path> trees = new LinkedHashMap<>();
        put(trees, ORIGINAL, original);
        put(trees, "sketch", sketch);
        put(trees, "art", art);
        others.forEach((name, tree) -> {
            if (name.isBlank() || trees.containsKey(name)) {
                throw new ParameterException(spec.commandLine(), "--shift needs a name that no other has, got '" + name + "'");
            }
            trees.put(name, tree);
        });
        if (folder != null && !trees.isEmpty()) {
            throw new ParameterException(spec.commandLine(),
                    "one folder of pictures is taken, or one tree a shift, not both: got " + folder + " and "
                            + String.join(", ", trees.keySet()));
        }
        if (folder == null && trees.isEmpty()) {
            throw new ParameterException(spec.commandLine(), "pictures are needed: FOLDER, or --original DIR --sketch DIR");
        }
        return trees;
    }

    private static void put(Map<String, Path> trees, String name, Path tree) {
        if (tree != null) {
            trees.put(name, tree);
        }
    }
}
