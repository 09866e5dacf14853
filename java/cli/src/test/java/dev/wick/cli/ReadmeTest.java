package dev.wick.cli;

import static org.assertj.core.api.Assertions.assertThat;

import dev.wick.binding.NativesRequest;
import dev.wick.binding.contract.NativesAtHand;
import java.io.IOException;
import java.net.URL;
import java.net.URLClassLoader;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import java.util.stream.Collectors;
import java.util.stream.Stream;
import javax.tools.JavaCompiler;
import javax.tools.ToolProvider;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** What the README shows must compile, run, and exist. */
class ReadmeTest {
    /** Skips the test where they are missing. */
    private final NativesRequest natives = NativesAtHand.request();

    private static String readme() throws IOException {
        return Files.readString(Cli.ROOT.resolve("README.md"));
    }

    @Test
    void theSampleCompilesAndRuns(@TempDir Path directory) throws Exception {
        Matcher sample = Pattern.compile("```java\n(.*?)```", Pattern.DOTALL).matcher(readme());
        assertThat(sample.find()).isTrue();
        Path source = Files.writeString(directory.resolve("Sample.java"), sample.group(1));
        JavaCompiler compiler = ToolProvider.getSystemJavaCompiler();

        assertThat(compiler.run(null, null, null, "-Xlint:all,-path", "-Werror", "-d", directory.toString(), "-cp",
                System.getProperty("java.class.path"), source.toString())).isZero();
        try (URLClassLoader loader = new URLClassLoader(new URL[] {directory.toUri().toURL()})) {
            loader.loadClass("Sample").getMethod("main", String[].class)
                    .invoke(null, (Object) new String[] {Cli.archive("resnet-small.pt").toString()});
        }
    }

    @Test
    void theCommandsAreThoseThatExist() throws IOException {
        Matcher options = Pattern.compile("`--([a-z]+)").matcher(readme());
        String help = Stream.of("bench", "bench-copy", "bench-gemm", "memory", "trace", "run", "info", "build", "tokenize",
                "zero-shot", "prompts", "compare", "precision", "compare-architectures", "embed", "synsets", "preprocess",
                "demo")
                .map(command -> Cli.run(command, "--help").out()).collect(Collectors.joining());
        while (options.find()) {
            if (!options.group(1).equals("enable")) {
                assertThat(help).contains("--" + options.group(1));
            }
        }
        assertThat(Cli.ROOT.resolve("examples/resnet-small.pt")).isRegularFile();
        assertThat(Cli.ROOT.resolve("examples/photo.jpg")).isRegularFile();
    }
}
