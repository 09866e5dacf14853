package dev.wick.binding.panama;

import dev.wick.binding.CacheDirectory;
import dev.wick.error.NativesException;
import dev.wick.error.VersionMismatchException;
import java.io.IOException;
import java.io.InputStream;
import java.io.Reader;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Properties;

/**
 * A compiled shim in its directory, beside the properties that say what it was compiled for.
 *
 * @param directory  holds {@code libwick_torch.so} and {@code shim.properties}
 * @param properties as {@code native/build.py} wrote them
 */
record Shim(Path directory, Properties properties) {
    /** A directory with a shim, instead of the one in the cache. */
    static final String DIRECTORY_PROPERTY = "wick.shim";
    /** Lets a LibTorch be used that Wick was never tested on. */
    static final String ANY_VERSION_PROPERTY = "wick.anyTorchVersion";

    /** Where the shim for a LibTorch lies, or would lie once built. */
    static Path place(String version, String abi) {
        String own = System.getProperty(DIRECTORY_PROPERTY);
        return own != null ? Path.of(own)
                : CacheDirectory.shims().resolve("torch-" + version + "-" + abi + "-" + interfaceHash().substring(0, 12));
    }

    static boolean isThere(Path place) {
        return Files.isRegularFile(place.resolve("libwick_torch.so"))
                && Files.isRegularFile(place.resolve("shim.properties"));
    }

    /**
     * Reads a shim's properties and checks that it fits; a shim that does not would die of an undefined symbol.
     *
     * @throws VersionMismatchException if it was compiled for another LibTorch, ABI or interface
     */
    static Shim open(Path place, TorchVersion torch) {
        Properties properties = new Properties();
        try (Reader in = Files.newBufferedReader(place.resolve("shim.properties"))) {
            properties.load(in);
        } catch (IOException e) {
            throw new NativesException("cannot read " + place.resolve("shim.properties"), e);
        }
        Shim shim = new Shim(place, properties);
        shim.expect("the shim's interface", interfaceHash(), properties.getProperty("interface.hash"));
        shim.expect("the shim's LibTorch", torch.base(), properties.getProperty("torch.version.base"));
        shim.expect("the shim's C++ ABI", torch.abi(),
                Boolean.parseBoolean(properties.getProperty("cxx11.abi")) ? "cxx11" : "precxx11");
        return shim;
    }

    Path torchLibrary() {
        return directory.resolve("libwick_torch.so");
    }

    Path cudaLibrary() {
        return directory.resolve("libwick_cuda.so");
    }

    private void expect(String what, String expected, String found) {
        if (!expected.equals(found)) {
            throw new VersionMismatchException(what + " in " + directory, expected, String.valueOf(found),
                    "build it anew with './wick native build' for these natives");
        }
    }

    /** The hash of the headers that the generated bindings were made from. */
    static String interfaceHash() {
        try (InputStream in = Shim.class.getResourceAsStream("interface.sha256")) {
            return new String(in.readAllBytes(), StandardCharsets.US_ASCII).strip();
        } catch (IOException e) {
            throw new NativesException("cannot read the interface hash", e);
        }
    }
}
