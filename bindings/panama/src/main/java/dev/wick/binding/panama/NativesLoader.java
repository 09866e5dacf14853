package dev.wick.binding.panama;

import dev.wick.binding.LoadedNatives;
import dev.wick.binding.LoadedTorch;
import dev.wick.binding.NativesRequest;
import dev.wick.error.NativesException;
import dev.wick.error.VersionMismatchException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Optional;

/**
 * Loads a LibTorch and the shim for it, in the order in which they find each other: LibTorch's libraries by path, those
 * of CUDA only where a driver is, then the shim, which finds them by name because they are there already; wick_cuda last.
 */
final class NativesLoader {
    private static final String CUDA_DRIVER = "libcuda.so.1";

    private final NativesRequest request;
    private final PresetsNatives presets = new PresetsNatives();
    /** Why there is no CUDA; null once libtorch_cuda is loaded. */
    private String noCuda;

    NativesLoader(NativesRequest request) {
        this.request = request;
    }

    /** Why these natives cannot be loaded through a shim, with what would help; loads nothing. */
    Optional<String> obstacle() {
        if (request.choice() == NativesRequest.Choice.PRESETS) {
            Optional<String> missing = presets.obstacle();
            if (missing.isPresent()) {
                return missing;
            }
        }
        Path place = shimPlace();
        return Shim.isThere(place) ? Optional.empty()
                : Optional.of("the shim for " + describe() + " is not built (" + place + "): build it with './wick native "
                        + "build" + (request.libtorch() == null ? "" : " --natives " + request.libtorch()) + "'");
    }

    /** Loads everything; once in a process. */
    LoadedNatives load() {
        obstacle().ifPresent(reason -> {
            throw new NativesException(reason);
        });
        TorchVersion version = version();
        if (!version.tested() && !Boolean.getBoolean(Shim.ANY_VERSION_PROPERTY)) {
            throw new VersionMismatchException("LibTorch in " + request.libtorch(),
                    "one of the tested versions " + TorchVersion.TESTED, version.full(),
                    "set -D" + Shim.ANY_VERSION_PROPERTY + "=true to try it all the same");
        }
        Shim shim = Shim.open(shimPlace(), version);
        LoadedTorch.refuseSecond();
        Path directory = request.libtorch() == null ? presets.extract() : request.libtorch().resolve("lib");
        SignalHandlers.keepWhile(() -> {
            load(directory.resolve("libc10.so"));
            load(directory.resolve("libtorch_cpu.so"));
            // Before anything asks LibTorch about CUDA: it looks for its CUDA half once, and keeps the answer.
            loadTorchCuda(directory);
            load(shim.torchLibrary());
        });
        return new LoadedNatives(request.choice().text(), directory, version.full(), shim.directory(), request.why());
    }

    private void loadTorchCuda(Path directory) {
        if (!Files.isRegularFile(directory.resolve("libtorch_cuda.so"))) {
            noCuda = "this LibTorch is built without CUDA; name one with it: --natives DIR or --natives python";
        } else if (!hasDriver()) {
            noCuda = "no NVIDIA driver on this machine (" + CUDA_DRIVER + " cannot be loaded)";
        } else {
            try {
                load(directory.resolve("libc10_cuda.so"));
                load(directory.resolve("libtorch_cuda.so"));
            } catch (NativesException e) {
                noCuda = e.getMessage();
            }
        }
    }

    /**
     * Loads the shim's half for CUDA where LibTorch's is loaded.
     *
     * @return why there is no CUDA, or nothing when it is loaded
     */
    Optional<String> loadCuda(LoadedNatives natives) {
        if (noCuda != null) {
            return Optional.of(noCuda);
        }
        Path library = natives.shim().resolve("libwick_cuda.so");
        if (!Files.isRegularFile(library)) {
            return Optional.of("the shim was built without CUDA: './wick native build --natives " + request.libtorch()
                    + "' with CUDA's headers there");
        }
        SignalHandlers.keepWhile(() -> load(library));
        return Optional.empty();
    }

    /**
     * Makes cuBLAS's functions known to FFM, once CUDA's half is loaded: those of the libcublas that LibTorch runs on.
     *
     * @return why there is no cuBLAS, or nothing when it is there
     */
    Optional<String> findCublas() {
        Optional<Path> library = LoadedTorch.findCublas();
        if (library.isEmpty()) {
            return Optional.of("this LibTorch brought no libcublas of its own into the process, so its handles fit no "
                    + "other one: name a pip torch, which does: --natives DIR or --natives python");
        }
        // By the path that it was loaded from, so no second one comes in.
        load(library.get());
        return Optional.empty();
    }

    private static boolean hasDriver() {
        try (var arena = java.lang.foreign.Arena.ofConfined()) {
            java.lang.foreign.SymbolLookup.libraryLookup(CUDA_DRIVER, arena);
            return true;
        } catch (IllegalArgumentException e) {
            return false;
        }
    }

    private TorchVersion version() {
        return request.libtorch() == null ? presets.torchVersion() : TorchVersion.ofDirectory(request.libtorch());
    }

    private Path shimPlace() {
        TorchVersion version = version();
        return Shim.place(request.libtorch() == null ? version.full() + "-presets" : version.full(), version.abi());
    }

    private String describe() {
        return request.libtorch() == null ? "the presets' LibTorch " + version().full()
                : "LibTorch " + version().full() + " in " + request.libtorch();
    }

    private static void load(Path library) {
        try {
            System.load(library.toString());
        } catch (UnsatisfiedLinkError e) {
            throw new NativesException("cannot load " + library + ": " + e.getMessage() + hint(e.getMessage()), e);
        }
    }

    private static String hint(String message) {
        if (message == null) {
            return "";
        }
        if (message.contains("libcudart") || message.contains("libcupti")) {
            return "; a CUDA build of LibTorch needs CUDA's runtime beside it: pip install torch with its dependencies";
        }
        if (message.contains("undefined symbol")) {
            return "; the shim and LibTorch do not fit: './wick native build' builds it anew";
        }
        if (message.contains("already loaded in another classloader")) {
            return "; only one class loader of a process can use Wick";
        }
        return "";
    }
}
