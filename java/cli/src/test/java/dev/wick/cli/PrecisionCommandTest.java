package dev.wick.cli;

import static org.assertj.core.api.Assertions.assertThat;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import dev.wick.Engine;
import dev.wick.TorchScriptModel;
import dev.wick.binding.NativesRequest;
import dev.wick.binding.contract.NativesAtHand;
import dev.wick.vision.ClipArchitecture;
import dev.wick.vision.ClipConfiguration;
import dev.wick.vision.ClipConfiguration.Activation;
import dev.wick.vision.ClipConfiguration.ResNetTower;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.TimeUnit;
import java.util.stream.Stream;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** {@code precision} and {@code compare-architectures} on small models, in this JVM. */
class PrecisionCommandTest {
    private static final Path VOCABULARY = Cli.ROOT.resolve("java/vision/src/test/resources/tokenizer/bpe_simple_vocab_16e6.txt.gz");
    private static final Path PHOTO = Cli.ROOT.resolve("examples/photo.jpg");

    @TempDir
    private static Path directory;
    private static Path clip;

    @BeforeAll
    static void build() {
        NativesRequest natives = NativesAtHand.request();
        assertThat(natives).isNotNull();
        clip = directory.resolve("tiny.pt");
        try (TorchScriptModel model = new ClipArchitecture("tiny", new ClipConfiguration(48, 64,
                new ResNetTower(List.of(1, 1, 1, 1), 16), 16, 1000, 128, 2, 2, Activation.QUICK_GELU)).build(0)) {
            model.save(clip);
        }
    }

    @AfterAll
    static void nothingIsLeftOpen() {
        assertThat(Engine.get().liveHandles()).isZero();
    }

    private static Cli precision(Object... more) {
        Object[] fixed = {"precision", "--resnet", "resnet18", "--clip", clip, "--warmup", "0", "--resume", kept()};
        Object[] arguments = new Object[more.length + fixed.length];
        System.arraycopy(fixed, 0, arguments, 0, fixed.length);
        System.arraycopy(more, 0, arguments, fixed.length, more.length);
        return Cli.run(arguments);
    }

    private static Path kept() {
        return directory.resolve("kept");
    }

    @Test
    void noiseWithoutLabelsIsSaid() throws IOException {
        Path json = directory.resolve("p.json");
        Path html = directory.resolve("p.html");
        Cli cli = precision("--dtype", "fp32,bf16", "--runs", "2", "--json", json, "--html", html);

        assertThat(cli.err()).doesNotContain("wick: ");
        assertThat(cli.code()).isZero();
        assertThat(cli.out()).contains("resnet18", "tiny.pt, image tower", "tiny.pt, text tower", "bf16", "normal noise, seed 0",
                "32 sequences of random tokens").doesNotContain("bound by launches");
        assertThat(cli.out().contains("Peak memory is not counted here: ")).isEqualTo(
                Engine.get().missingFeatures().containsKey(dev.wick.binding.TorchBinding.MEMORY));
        JsonNode root = new ObjectMapper().readTree(Files.readString(json));
        assertThat(root.at("/subjects")).hasSize(3);
        assertThat(root.at("/subjects/0/cells")).hasSize(2);
        assertThat(root.at("/subjects/0/cells/0/weightBytes").asLong()).isGreaterThan(4 * 11_689_512L);
        assertThat(root.at("/made/torch").asText()).isNotEmpty();
        assertThat(Files.readString(html)).contains("Mean latency", "How to read it");
    }

    @Test
    void picturesAndLabelsAreTaken() throws IOException {
        Path bad = Files.writeString(directory.resolve("bad.jpg"), "no picture");
        Path json = directory.resolve("q.json");
        Cli cli = precision("--dtype", "bf16", "--runs", "1", "--images", PHOTO, bad, "--vocab", VOCABULARY, "--labels", "cat",
                "dog", "bird", "--json", json);

        assertThat(cli.err()).doesNotContain("wick: ");
        assertThat(cli.code()).isZero();
        assertThat(cli.out()).contains("1 picture", "3 labels: cat, dog, bird", "left out: " + bad, "a photo of a {}.");
        JsonNode root = new ObjectMapper().readTree(Files.readString(json));
        assertThat(root.at("/unreadable")).hasSize(1);
        assertThat(root.at("/subjects/1/probabilities").asText()).contains("3 labels'");
        assertThat(root.at("/subjects/1/cells/0/dtype").asText()).isEqualTo("fp32");
        assertThat(root.at("/subjects/1/cells/1/agreement/top5Agreement").isNull()).isTrue();
    }

    @Test
    void whatCannotBeDoneIsSaidInOneMessage() throws IOException {
        assertFails(Cli.run("precision", "--resnet", "clip-rn50", "--runs", "1"), "is a CLIP");
        assertFails(Cli.run("precision", "--resnet", "resnet19", "--runs", "1"), "resnet19");
        assertFails(precision("--runs", "1", "--dtype", "fp32", "--labels", "cat"), "no vocabulary");
        assertFails(precision("--runs", "1", "--images", directory.resolve("none")), "no pictures");
        Path bad = Files.writeString(directory.resolve("broken.jpg"), "no picture");
        assertFails(precision("--runs", "1", "--images", bad), "none of the pictures");
        assertFails(precision("--runs", "1", "--json", directory.resolve("no/where.json")), "--json");
    }

