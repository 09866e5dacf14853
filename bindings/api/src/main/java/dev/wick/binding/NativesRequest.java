package dev.wick.binding;

import dev.wick.error.NativesException;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Locale;

/**
 * Whose LibTorch is asked for, and why; immutable.
 *
 * @param choice  the presets' natives or an official build
 * @param libtorch where the official build lies (holds {@code lib/libtorch_cpu.so}); null for the presets
 * @param why     which setting said so
 */
public record NativesRequest(Choice choice, Path libtorch, String why) {

    /** {@code presets} or {@code official}. */
    public static final String NATIVES_PROPERTY = "wick.natives";
    /** A directory with an official LibTorch, or {@code python}. */
    public static final String LIBTORCH_PROPERTY = "wick.libtorch";
    /** The environment's form of {@link #LIBTORCH_PROPERTY}. */
    public static final String LIBTORCH_VARIABLE = "WICK_LIBTORCH";

    /** Whose LibTorch. */
    public enum Choice {
        PRESETS, OFFICIAL;

        /** As it is written in settings and reports. */
        public String text() {
            return name().toLowerCase(Locale.ROOT);
        }
    }

    /**
     * Reads the system properties and the environment. An official LibTorch is taken only when it is named: never
     * because it happens to be there.
     *
     * @throws NativesException if the settings contradict each other or name a place without LibTorch
     */
    public static NativesRequest fromSettings() {
        String property = System.getProperty(LIBTORCH_PROPERTY);
        String variable = System.getenv(LIBTORCH_VARIABLE);
        String place = property != null ? property : variable;
        String source = property != null ? "-D" + LIBTORCH_PROPERTY + "=" + property
                : LIBTORCH_VARIABLE + "=" + variable;
        String choice = System.getProperty(NATIVES_PROPERTY);
        if (choice == null) {
            return place == null || place.isBlank() ? presets("the default") : official(place, source);
        }
        return switch (choice) {
            case "presets" -> presets("-D" + NATIVES_PROPERTY + "=presets");
            case "official" -> {
                if (place == null || place.isBlank()) {
                    throw new NativesException("-D" + NATIVES_PROPERTY + "=official needs the place of a LibTorch: set -D"
                            + LIBTORCH_PROPERTY + " or " + LIBTORCH_VARIABLE + " to a directory, or to 'python'");
                }
                yield official(place, source);
            }
            default -> throw new NativesException("-D" + NATIVES_PROPERTY + "=" + choice
                    + " is not a choice of natives; there are presets and official");
        };
    }

    /** The presets' natives. */
    public static NativesRequest presets(String why) {
        return new NativesRequest(Choice.PRESETS, null, why);
    }

    /**
     * An official LibTorch: {@code python}, the {@code torch} directory of a pip installation, or an unzipped libtorch.
     *
     * @throws NativesException if there is none
     */
    public static NativesRequest official(String place, String why) {
        if (place.equals("python")) {
            return new NativesRequest(Choice.OFFICIAL, PythonTorch.find(), why);
        }
        Path directory = Path.of(place).toAbsolutePath().normalize();
        if (!Files.isRegularFile(directory.resolve("lib/libtorch_cpu.so"))) {
            throw new NativesException("no LibTorch in " + directory + " (" + why + "): lib/libtorch_cpu.so is not there;"
                    + " name the torch directory of a pip installation, an unzipped libtorch, or 'python'");
        }
        return new NativesRequest(Choice.OFFICIAL, realPath(directory), why);
    }

    /** Without links: a library finds its neighbours by the place that it really lies in. */
    private static Path realPath(Path directory) {
        try {
            return directory.toRealPath();
        } catch (IOException e) {
            throw new NativesException("cannot follow " + directory, e);
        }
    }
}
