package dev.wick.binding.panama;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.security.MessageDigest;
import java.util.ArrayList;
import java.util.HexFormat;
import java.util.List;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;

/** The committed bindings are those of the headers: a changed header without jextract/generate.sh fails here. */
class JextractDriftTest {
    private static final Path HEADERS = Path.of("../../native/include/wick");
    private static final Path OPTIONS = Path.of("jextract");
    private static final Path GENERATED = Path.of("src/main/generated/dev/wick/binding/panama/generated");
    private static final Pattern FUNCTION = Pattern.compile("\\b(wick_[a-z0-9_]+)\\s*\\(");

    @Test
    void theBindingsAreThoseOfTheHeaders() throws Exception {
        MessageDigest digest = MessageDigest.getInstance("SHA-256");
        for (Path header : headers()) {
            digest.update((header.getFileName() + "\n").getBytes(StandardCharsets.UTF_8));
            digest.update(Files.readAllBytes(header));
            digest.update((byte) '\n');
        }
        assertThat(Shim.interfaceHash()).as("run bindings/panama/jextract/generate.sh")
                .isEqualTo(HexFormat.of().formatHex(digest.digest()));
    }

    @Test
    void everyFunctionOfTheHeadersIsBound() throws Exception {
        String generated;
        try (Stream<Path> files = Files.walk(Path.of("src/main/generated"))) {
            generated = String.join("\n", files.filter(Files::isRegularFile).map(JextractDriftTest::read).toList());
        }
        for (Path header : headers()) {
            String declarations = read(header).replaceAll("(?s)/\\*.*?\\*/", "");
            Matcher matcher = FUNCTION.matcher(declarations);
            while (matcher.find()) {
                assertThat(generated).contains("\"" + matcher.group(1) + "\"");
            }
        }
    }

    /**
     * cuBLAS's bindings are those of what was asked for, and of the headers, which are looked at where CUBLAS_INCLUDE
     * names them as for the script.
     */
    @Test
    void theBindingsOfCublasAreThoseOfItsHeaders() throws Exception {
        assertHasAll(OPTIONS.resolve("cublas.includes"), GENERATED.resolve("cublas"));
        assertHasAll(OPTIONS.resolve("cublaslt.includes"), GENERATED.resolve("cublaslt"));
        assertUnchanged("cublas.sha256", "CUBLAS_INCLUDE");
    }

    /** Likewise those of NVML, whose header NVML_INCLUDE names. */
    @Test
    void theBindingsOfNvmlAreThoseOfItsHeader() throws Exception {
        assertHasAll(OPTIONS.resolve("nvml.includes"), GENERATED.resolve("nvml"));
        assertUnchanged("nvml.sha256", "NVML_INCLUDE");
    }

    private static void assertUnchanged(String hashes, String variable) throws Exception {
        List<Path> places = new ArrayList<>(List.of(OPTIONS));
        String directories = System.getenv(variable);
        if (directories != null) {
            Stream.of(directories.split(":")).map(Path::of).forEach(places::add);
        }
        for (String line : Files.readAllLines(OPTIONS.resolve(hashes))) {
            String[] parts = line.split(" +");
            for (Path place : places) {
                Path file = place.resolve(parts[1]);
                if (Files.isRegularFile(file)) {
                    byte[] hash = MessageDigest.getInstance("SHA-256").digest(Files.readAllBytes(file));
                    assertThat(parts[0]).as(file + ": run bindings/panama/jextract/generate.sh")
                            .isEqualTo(HexFormat.of().formatHex(hash));
                }
            }
        }
    }

    /** Functions and constants are methods, a struct is a class. */
    private static void assertHasAll(Path includes, Path sources) throws IOException {
        String generated;
        try (Stream<Path> files = Files.list(sources)) {
            generated = String.join("\n", files.map(JextractDriftTest::read).toList());
        }
        assertThat(Files.readAllLines(includes)).isNotEmpty().allSatisfy(option -> {
            String name = option.substring(option.lastIndexOf(' ') + 1);
            assertThat(generated).contains(option.startsWith("--include-struct") ? "class " + name + " {"
                    : " " + name + "(");
        });
    }

    private static List<Path> headers() throws IOException {
        try (Stream<Path> files = Files.list(HEADERS)) {
            return files.filter(file -> file.toString().endsWith(".h")).sorted().toList();
        }
    }

    private static String read(Path file) {
        try {
            return Files.readString(file);
        } catch (IOException e) {
            throw new java.io.UncheckedIOException(e);
        }
    }
}
