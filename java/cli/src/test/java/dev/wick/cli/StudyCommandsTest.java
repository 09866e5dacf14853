package dev.wick.cli;

import static org.assertj.core.api.Assertions.assertThat;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import dev.wick.Tensor;
import dev.wick.binding.contract.NativesAtHand;
import dev.wick.vision.file.Npy;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.stream.Stream;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** The demo, and the commands of studies on what it leaves behind. */
class StudyCommandsTest {
    private static final int FEW = 4;
    private static final ObjectMapper MAPPER = new ObjectMapper();

    @TempDir
    private static Path demo;
    private static Cli ran;

    @TempDir
    private Path directory;

    @BeforeAll
    static void runTheDemo() throws IOException {
        NativesAtHand.request();
        ran = Cli.run("demo", "--out", demo, "--runs", "2", "--no-open");
        try (Stream<Path> classes = Files.list(demo.resolve("held-back-pairs"))) {
            for (Path each : classes.filter(Files::isDirectory).toList()) {
                Path copies = Files.createDirectories(demo.resolve("few").resolve(each.getFileName()));
                for (int i = 0; i < FEW; i++) {
                    Files.copy(each.resolve("original/00" + i + ".png"), copies.resolve(i + ".png"));
                }
            }
        }
    }

    private static JsonNode json(Path file) {
        try {
            return MAPPER.readTree(Files.readString(file));
        } catch (IOException e) {
            throw new java.io.UncheckedIOException(e);
        }
    }

    /** Some of the demo's pictures, by pair. */
    private static Path pairs() {
        return demo.resolve("few");
    }

    private static Path clip() {
        return demo.resolve("clip.safetensors");
    }

    private static Path picture() {
        return demo.resolve("pictures/circle/original/000.png");
    }

    // The demo

    @Test
    void theDemoKnowsPairsItHasNotSeenAndShapesUnderShift() {
        assertThat(ran.err()).doesNotContain("wick:");
        assertThat(ran.code()).isZero();
        assertThat(ran.out()).contains("Part 1: architectures", "Part 2: what the labels mean in WordNet", "Part 3: zero-shot",
                "Part 4: distribution shift", "Part 5: precision", "written to " + demo.resolve("report.html"));
        JsonNode report = json(demo.resolve("report.json"));
        // Chance is 1 of 64 and 1 of 8; the shipped weights reach 0.45 and 0.84 on more pictures.
        assertThat(report.at("/zeroShotPairs/accuracy/top1").asDouble()).isGreaterThan(0.3);
        assertThat(report.at("/zeroShotShapes/accuracy/top1").asDouble()).isGreaterThan(0.7);
        assertThat(report.at("/prompts/templates").size()).isGreaterThan(4);
        assertThat(report.at("/synsets").size()).isEqualTo(8);
        assertThat(report.at("/made/torch").asText()).isNotEmpty();
    }

    @Test
    void theReportLoadsNothing() throws IOException {
        String page = Files.readString(demo.resolve("report.html"));
        assertThat(page).contains("default-src 'none'", "img-src data:").contains("data:image/jpeg;base64,");
        assertThat(page).doesNotContain("src=\"http").doesNotContain("href=\"http").doesNotContain("</script><script src");
    }

    // Zero-shot

    @Test
    void aFolderOfClassFoldersIsScored() {
        Path out = directory.resolve("z.json");
        Path page = directory.resolve("z.html");
        Cli cli = Cli.run("zero-shot", pairs(), "--model", clip(), "--text-cache", directory.resolve("cache"), "--json", out,
                "--html", page);

        assertThat(cli.code()).as(cli.err()).isZero();
        assertThat(cli.out()).contains("Zero-shot accuracy on", "of 8 classes", "mean per class", "chance");
        JsonNode json = json(out);
        assertThat(json.at("/accuracy/pictures").asLong()).isEqualTo(8 * FEW);
        assertThat(json.at("/accuracy/classes").size()).isEqualTo(8);
        assertThat(json.at("/pictures").size()).isEqualTo(8 * FEW);
        assertThat(page).content().contains("class=\"heat\"");
        assertThat(directory.resolve("cache")).isDirectoryContaining("glob:**.safetensors");
        // From the cache the same comes out.
        Path again = directory.resolve("again.json");
        Cli.run("zero-shot", pairs(), "--model", clip(), "--text-cache", directory.resolve("cache"), "--json", again);
        assertThat(json(again).at("/accuracy")).isEqualTo(json.at("/accuracy"));
    }

