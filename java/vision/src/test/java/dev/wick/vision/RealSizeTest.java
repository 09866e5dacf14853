package dev.wick.vision;

import static org.assertj.core.api.Assertions.assertThat;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import dev.wick.binding.NativesRequest;
import dev.wick.binding.contract.NativesAtHand;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;

/** Models of published size in a process of their own: seconds, and 0.7 GB of memory and of disk. */
class RealSizeTest {
    /** Skips the test where they are missing. */
    private final NativesRequest natives = NativesAtHand.request();
    private static final int LIMIT_SECONDS = 180;

    /** Built, saved, closed, loaded and run: at no time in twice the model's size, above what was there before. */
    @ParameterizedTest
    @EnumSource(names = {"CLIP_RN50", "CLIP_VIT_B_32"})
    void aModelTakesAtMostTwiceItsSize(Clip clip, @TempDir Path directory) throws IOException, InterruptedException {
        assumeTrue(Files.isWritable(Path.of("/proc/self/clear_refs")), "Linux tells how much memory a process took");
        List<String> words = List.of(run(clip.name(), directory.resolve("clip.pt").toString()).split(" "));
        long size = Float.BYTES * clip.configuration().parameterCount();

        assertThat(words).containsSequence("parameters", Long.toString(clip.configuration().parameterCount()));
        for (String step : List.of("build", "save", "load", "run")) {
            long peak = Long.parseLong(words.get(words.indexOf(step) + 1));
            assertThat(peak).as(step).isBetween(size / 2, 2 * size);
        }
    }

    private static String run(String... arguments) throws IOException, InterruptedException {
        List<String> command = new ArrayList<>(List.of(
                Path.of(System.getProperty("java.home"), "bin", "java").toString(),
                "--enable-native-access=ALL-UNNAMED", "-Xmx256m", "-Dorg.bytedeco.javacpp.maxPhysicalBytes=0"));
        System.getProperties().stringPropertyNames().stream().filter(name -> name.startsWith("wick."))
                .forEach(name -> command.add("-D" + name + "=" + System.getProperty(name)));
        command.addAll(List.of("-cp", System.getProperty("surefire.test.class.path",
                System.getProperty("java.class.path")), RealSize.class.getName()));
        command.addAll(List.of(arguments));
        Process process = new ProcessBuilder(command).redirectErrorStream(true).start();
        String output = new String(process.getInputStream().readAllBytes());
        assertThat(process.waitFor(LIMIT_SECONDS, TimeUnit.SECONDS)).isTrue();
        assertThat(process.exitValue()).as(output).isZero();
        return output.lines().filter(line -> line.startsWith("parameters ")).findFirst().orElseThrow();
    }
}
