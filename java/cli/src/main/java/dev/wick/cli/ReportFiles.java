package dev.wick.cli;

import dev.wick.file.WholeFile;
import dev.wick.study.report.StudyReport;
import java.io.IOException;
import java.io.PrintWriter;
import java.nio.file.Path;
import java.time.Instant;
import java.time.temporal.ChronoUnit;
import java.util.List;
import java.util.stream.Collectors;
import java.util.stream.Stream;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;

/** Where a study's report is written, beside the terminal. */
final class ReportFiles {
    @Option(names = "--json", paramLabel = "FILE", description = "Write all figures as JSON.")
    private Path json;

    @Option(names = "--html", paramLabel = "FILE", description = "Write a page with tables, charts and pictures, which "
            + "needs nothing beside it.")
    private Path html;

    /** Throws unless they can be written; before any work is done. */
    void requireWritable() {
        if (json != null) {
            WritablePlace.require(json, "--json");
        }
        if (html != null) {
            WritablePlace.require(html, "--html");
        }
    }

    /** Says which command made it, when, and by which Wick. */
    static void describe(StudyReport report, CommandSpec spec) {
        List<String> command = Stream.concat(Stream.of("wick"),
                spec.root().commandLine().getParseResult().originalArgs().stream()).toList();
        report.command(command.stream().map(BenchPage::quoted).collect(Collectors.joining(" ")))
                .fact("Date", Instant.now().truncatedTo(ChronoUnit.SECONDS).toString().replace('T', ' ').replace("Z", " UTC"))
                .fact("Wick", WickCommand.version());
        report.data("command", command).data("wick", WickCommand.version());
    }

    /** Prints the report and writes the files that were asked for. */
    void write(StudyReport report, CommandSpec spec) throws IOException {
        PrintWriter out = spec.commandLine().getOut();
        describe(report, spec);
        report.print(out);
        if (json != null) {
            WholeFile.writeText(json, report.json());
            out.println("written to " + json);
        }
        if (html != null) {
            WholeFile.writeText(html, report.html());
            out.println("written to " + html);
        }
        out.flush();
    }
}