    @Test
    void whatARunMeasuredThatEndedEarlyIsTakenOver(@TempDir Path own) throws IOException {
        Path json = own.resolve("p.json");
        Object[] all = {"precision", "--resnet", "resnet18", "--warmup", "0", "--runs", "2", "--dtype", "fp32", "--resume",
                own.resolve("kept"), "--json", json, "--clip", clip};
        Object[] broken = all.clone();
        broken[broken.length - 1] = "resnet18";
        assertFails(Cli.run(broken), "no CLIP");
        assertThat(own.resolve("kept")).isNotEmptyDirectory();
        assertThat(json).doesNotExist();

        Cli cli = Cli.run(all);

        assertThat(cli.code()).as(cli.err()).isZero();
        assertThat(cli.out()).containsOnlyOnce("by a run that ended early");
        JsonNode subjects = new ObjectMapper().readTree(Files.readString(json)).at("/subjects");
        assertThat(subjects.at("/0/measuredByEarlierRun").isTextual()).isTrue();
        assertThat(subjects.at("/1/measuredByEarlierRun").isNull()).isTrue();
        assertThat(own.resolve("kept")).isEmptyDirectory();
    }

    private static Process start(Path said, Object... arguments) throws IOException {
        List<String> command = new ArrayList<>(List.of(Path.of(System.getProperty("java.home"), "bin", "java").toString(),
                "--enable-native-access=ALL-UNNAMED", "-cp",
                System.getProperty("surefire.test.class.path", System.getProperty("java.class.path"))));
        for (String property : List.of("wick.natives", "wick.calls", "wick.libtorch")) {
            if (System.getProperty(property) != null) {
                command.add("-D" + property + "=" + System.getProperty(property));
            }
        }
        command.add("dev.wick.cli.Main");
        Stream.of(arguments).map(Object::toString).forEach(command::add);
        return new ProcessBuilder(command).redirectErrorStream(true).redirectOutput(said.toFile()).start();
    }

    private static boolean isKept(Path place) throws IOException {
        if (!Files.isDirectory(place)) {
            return false;
        }
        try (Stream<Path> files = Files.list(place)) {
            return files.anyMatch(file -> file.toString().endsWith(".run"));
        }
    }

    /** The first process waits for a vocabulary that never comes, after the classifier and before the towers. */
    @Test
    void whatAKilledProcessMeasuredIsTakenOver(@TempDir Path own) throws Exception {
        Path place = own.resolve("kept");
        Path pipe = own.resolve("pipe.txt.gz");
        Path said = own.resolve("said.txt");
        Object[] arguments = {"precision", "--resnet", "resnet18", "--clip", clip, "--warmup", "0", "--runs", "2", "--dtype",
            "fp32", "--labels", "cat", "dog", "--vocab", pipe, "--resume", place};
        assertThat(new ProcessBuilder("mkfifo", pipe.toString()).start().waitFor()).isZero();
        Process first = start(said, arguments);
        try {
            long until = System.nanoTime() + TimeUnit.MINUTES.toNanos(3);
            while (!isKept(place)) {
                assertThat(first.isAlive()).as(Files.readString(said)).isTrue();
                assertThat(System.nanoTime()).as(Files.readString(said)).isLessThan(until);
                Thread.sleep(20);
            }
        } finally {
            first.destroyForcibly();
        }
        assertThat(first.waitFor()).isEqualTo(128 + 9);
        Files.delete(pipe);
        Files.copy(VOCABULARY, pipe);
        Process second = start(said, arguments);

        assertThat(second.waitFor()).as(Files.readString(said)).isZero();
        assertThat(Files.readString(said)).containsOnlyOnce("by a run that ended early.").contains("tiny.pt, text tower");
        assertThat(place).isEmptyDirectory();
    }

    private static void assertFails(Cli cli, String said) {
        assertThat(cli.code()).isEqualTo(1);
        assertThat(cli.err()).contains("wick: ").contains(said).doesNotContain("Exception");
        assertThat(cli.out()).isEmpty();
    }

    // compare-architectures

    @Test
    void aFileIsComparedWithABuiltInModel() throws IOException {
        Path json = directory.resolve("a.json");
        Cli cli = Cli.run("compare-architectures", "resnet50", clip, "--layers", "--json", json);

        assertThat(cli.code()).isZero();
        assertThat(cli.out()).contains("resnet50 beside tiny.pt", "linear 2048x1000", "c 512x48", "All layers of tiny.pt");
        JsonNode root = new ObjectMapper().readTree(Files.readString(json));
        assertThat(root.at("/architectures/1/towers/image/embeddingSize").asInt()).isEqualTo(48);
        assertFails(Cli.run("compare-architectures", "resnet50", directory.resolve("nothing.pt")), "there is no file");
        Path text = Files.writeString(directory.resolve("text.safetensors"), "nothing");
        assertFails(Cli.run("compare-architectures", "resnet50", text), "text.safetensors");
    }

    /** In a JVM whose LibTorch is nowhere. */
    @Test
    void builtInNamesAreComparedWithoutLibTorch() throws Exception {
        String classPath = System.getProperty("surefire.test.class.path", System.getProperty("java.class.path"));
        Process process = new ProcessBuilder(Path.of(System.getProperty("java.home"), "bin", "java").toString(), "-cp", classPath,
                "-Dwick.natives=official", "-Dwick.libtorch=" + directory.resolve("nowhere"), "dev.wick.cli.Main",
                "compare-architectures").redirectErrorStream(true).start();
        String out = new String(process.getInputStream().readAllBytes(), StandardCharsets.UTF_8);

        assertThat(process.waitFor()).as(out).isZero();
        assertThat(out).contains("25,557,032", "38,316,896", "2,049,000");
    }
}
