package dev.wick.cli;

import dev.wick.Engine;
import dev.wick.file.WholeFile;
import dev.wick.study.demo.Demo;
import dev.wick.study.report.StudyReport;
import dev.wick.study.training.TrainingResult;
import java.awt.Desktop;
import java.awt.GraphicsEnvironment;
import java.io.IOException;
import java.io.PrintWriter;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Locale;
import java.util.concurrent.Callable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.ParameterException;
import picocli.CommandLine.Spec;

/** {@code wick demo}. */
@Command(name = "demo", description = "Runs all studies on a world that it draws, with tiny models, and opens the report; "
        + "downloads nothing.",
        footer = {"",
                "The folder then holds report.html, report.json, the pictures by class and style, the weights of a tiny CLIP and "
                        + "a tiny ResNet, and the vocabulary: zero-shot, prompts, compare, precision and embed take them.",
                "",
                "Neither model has seen these pictures, nor any of the pairs of colour and shape that are called held back. "
                        + "--train trains both again, in some two minutes on two cores."})
final class DemoCommand implements Callable<Integer> {
    private static final String REPORT = "report.html";
    private static final String JSON = "report.json";

    @Option(names = "--out", paramLabel = "DIR", defaultValue = "wick-demo",
            description = "Where everything is written; made if it is not there (default: ${DEFAULT-VALUE}).")
    private Path out;

    @Option(names = "--train", description = "Train both models first, instead of taking the weights that Wick comes with.")
    private boolean train;

    @Option(names = "--seed", paramLabel = "N", defaultValue = "1",
            description = "Of the pictures (default: ${DEFAULT-VALUE}).")
    private long seed;

    @Option(names = "--runs", paramLabel = "N", defaultValue = "100",
            description = "Timed runs of each model and dtype (default: ${DEFAULT-VALUE}).")
    private int runs;

    @Option(names = "--no-open", negatable = false, description = "Do not open the report in a browser.")
    private boolean unopened;

    @Spec
    private CommandSpec spec;

    @Override
    public Integer call() throws IOException {
        if (runs < 1) {
            throw new ParameterException(spec.commandLine(), "--runs needs 1 or more, got " + runs);
        }
        Files.createDirectories(out);
        WritablePlace.requireDirectory(out, "--out");
        Engine.get();
        PrintWriter print = spec.commandLine().getOut();
        try (StepProgress progress = new StepProgress(spec.commandLine().getErr())) {
            Demo demo = new Demo(out, seed, runs, progress);
            if (train) {
                List<TrainingResult> results = demo.train();
                progress.clear();
                print.println(String.format(Locale.ROOT, "trained on %s", results));
            } else {
                demo.takeShippedWeights();
            }
            StudyReport report = demo.run();
            progress.clear();
            ReportFiles.describe(report, spec);
            report.provenance();
            report.print(print);
            WholeFile.writeText(out.resolve(JSON), report.json());
            WholeFile.writeText(out.resolve(REPORT), report.html());
        }
        print.println();
        print.println("written to " + out.resolve(REPORT) + " and " + out.resolve(JSON) + "; try");
        print.println("  wick zero-shot " + out.resolve(Demo.PAIRS) + " --model " + out.resolve(Demo.CLIP) + " --html z.html");
        print.println("  wick compare " + out.resolve(Demo.PICTURES) + " --clip " + out.resolve(Demo.CLIP) + " --resnet "
                + out.resolve(Demo.CLASSIFIER) + " --resnet-size 64 --resnet-resize 64 --resnet-labels "
                + out.resolve(Demo.CLASSIFIER_LABELS) + " --seed " + seed);
        print.flush();
        if (!unopened) {
            open(out.resolve(REPORT));
        }
        return 0;
    }

    /** Where there is a desktop; elsewhere the path has been printed. */
    private static void open(Path report) {
        if (!GraphicsEnvironment.isHeadless() && Desktop.isDesktopSupported()
                && Desktop.getDesktop().isSupported(Desktop.Action.BROWSE)) {
            try {
                Desktop.getDesktop().browse(report.toUri());
            } catch (IOException e) {
                // No browser is there: the path has been printed.
            }
        }
    }
}
