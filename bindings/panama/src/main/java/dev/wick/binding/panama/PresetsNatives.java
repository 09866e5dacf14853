package dev.wick.binding.panama;

import dev.wick.binding.CacheDirectory;
import dev.wick.error.NativesException;
import java.io.IOException;
import java.io.InputStream;
import java.net.URL;
import java.net.URLConnection;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.util.List;
import java.util.Optional;
import java.util.Properties;

/**
 * The LibTorch inside the JavaCPP presets' jars, taken out of them without any of their classes.
 *
 * <p>All libraries go flat into one directory: they find each other through their {@code $ORIGIN} search path.
 * libgcc_s stays in the jar, since the system's libstdc++ may need a newer one than that.
 */
final class PresetsNatives {
    private static final String PLATFORM = "linux-x86_64";
    private static final String PYTORCH = "org/bytedeco/pytorch/" + PLATFORM + "/";
    private static final String OPENBLAS = "org/bytedeco/openblas/" + PLATFORM + "/";
    private static final List<String> LIBRARIES = List.of(
            PYTORCH + "libgomp.so.1", PYTORCH + "libc10.so", PYTORCH + "libtorch_cpu.so",
            OPENBLAS + "libquadmath.so.0", OPENBLAS + "libgfortran.so.5", OPENBLAS + "libopenblas.so.0");
    private static final String VERSION = "META-INF/maven/org.bytedeco/pytorch/pom.properties";

    private final ClassLoader loader;

    PresetsNatives() {
        ClassLoader context = Thread.currentThread().getContextClassLoader();
        ClassLoader own = PresetsNatives.class.getClassLoader();
        this.loader = context != null && context.getResource(LIBRARIES.get(2)) != null ? context : own;
    }

    /** Why the natives cannot be had, with what would help. */
    Optional<String> obstacle() {
        List<String> missing = LIBRARIES.stream().filter(name -> loader.getResource(name) == null).toList();
        if (missing.isEmpty()) {
            return Optional.empty();
        }
        boolean pytorch = missing.stream().anyMatch(name -> name.startsWith(PYTORCH));
        return Optional.of("the presets' natives are not on the class path: add "
                + (pytorch ? "org.bytedeco:pytorch:2.10.0-1.5.13:" : "org.bytedeco:openblas:0.3.31-1.5.13:") + PLATFORM
                + (System.getProperty("os.arch").equals("amd64") ? "" : " (this machine is "
                        + System.getProperty("os.arch") + "; Wick's natives are for x86-64)"));
    }

    /** {@code 2.10.0-1.5.13}. */
    String version() {
        Properties properties = new Properties();
        try (InputStream in = loader.getResourceAsStream(VERSION)) {
            if (in == null) {
                throw new NativesException("the presets' jar does not say its version: no " + VERSION);
            }
            properties.load(in);
        } catch (IOException e) {
            throw new NativesException("cannot read " + VERSION + " of the presets' jar", e);
        }
        return properties.getProperty("version");
    }

    /** {@code 2.10.0}. */
    TorchVersion torchVersion() {
        String version = version();
        int dash = version.indexOf('-');
        return new TorchVersion(dash < 0 ? version : version.substring(0, dash), true);
    }

    /** Puts the libraries into the cache where they are not there yet, and says where they lie. */
    Path extract() {
        Path directory = CacheDirectory.natives().resolve("pytorch-" + version());
        try {
            Files.createDirectories(directory);
            for (String library : LIBRARIES) {
                extract(loader.getResource(library), directory.resolve(library.substring(library.lastIndexOf('/') + 1)));
            }
        } catch (IOException e) {
            throw new NativesException("cannot extract the presets' natives into " + directory
                    + " (set WICK_CACHE to another place)", e);
        }
        return directory;
    }

    private static void extract(URL resource, Path file) throws IOException {
        URLConnection connection = resource.openConnection();
        connection.setUseCaches(false);
        long size = connection.getContentLengthLong();
        if (Files.isRegularFile(file) && Files.size(file) == size) {
            connection.getInputStream().close();
            return;
        }
        Path temporary = Files.createTempFile(file.getParent(), file.getFileName() + ".", ".part");
        try (InputStream in = connection.getInputStream()) {
            Files.copy(in, temporary, StandardCopyOption.REPLACE_EXISTING);
            Files.move(temporary, file, StandardCopyOption.ATOMIC_MOVE);
        } finally {
            Files.deleteIfExists(temporary);
        }
    }
}