    /** Ends as an interrupt ends it, when some rows are kept; then the same goes on. */
    @ParameterizedTest
    @ValueSource(strings = {"zero-shot", "prompts", "compare"})
    void aRunThatEndsEarlyIsGoneOnWith(String command) throws Exception {
        Path kept = directory.resolve("kept");
        Path out = directory.resolve("out.json");
        List<Object> arguments = new ArrayList<>(List.of(command, command.equals("compare") ? demo.resolve("pictures")
                : demo.resolve("held-back-pairs"), "--clip", clip(), "--batch", "2", "--resume", kept, "--json", out));
        if (command.equals("compare")) {
            arguments.addAll(List.of("--resnet", demo.resolve("classifier.safetensors"), "--resnet-size", "64",
                    "--resnet-labels", demo.resolve("classifier-labels.txt")));
        }
        Cli[] ended = new Cli[1];
        Thread running = Thread.ofPlatform().start(() -> ended[0] = Cli.run(arguments.toArray()));
        while (running.isAlive() && rows(kept) < 5_000) {
            Thread.sleep(1);
        }
        running.interrupt();
        running.join();
        assertThat(ended[0].code()).as(ended[0].out()).isNotZero();
        assertThat(rows(kept)).isPositive();
        assertThat(out).doesNotExist();

        Cli cli = Cli.run(arguments.toArray());

        assertThat(cli.code()).as(cli.err()).isZero();
        assertThat(cli.out()).contains("Went on where an earlier run ended:");
        assertThat(json(out).findValue("resumed").toString()).containsPattern("[1-9]");
        assertThat(kept).isEmptyDirectory();
        Path anew = directory.resolve("anew.json");
        arguments.set(arguments.indexOf(out), anew);
        arguments.set(arguments.indexOf(kept), "none");
        Cli whole = Cli.run(arguments.toArray());
        assertThat(whole.code()).as(whole.err()).isZero();
        assertThat(whole.out()).doesNotContain("Went on");
        for (String figures : List.of("accuracy", "templates", "byShift")) {
            assertThat(json(out).get(figures)).isEqualTo(json(anew).get(figures));
        }
    }

    private static long rows(Path kept) throws IOException {
        if (!Files.isDirectory(kept)) {
            return 0;
        }
        long bytes = 0;
        try (Stream<Path> files = Files.list(kept)) {
            for (Path each : files.filter(file -> file.toString().endsWith(".run")).toList()) {
                bytes += Files.size(each);
            }
        }
        return bytes;
    }

    @Test
    void picturesGetLabelsThatAreGivenInline() {
        Path out = directory.resolve("z.json");
        Cli cli = Cli.run("zero-shot", picture(), demo.resolve("pictures/star/original/000.png"), "--model", clip(),
                "--text-cache", "none", "--top", "2", "--json", out, "--labels", "circle", "star", "ring");

        assertThat(cli.code()).as(cli.err()).isZero();
        JsonNode pictures = json(out).at("/pictures");
        assertThat(pictures.size()).isEqualTo(2);
        assertThat(pictures.at("/0/labels").size()).isEqualTo(2);
        assertThat(pictures.at("/0/file").asText()).isEqualTo(picture().toString());
        assertThat(pictures.at("/0/labels/0/probability").asDouble()).isBetween(1 / 3.0, 1.0);
    }

    @Test
    void withoutALogitScaleProbabilitiesAreNearlyAlike() {
        Path out = directory.resolve("z.json");
        Cli.run("zero-shot", picture(), "--model", clip(), "--text-cache", "none", "--logit-scale", "none", "--json", out,
                "--labels", "circle", "star", "ring");
        assertThat(json(out).at("/logitScale").asDouble()).isEqualTo(1);
        // Softmax of cosines, which are between -1 and 1.
        assertThat(json(out).at("/pictures/0/labels/0/probability").asDouble()).isBetween(1 / 3.0, 0.8);
    }

