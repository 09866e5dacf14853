package dev.wick.cli;

import dev.wick.vision.image.PictureFiles;
import java.nio.file.Path;
import java.util.List;

/** Pictures and folders, as they are given on a command line. */
final class PictureArguments {
    private PictureArguments() {
    }

    /** All pictures that are there; throws when there is none. */
    static PictureFiles found(List<Path> images) {
        PictureFiles found = PictureFiles.of(images);
        if (found.files().isEmpty()) {
            throw new CliException("there are no pictures in " + String.join(", ", images.stream().map(Path::toString).toList())
                    + (found.unreadable().isEmpty() ? "" : ": " + found.unreadable().getFirst()),
                    "files named .jpg, .png, .gif, .bmp, .tif and .webp are taken");
        }
        return found;
    }
}
