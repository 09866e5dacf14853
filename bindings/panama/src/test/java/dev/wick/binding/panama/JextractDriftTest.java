package dev.wick.binding.panama;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.security.MessageDigest;
import java.util.HexFormat;
import java.util.List;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;

/** The committed bindings are those of the headers: a changed header without jextract/generate.sh fails here. */
class JextractDriftTest {
    private static final Path HEADERS = Path.of("../../native/include/wick");
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
