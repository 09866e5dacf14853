package dev.wick.binding.panama;

import dev.wick.error.NativesException;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/**
 * The version and C++ ABI of a LibTorch, read from its files before anything is loaded.
 *
 * @param full     with the local part, {@code 2.10.0+cu128}
 * @param cxx11Abi whether it was compiled with {@code _GLIBCXX_USE_CXX11_ABI}
 */
record TorchVersion(String full, boolean cxx11Abi) {
    /** Versions on which the contract suite has passed. */
    static final List<String> TESTED = List.of("2.6", "2.8", "2.10", "2.11", "2.13");

    private static final Pattern PYTHON = Pattern.compile("__version__\\s*=\\s*['\"]([^'\"]+)['\"]");
    private static final Pattern HEADER = Pattern.compile("#define\\s+TORCH_VERSION\\s+\"?([0-9][^\"\\s]*)\"?");

    /** Reads an official LibTorch: Python's version file, libtorch's build-version, or the headers. */
    static TorchVersion ofDirectory(Path directory) {
        String version = firstMatch(directory.resolve("version.py"), PYTHON);
        if (version == null) {
            version = firstLine(directory.resolve("build-version"));
        }
        for (String header : List.of("include/torch/headeronly/version.h",
                "include/torch/csrc/api/include/torch/version.h")) {
            if (version == null) {
                version = firstMatch(directory.resolve(header), HEADER);
            }
        }
        if (version == null) {
            throw new NativesException("the LibTorch in " + directory
                    + " does not say its version: neither version.py, build-version nor torch/version.h is there");
        }
        return new TorchVersion(version, usesCxx11Abi(directory.resolve("lib/libc10.so")));
    }

    /** {@code 2.10.0} of {@code 2.10.0+cu128}. */
    String base() {
        int plus = full.indexOf('+');
        return plus < 0 ? full : full.substring(0, plus);
    }

    /** Whether Wick's tests have run on this line of versions. */
    boolean tested() {
        return TESTED.stream().anyMatch(line -> base().equals(line) || base().startsWith(line + "."));
    }

    String abi() {
        return cxx11Abi ? "cxx11" : "precxx11";
    }

    /**
     * Looks at the name of {@code c10::Error}'s constructor, which takes a std::string. Other names do not tell: the
     * wheel of 2.6 has the old std::string and carries a libstdc++ with both.
     */
    static boolean usesCxx11Abi(Path libc10) {
        try {
            String bytes = new String(Files.readAllBytes(libc10), StandardCharsets.ISO_8859_1);
            return bytes.contains("ErrorC1ENS_14SourceLocationENSt7__cxx11");
        } catch (IOException e) {
            throw new NativesException("cannot read " + libc10, e);
        }
    }

    private static String firstMatch(Path file, Pattern pattern) {
        String text = read(file);
        if (text == null) {
            return null;
        }
        Matcher matcher = pattern.matcher(text);
        return matcher.find() ? matcher.group(1) : null;
    }

    private static String firstLine(Path file) {
        String text = read(file);
        return text == null || text.isBlank() ? null : text.strip().lines().findFirst().orElse(null);
    }

    private static String read(Path file) {
        try {
            return Files.isRegularFile(file) ? Files.readString(file) : null;
        } catch (IOException e) {
            throw new NativesException("cannot read " + file, e);
        }
    }
}