    @Test
    void labelsOfTheFilesForm() throws IOException {
        Path labels = Files.writeString(directory.resolve("labels.txt"),
                "{0: 'circle, disc', 1: 'star',\n 2: \"ring\"}");
        Cli cli = Cli.run("zero-shot", picture(), "--model", clip(), "--text-cache", "none", "--labels", labels,
                "--first-name");
        assertThat(cli.code()).as(cli.err()).isZero();
        assertThat(cli.out()).contains("circle").doesNotContain("disc");
        Files.writeString(labels, "{0: 'circle', 3: 'star'}");
        Cli gaps = Cli.run("zero-shot", picture(), "--model", clip(), "--labels", labels);
        assertThat(gaps.code()).isEqualTo(1);
        assertThat(gaps.err()).contains("it lacks 1, 2");
    }

    @Test
    void whatCannotBeReadIsListedAndLeftOut() throws IOException {
        Path folder = directory.resolve("mixed");
        for (String name : List.of("circle", "star")) {
            Files.createDirectories(folder.resolve(name));
            Files.copy(demo.resolve("pictures/" + name + "/original/001.png"), folder.resolve(name + "/good.png"));
        }
        Files.writeString(folder.resolve("star/broken.jpg"), "this is no picture");
        Files.createFile(folder.resolve("star/empty.png"));
        Files.createDirectories(folder.resolve("ring"));
        Files.createSymbolicLink(folder.resolve("circle/loop"), folder);
        Path out = directory.resolve("z.json");
        Cli cli = Cli.run("zero-shot", folder, "--model", clip(), "--text-cache", "none", "--json", out);

        assertThat(cli.code()).as(cli.err()).isZero();
        assertThat(cli.out()).contains("2 pictures could not be read and were left out", "broken.jpg", "empty.png",
                "1 label without pictures: ring", "1 file beside the pictures left out");
        assertThat(json(out).at("/unreadable").size()).isEqualTo(2);
    }

    @Test
    void zeroShotSaysWhatIsWrong() throws IOException {
        Path empty = Files.createDirectories(directory.resolve("empty"));
        assertThat(Cli.run("zero-shot", empty, "--model", clip(), "--labels", "a", "b").err())
                .contains("there are no pictures in " + empty);
        assertThat(Cli.run("zero-shot", picture(), "--model", clip()).code()).isEqualTo(2);
        assertThat(Cli.run("zero-shot", picture(), "--model", demo.resolve("classifier.safetensors"), "--labels", "a", "b")
                .err()).contains("it is no CLIP");
        assertThat(Cli.run("zero-shot", picture(), "--model", directory.resolve("none.pt"), "--labels", "a", "b").err())
                .contains("there is no such file");
        Path alone = Files.copy(clip(), directory.resolve("alone.safetensors"));
        assertThat(Cli.run("zero-shot", picture(), "--model", alone, "--labels", "a", "b").err())
                .contains("no vocabulary", "hint: --vocab FILE");
        assertThat(Cli.run("zero-shot", pairs(), "--model", clip(), "--labels", "red circle", "dog").err())
                .contains("none of the 2 labels");
        assertThat(Cli.run("zero-shot", picture(), "--model", clip(), "--labels", "a", "b", "--prompts", "no place").code())
                .isEqualTo(1);
        assertThat(Cli.run("zero-shot", picture(), "--model", clip(), "--logit-scale", "hot", "--labels", "a").code())
                .isEqualTo(2);
        assertThat(Cli.run("zero-shot", picture(), "--model", clip(), "--json", directory.resolve("no/place.json"),
                "--labels", "a").err()).contains("there is no directory");
    }

    @Test
    void templatesAreRanked() throws IOException {
        Path templates = Files.writeString(directory.resolve("templates.txt"), "a photo of a {}.\n{}\nnothing of {} here\n");
        Path out = directory.resolve("p.json");
        Cli cli = Cli.run("prompts", pairs(), "--model", clip(), "--text-cache", "none", "--prompts", templates, "--json", out);

        assertThat(cli.code()).as(cli.err()).isZero();
        JsonNode ranked = json(out).at("/templates");
        assertThat(ranked.size()).isEqualTo(4);
        assertThat(ranked.at("/0/template").asText()).isEqualTo("all 3 together");
        assertThat(ranked.at("/1/top1").asDouble()).isGreaterThanOrEqualTo(ranked.at("/2/top1").asDouble());
        assertThat(ranked.at("/2/top1").asDouble()).isGreaterThanOrEqualTo(ranked.at("/3/top1").asDouble());
    }

