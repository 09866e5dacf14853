package dev.wick.cli;

import dev.wick.binding.CacheDirectory;
import java.io.File;
import java.io.IOException;
import java.io.InputStream;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.util.Enumeration;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import java.util.zip.ZipEntry;
import java.util.zip.ZipFile;

/** Puts the presets' libraries where the shim is linked against them: where the engine loads them from, too. */
final class PresetsLibraries {
    private static final Pattern JAR = Pattern.compile("(pytorch|openblas)-([0-9].*)-linux-x86_64\\.jar");
    /** libjni* are the presets' own Java bindings; the system's libstdc++ may need a newer libgcc_s than theirs. */
    private static final Pattern LIBRARY =
            Pattern.compile("org/bytedeco/(?:pytorch|openblas)/linux-x86_64/((?!libjni|libgcc_s)lib[^/]*\\.so[^/]*)");

    private PresetsLibraries() {
    }

    /** Extracts them from the jars on this JVM's class path, and says where they lie. */
    static Path extract() throws IOException {
        String version = null;
        int jars = 0;
        for (String entry : classPath()) {
            Matcher matcher = JAR.matcher(Path.of(entry).getFileName().toString());
            if (matcher.matches()) {
                jars++;
                version = matcher.group(1).equals("pytorch") ? matcher.group(2) : version;
            }
        }
        if (jars < 2 || version == null) {
            throw new CliException("the presets' jars are not on the class path",
                    "org.bytedeco:pytorch and org.bytedeco:openblas for linux-x86_64 belong beside wick-cli's jar");
        }
        Path directory = CacheDirectory.natives().resolve("pytorch-" + version);
        Files.createDirectories(directory);
        for (String entry : classPath()) {
            if (JAR.matcher(Path.of(entry).getFileName().toString()).matches()) {
                extract(Path.of(entry), directory);
            }
        }
        return directory;
    }

    private static String[] classPath() {
        return System.getProperty("java.class.path").split(File.pathSeparator);
    }

    private static void extract(Path jar, Path directory) throws IOException {
        try (ZipFile zip = new ZipFile(jar.toFile())) {
            Enumeration<? extends ZipEntry> entries = zip.entries();
            while (entries.hasMoreElements()) {
                ZipEntry entry = entries.nextElement();
                Matcher matcher = LIBRARY.matcher(entry.getName());
                if (!matcher.matches()) {
                    continue;
                }
                Path file = directory.resolve(matcher.group(1));
                if (Files.isRegularFile(file) && Files.size(file) == entry.getSize()) {
                    continue;
                }
                Path temporary = Files.createTempFile(directory, file.getFileName() + ".", ".part");
                try (InputStream in = zip.getInputStream(entry)) {
                    Files.copy(in, temporary, StandardCopyOption.REPLACE_EXISTING);
                    Files.move(temporary, file, StandardCopyOption.ATOMIC_MOVE);
                } finally {
                    Files.deleteIfExists(temporary);
                }
            }
        }
    }
}
