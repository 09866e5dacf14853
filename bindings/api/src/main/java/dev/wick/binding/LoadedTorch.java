package dev.wick.binding;

import dev.wick.error.NativesException;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Optional;

/**
 * Recognises a LibTorch that is already in this process, whoever brought it.
 *
 * <p>Two of them crash each other: their symbols and their operator registries mix. The kernel's list of mappings sees
 * every one, also one of another class loader or of another library such as DJL.
 */
public final class LoadedTorch {
    private static final List<String> MARKS = List.of("/libtorch_cpu.so", "/libtorch.so", "/libc10.so");

    private LoadedTorch() {
    }

    /** The file of a LibTorch library mapped into this process; empty when there is none or the list is unreadable. */
    public static Optional<Path> find() {
        try (var lines = Files.lines(Path.of("/proc/self/maps"))) {
            return lines.map(line -> line.indexOf('/') < 0 ? "" : line.substring(line.indexOf('/')))
                    .filter(path -> MARKS.stream().anyMatch(path::endsWith))
                    .map(Path::of)
                    .findFirst();
        } catch (IOException | java.io.UncheckedIOException e) {
            return Optional.empty();
        }
    }

    /**
     * For a binding that is about to load one.
     *
     * @throws NativesException if there is one already
     */
    public static void refuseSecond() {
        find().ifPresent(path -> {
            throw new NativesException("this process has a LibTorch already (" + path + "), loaded by another library, "
                    + "by another binding or by another class loader; two of them crash each other, so a second one is "
                    + "refused: use one of them per process");
        });
    }
}