    /** With the options that the demo names, its own figures come out. */
    @Test
    void whatTheDemoLeavesCanBeCompared() {
        Path out = directory.resolve("c.json");
        String command = ran.out().lines().filter(line -> line.startsWith("  wick compare ")).findFirst().orElseThrow();
        Cli cli = Cli.run(Stream.concat(Stream.of(command.strip().split(" ")).skip(1), Stream.of("--text-cache", "none",
                "--json", out)).toArray());

        assertThat(cli.code()).as(cli.err()).isZero();
        JsonNode shifts = json(out).get("byShift");
        assertThat(shifts).isEqualTo(json(demo.resolve("report.json")).at("/shift/byShift"));
        String[] original = cli.out().lines().filter(line -> line.startsWith("original ")).findFirst().orElseThrow()
                .split(" +");
        // Of its own order of classes, which is not the folders'.
        assertThat(Double.parseDouble(original[2])).as(cli.out()).isGreaterThan(70);
    }

    // Features

    @Test
    void featuresOfPicturesAndTextsAreWritten() throws IOException {
        Path out = directory.resolve("f.npy");
        Cli cli = Cli.run("embed", demo.resolve("pictures/star/original"), "--model", clip(), "--out", out, "--normalize", "--batch",
                "7");
        assertThat(cli.code()).as(cli.err()).isZero();
        assertThat(cli.out()).contains("48", "The name of each row is in " + out + ".names.txt");
        try (Tensor rows = Npy.read(out)) {
            assertThat(rows.shape()).containsExactly(48, 64);
            float[] elements = rows.toFloatArray();
            double norm = 0;
            for (int i = 0; i < 64; i++) {
                norm += (double) elements[i] * elements[i];
            }
            assertThat(norm).isBetween(0.999, 1.001);
        }
        try (Stream<String> names = Files.lines(directory.resolve("f.npy.names.txt"))) {
            assertThat(names).hasSize(48).first().asString().endsWith("star/original/000.png");
        }
        Path texts = Files.writeString(directory.resolve("texts.txt"), "a red star\na blue star\na red star\n");
        Path features = directory.resolve("t.safetensors");
        assertThat(Cli.run("embed", "--texts", texts, "--model", clip(), "--out", features).code()).isZero();
        assertThat(features).isRegularFile();
        assertThat(Cli.run("embed", "--texts", texts, picture(), "--model", clip(), "--out", features).code()).isEqualTo(2);
        assertThat(Cli.run("embed", picture(), "--model", clip(), "--out", directory.resolve("f.csv")).err())
                .contains("expected a file named .npy or .safetensors");
    }

    // Models from weights

    @Test
    void aModelIsToldByItsWeights() {
        Path archive = directory.resolve("clip.pt");
        Cli cli = Cli.run("build", "auto", "--weights", clip(), "--out", archive);
        assertThat(cli.code()).as(cli.err()).isZero();
        assertThat(cli.out()).contains("names of OpenAI's CLIP", "1,475,545 parameters");
        assertThat(Cli.run("zero-shot", picture(), "--model", archive, "--vocab", demo.resolve("vocabulary.txt.gz"),
                "--text-cache", "none", "--labels", "circle", "star").code()).isZero();

        Cli other = Cli.run("build", "resnet18", "--weights", clip(), "--out", directory.resolve("x.pt"));
        assertThat(other.code()).isEqualTo(1);
        assertThat(other.err()).contains("are another model's", "missing: ", "unexpected: ", "hint: 'wick build auto");
        assertThat(directory.resolve("x.pt")).doesNotExist();
        assertThat(Cli.run("build", "auto", "--out", directory.resolve("x.pt")).err()).contains("auto needs --weights");
        assertThat(Cli.run("build", "resnet51", "--out", directory.resolve("x.pt")).code()).isEqualTo(2);
    }
}
