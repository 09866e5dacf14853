package dev.wick.binding.javacpp;

import dev.wick.binding.LoadedNatives;
import dev.wick.binding.LoadedTorch;
import dev.wick.binding.NativesRequest;
import dev.wick.error.NativesException;
import java.io.IOException;
import java.io.InputStream;
import java.nio.file.Path;
import java.util.List;
import java.util.Optional;
import java.util.Properties;
import org.bytedeco.javacpp.Loader;
import org.bytedeco.pytorch.global.torch;

/**
 * Loads the presets' natives as JavaCPP does, from its own cache ({@code ~/.javacpp/cache}).
 *
 * <p>No class of the presets is initialised before {@link #load()}: their static initialisers load natives.
 */
final class PresetsLoader {
    private static final String PLATFORM = "linux-x86_64";
    private static final List<String> LIBRARIES = List.of("javacpp/" + PLATFORM + "/libjnijavacpp.so",
            "openblas/" + PLATFORM + "/libopenblas.so.0", "pytorch/" + PLATFORM + "/libtorch_cpu.so",
            "pytorch/" + PLATFORM + "/libjnitorch.so");
    private static final String VERSION = "META-INF/maven/org.bytedeco/pytorch/pom.properties";

    private final NativesRequest request;

    PresetsLoader(NativesRequest request) {
        this.request = request;
    }

    /** Why these natives cannot be reached through JNI, with what would help; loads nothing. */
    Optional<String> obstacle() {
        if (request.choice() == NativesRequest.Choice.OFFICIAL) {
            return Optional.of("javacpp runs on the presets' natives only, not on the LibTorch in " + request.libtorch()
                    + ": panama reaches that one (build its shim with './wick native build --natives "
                    + request.libtorch() + "')");
        }
        ClassLoader loader = Loader.class.getClassLoader();
        return LIBRARIES.stream().filter(name -> !isThere(loader, name)).findFirst()
                .map(name -> "the presets' natives are not on the class path: add org.bytedeco:"
                        + name.substring(0, name.indexOf('/')) + " with the classifier " + PLATFORM
                        + (System.getProperty("os.arch").equals("amd64") ? "" : " (this machine is "
                                + System.getProperty("os.arch") + "; Wick's natives are for x86-64)"));
    }

    /** The natives with CUDA do as well, and JavaCPP takes them where both are. */
    private static boolean isThere(ClassLoader loader, String name) {
        return loader.getResource("org/bytedeco/" + name) != null || loader.getResource("org/bytedeco/"
                + name.replace(PLATFORM, CublasAccess.CUDA_PLATFORM)) != null;
    }

    /** Loads everything; once in a process. */
    LoadedNatives load() {
        obstacle().ifPresent(reason -> {
            throw new NativesException(reason);
        });
        LoadedTorch.refuseSecond();
        try {
            Loader.load(torch.class);
        } catch (UnsatisfiedLinkError | NoClassDefFoundError e) {
            throw new NativesException("the presets' natives cannot be loaded: " + e.getMessage(), e);
        }
        Path library = LoadedTorch.find().orElseThrow(
                () -> new NativesException("the presets were loaded, but no libtorch_cpu.so is in this process"));
        return new LoadedNatives(request.choice().text(), library.getParent(), version(), null, request.why());
    }

    /** {@code 2.10.0} of the jar's {@code 2.10.0-1.5.13}. */
    private static String version() {
        Properties properties = new Properties();
        try (InputStream in = torch.class.getClassLoader().getResourceAsStream(VERSION)) {
            if (in == null) {
                throw new NativesException("the presets' jar does not say its version: no " + VERSION);
            }
            properties.load(in);
        } catch (IOException e) {
            throw new NativesException("cannot read " + VERSION + " of the presets' jar", e);
        }
        String version = properties.getProperty("version");
        int dash = version.indexOf('-');
        return dash < 0 ? version : version.substring(0, dash);
    }
}
