package dev.wick.cli;

import dev.wick.study.embedding.EmbeddingJournal;
import dev.wick.study.embedding.EmbeddingStudy;
import dev.wick.study.report.StudyReport;
import dev.wick.vision.ClipModel;
import dev.wick.vision.image.PictureFiles;
import java.io.IOException;
import java.nio.charset.CharacterCodingException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.Callable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.ParameterException;
import picocli.CommandLine.Parameters;
import picocli.CommandLine.Spec;

/** {@code wick embed}. */
@Command(name = "embed", description = "Writes CLIP's features of pictures or of texts to a file.",
        footer = {"",
                "Rows are float32; their names are in FILE.names.txt. A run that ends early goes on where it was when it is "
                        + "started again; what it has is in FILE.partial until then. Pictures that cannot be read are listed "
                        + "and have no row."})
final class EmbedCommand implements Callable<Integer> {
    @Parameters(paramLabel = "IMAGES", arity = "0..*", description = "Pictures and folders.")
    private List<Path> images = new ArrayList<>();

    @Option(names = "--texts", paramLabel = "FILE", description = "Instead of pictures: the lines of a file in UTF-8.")
    private Path texts;

    @Option(names = "--out", paramLabel = "FILE", required = true, description = "A .npy or .safetensors file.")
    private Path out;

    @Option(names = "--normalize", description = "Divide each row by its norm.")
    private boolean normalized;

    @Option(names = "--restart", description = "Forget what an earlier run left, and begin anew.")
    private boolean restart;

    @Mixin
    private ClipOptions clip;

    @Mixin
    private ReportFiles files;

    @Spec
    private CommandSpec spec;

    @Override
    public Integer call() throws IOException {
        if ((texts == null) == images.isEmpty()) {
            throw new ParameterException(spec.commandLine(), "either IMAGES or --texts is needed");
        }
        WritablePlace.require(out, "--out");
        EmbeddingJournal.requireKind(out);
        files.requireWritable();
        List<String> lines = texts == null ? List.of() : lines();
        PictureFiles found = texts == null ? PictureArguments.found(images) : null;
        if (restart) {
            EmbeddingJournal.forget(out);
        }
        try (ClipModel model = clip.open(); StepProgress progress = new StepProgress(spec.commandLine().getErr())) {
            EmbeddingStudy study = new EmbeddingStudy(model, normalized, progress);
            StudyReport report = texts == null
                    ? study.pictures(found.files(), out, clip.modelIdentity(), clip.batch(), clip.optimization())
                    : study.texts(clip.tokenizer(model), lines, out, clip.identity());
            progress.clear();
            clip.describe(report, model).provenance();
            files.write(report, spec);
        }
        return 0;
    }

    private List<String> lines() throws IOException {
        try {
            List<String> lines = Files.readAllLines(texts);
            if (lines.isEmpty()) {
                throw new CliException("--texts " + texts + " is empty", "one text a line");
            }
            return lines;
        } catch (CharacterCodingException e) {
            throw new CliException("--texts " + texts + " is not text in UTF-8", "iconv -t UTF-8 converts it", e);
        }
    }
}
