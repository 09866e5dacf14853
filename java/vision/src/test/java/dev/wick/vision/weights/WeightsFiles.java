package dev.wick.vision.weights;

import dev.wick.Tensor;
import dev.wick.vision.file.Npy;
import java.io.IOException;
import java.io.InputStream;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;

/** What {@code make_weights.py} and {@code make_archives.py} wrote, as files; any thread. */
final class WeightsFiles {
    private WeightsFiles() {
    }

    static byte[] bytes(String name) {
        return resource("/weights/" + name);
    }

    private static byte[] resource(String path) {
        try (InputStream in = WeightsFiles.class.getResourceAsStream(path)) {
            return in.readAllBytes();
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    static Path file(Path directory, String name) {
        return write(directory, name, bytes(name));
    }

    static Path archive(Path directory, String name) {
        return write(directory, name, resource("/archives/" + name));
    }

    static Path write(Path directory, String name, byte[] bytes) {
        try {
            return Files.write(directory.resolve(name), bytes);
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    static Tensor npy(Path directory, String name) {
        return Npy.read(file(directory, name));
    }
}
