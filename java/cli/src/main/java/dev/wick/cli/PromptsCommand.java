package dev.wick.cli;

import dev.wick.study.UnfinishedRuns;
import dev.wick.study.report.StudyReport;
import dev.wick.study.zeroshot.ClassFolders;
import dev.wick.study.zeroshot.PromptStudy;
import dev.wick.vision.ClipModel;
import java.io.IOException;
import java.nio.file.Path;
import java.util.concurrent.Callable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Parameters;
import picocli.CommandLine.Spec;

/** {@code wick prompts}. */
@Command(name = "prompts", description = "Ranks prompt templates by CLIP's accuracy on labelled pictures.",
        footer = {"", "Pictures are encoded once; each template is tried by itself, then all of them together."})
final class PromptsCommand implements Callable<Integer> {
    @Parameters(paramLabel = "FOLDER", description = "Class folders: FOLDER/CLASS/picture.jpg.")
    private Path folder;

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

    @Override
    public Integer call() throws IOException {
        files.requireWritable();
        ClassFolders folders = labels.folders(folder);
        try (ClipModel model = clip.open(); StepProgress progress = new StepProgress(spec.commandLine().getErr())) {
            UnfinishedRuns runs = resume.runs();
            StudyReport report = new PromptStudy(model, clip.tokenizer(model), clip.cache(), clip.cacheIdentity(), progress)
                    .keeping(runs, clip.pictureIdentity(runs)).rank(folders, labels.templates(), clip.batch(), clip.optimization());
            progress.clear();
            clip.describe(report, model).provenance();
            files.write(report, spec);
        }
        return 0;
    }
}
