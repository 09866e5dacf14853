package dev.wick.binding;

import dev.wick.error.NativesException;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Optional;
import java.util.function.Predicate;
import java.util.regex.Pattern;

/**
 * Recognises a LibTorch that is already in this process, whoever brought it.
 *
 * <p>Two of them crash each other: their symbols and their operator registries mix. The kernel's list of mappings sees
 * every one, also one of another class loader or of another library such as DJL.
 */
public final class LoadedTorch {
    private static final List<String> MARKS = List.of("/libtorch_cpu.so", "/libtorch.so", "/libc10.so");

    /** As a version's link or as the file itself: {@code libcublas.so.12}, {@code libcublas.so.12.8.4.1}. */
    private static final Pattern CUBLAS = Pattern.compile("/libcublas\\.so[.\\d]*$");

    private LoadedTorch() {
    }

    /** The file of a LibTorch library mapped into this process; empty when there is none or the list is unreadable. */
    public static Optional<Path> find() {
        return find(path -> MARKS.stream().anyMatch(path::endsWith));
    }

    /** The file of the libcublas that a LibTorch with CUDA brought with it; empty as {@link #find()}. */
    public static Optional<Path> findCublas() {
        return find(path -> CUBLAS.matcher(path).find());
    }

    private static Optional<Path> find(Predicate<String> wanted) {
        try (var lines = Files.lines(Path.of("/proc/self/maps"))) {
            return lines.map(line -> line.indexOf('/') < 0 ? "" : line.substring(line.indexOf('/')))
                    .filter(wanted)
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
