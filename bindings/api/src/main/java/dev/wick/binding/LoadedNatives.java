package dev.wick.binding;

import java.nio.file.Path;

/**
 * The LibTorch that a binding has loaded.
 *
 * @param choice       {@code presets} or {@code official}
 * @param directory    where its libraries lie
 * @param torchVersion as LibTorch itself says
 * @param shim         the shim in use, or null for a binding without one
 * @param why          how the choice came about
 */
public record LoadedNatives(String choice, Path directory, String torchVersion, Path shim, String why) {
}
