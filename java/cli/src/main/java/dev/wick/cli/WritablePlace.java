package dev.wick.cli;

import dev.wick.file.WholeFile;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Optional;

/** Checks, before any work is done, that its result can be written where an option says; any thread. */
final class WritablePlace {
    private WritablePlace() {
    }

    /** Throws unless a file of this name can be written; leaves nothing behind. */
    static void require(Path file, String option) {
        Optional<String> obstacle = WholeFile.obstacle(file);
        if (obstacle.isPresent()) {
            Path parent = file.toAbsolutePath().getParent();
            throw new CliException(option + " " + file + ": " + obstacle.get(),
                    Files.isDirectory(file) ? "name a file in it"
                            : parent != null && !Files.exists(parent) ? "mkdir -p '" + parent + "'"
                            : "choose another place, or change its permissions");
        }
    }

    /** Throws unless files can be made in a directory; leaves nothing behind. */
    static void requireDirectory(Path directory, String option) {
        WholeFile.directoryObstacle(directory).ifPresent(reason -> {
            throw new CliException(option + " " + directory + ": " + reason,
                    "choose another place, or change its permissions");
        });
    }
}
