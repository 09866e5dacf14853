package dev.wick.cli;

import dev.wick.binding.CacheDirectory;
import java.io.IOException;
import java.net.URI;
import java.net.URISyntaxException;
import java.net.URL;
import java.nio.file.FileSystem;
import java.nio.file.FileSystems;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.util.Map;
import java.util.stream.Stream;

/** Finds the shim's sources: in the checkout that the launcher names, else in this jar, unpacked into the cache. */
final class NativeSources {
    /** The root of a checkout; set by the launcher. */
    static final String HOME_PROPERTY = "wick.home";
    private static final String PACKED = "/META-INF/wick/native-sources";
    private static final String SCRIPT = "native/build.py";

    private NativeSources() {
    }

    static Path buildScript() throws IOException {
        String home = System.getProperty(HOME_PROPERTY);
        if (home != null && Files.isRegularFile(Path.of(home).resolve(SCRIPT))) {
            return Path.of(home).resolve(SCRIPT);
        }
        URL packed = NativeSources.class.getResource(PACKED + "/" + SCRIPT);
        if (packed == null) {
            throw new CliException("the shim's sources are neither in a checkout nor in wick-cli's jar",
                    "run ./wick native build in a checkout");
        }
        try {
            return unpack(packed.toURI());
        } catch (URISyntaxException e) {
            throw new IOException("cannot read " + packed, e);
        }
    }

    private static Path unpack(URI script) throws IOException {
        if (!script.getScheme().equals("jar")) {
            return Path.of(script);
        }
        Path target = CacheDirectory.root().resolve("native-sources").resolve(WickCommand.version());
        try (FileSystem jar = FileSystems.newFileSystem(script, Map.of())) {
            Path root = jar.getPath(PACKED);
            try (Stream<Path> files = Files.walk(root)) {
                for (Path file : files.filter(Files::isRegularFile).toList()) {
                    Path copy = target.resolve(root.relativize(file).toString());
                    Files.createDirectories(copy.getParent());
                    Files.copy(file, copy, StandardCopyOption.REPLACE_EXISTING);
                }
            }
        }
        return target.resolve(SCRIPT);
    }
}
