package dev.wick.cli;

import dev.wick.study.UnfinishedRuns;
import dev.wick.study.report.StudyReport;
import dev.wick.study.zeroshot.ClassFolders;
import dev.wick.study.zeroshot.Labels;
import dev.wick.study.zeroshot.LogitScale;
import dev.wick.study.zeroshot.ZeroShotClassifier;
import dev.wick.study.zeroshot.ZeroShotStudy;
import dev.wick.vision.ClipModel;
import dev.wick.vision.image.PictureFiles;
import dev.wick.vision.text.ClipTokenizer;
import java.io.IOException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
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

/** {@code wick zero-shot}. */
@Command(name = "zero-shot", description = "Classifies pictures by labels alone, with CLIP.",
        footer = {"",
                "A folder of class folders (FOLDER/CLASS/picture.jpg) is scored: top-1, top-5, by class, and what was "
                        + "taken for what. Its folders are the labels, or fit those that are given, by name or by "
                        + "ImageNet's id (n01440764). Other pictures and folders get their best labels.",
                "",
                "Pictures that cannot be read are listed and left out."})
final class ZeroShotCommand implements Callable<Integer> {
    @Parameters(paramLabel = "IMAGES", arity = "1..*", description = "Pictures and folders.")
    private List<Path> images = new ArrayList<>();

    @Mixin
    private ClipOptions clip;

    @Mixin
    private LabelOptions labels;

    @Option(names = "--logit-scale", paramLabel = "model|none|X", defaultValue = "model",
            converter = ScaleConverter.class, description = "What cosines are multiplied by before the softmax: the "
                    + "model's own scale (100 in published ones), nothing, or a number (default: ${DEFAULT-VALUE}).")
    private LogitScale scale;

    @Option(names = "--top", paramLabel = "K", defaultValue = "5",
            description = "Labels shown for a picture (default: ${DEFAULT-VALUE}).")
    private int top;

    @Mixin
    private ResumeOptions resume;

    @Mixin
    private ReportFiles files;

    @Spec
    private CommandSpec spec;

    /** A scale. */
    static final class ScaleConverter implements ITypeConverter<LogitScale> {
        @Override
        public LogitScale convert(String text) {
            try {
                return LogitScale.parse(text);
            } catch (dev.wick.error.BadArgumentException e) {
                throw new TypeConversionException(e.getMessage());
            }
        }
    }

    @Override
    public Integer call() throws IOException {
        if (top < 1) {
            throw new ParameterException(spec.commandLine(), "--top needs 1 or more, got " + top);
        }
        files.requireWritable();
        boolean scored = images.size() == 1 && ClassFolders.isOne(images.getFirst());
        if (!scored && !labels.areGiven()) {
            throw new ParameterException(spec.commandLine(),
                    "--labels is needed, unless there is one folder of class folders");
        }
        ClassFolders folders = scored ? labels.folders(images.getFirst()) : null;
        Labels named = scored ? folders.labels() : labels.labels();
        PictureFiles found = scored ? null : PictureArguments.found(images);
        try (ClipModel model = clip.open(); StepProgress progress = new StepProgress(spec.commandLine().getErr())) {
            ClipTokenizer tokenizer = clip.tokenizer(model);
            ZeroShotClassifier classifier = ZeroShotClassifier.of(model, tokenizer, named, labels.templates(), scale,
                    clip.cache(), clip.cacheIdentity(), progress);
            UnfinishedRuns runs = resume.runs();
            ZeroShotStudy study = new ZeroShotStudy(model, classifier, clip.batch(), clip.optimization(), progress)
                    .keeping(runs, clip.pictureIdentity(runs));
            StudyReport report = scored ? study.accuracy(folders, top) : study.pictures(found.files(), top);
            progress.clear();
            clip.describe(report, model).fact("Prompts", labels.templatesText() + ": "
                    + String.join(" / ", labels.templates().sentences())).fact("Logit scale",
                            Double.toString(classifier.scale())).provenance();
            report.data("prompts", labels.templates().sentences()).data("logitScale", classifier.scale());
            files.write(report, spec);
        }
        return 0;
    }
}
