package dev.wick.vision.image;

import java.nio.file.Path;

/** A file that was left out, and why. */
public record PictureFailure(Path file, String reason) {
    @Override
    public String toString() {
        return file + ": " + reason;
    }
}
