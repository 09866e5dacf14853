package dev.wick.cli;

import dev.wick.study.UnfinishedRuns;
import java.nio.file.Path;
import picocli.CommandLine.Option;

/** Where a run keeps what it has, should it end early. */
final class ResumeOptions {
    private static final String NOTHING = "none";

    @Option(names = "--resume", paramLabel = "DIR|none", description = "Where results are kept until the run ends: one that is "
            + "killed goes on when the same is asked for again (default: unfinished in WICK_CACHE).")
    private String directory;

    UnfinishedRuns runs() {
        return directory == null ? UnfinishedRuns.inWicksCache() : directory.equals(NOTHING) ? UnfinishedRuns.none()
                : UnfinishedRuns.in(Path.of(directory));
    }
}
