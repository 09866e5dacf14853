package dev.wick.cli;

import static org.assertj.core.api.Assertions.assertThat;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import dev.wick.Engine;
import dev.wick.ModuleBuilder;
import dev.wick.TorchScriptModel;
import dev.wick.binding.NativesRequest;
import dev.wick.binding.contract.NativesAtHand;
import dev.wick.vision.ClipArchitecture;
import dev.wick.vision.ClipConfiguration;
import dev.wick.vision.ClipConfiguration.Activation;
import dev.wick.vision.ClipConfiguration.TransformerTower;
import java.awt.image.BufferedImage;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import javax.imageio.ImageIO;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** {@code wick compare} on models and pictures that are made here, in this JVM. */
class CompareCommandTest {
    private static final ObjectMapper MAPPER = new ObjectMapper();
    private static final int RED = 0xd02020;
    private static final int GREEN = 0x20d020;
    private static final int BLUE = 0x2020d0;

    @TempDir
    private Path directory;

    /** Skips the test where they are missing. */
    private final NativesRequest natives = NativesAtHand.request();
    private long liveBefore;
    private Path resnet;
    private Path clip;

    @BeforeEach
    void models() {
        liveBefore = Engine.get().liveHandles();
        // Its classes in the order of the folders' names: blue, green, red.
        resnet = scripted("colours.pt", """
                def forward(self, x):
                    m = x.mean([2, 3])
                    return torch.stack([m[:, 2], m[:, 1], m[:, 0]], 1)
                """);
        clip = directory.resolve("clip.pt");
        ClipConfiguration tiny = new ClipConfiguration(16, 32, new TransformerTower(1, 64, 16), 77, 600, 64, 1, 1,
                Activation.QUICK_GELU);
        try (TorchScriptModel model = new ClipArchitecture("tiny", tiny).build(1)) {
            model.save(clip);
        }
    }

    @AfterEach
    void nothingIsLeftOpen() {
        assertThat(Engine.get().liveHandles()).isEqualTo(liveBefore);
    }

    private Path scripted(String name, String source) {
        Path file = directory.resolve(name);
        try (ModuleBuilder builder = ModuleBuilder.of("Colours").define(source); TorchScriptModel model = builder.build()) {
            model.save(file);
        }
        return file;
    }

    private void picture(String path, int rgb) throws IOException {
        BufferedImage image = new BufferedImage(40, 36, BufferedImage.TYPE_INT_RGB);
        int[] row = new int[40];
        Arrays.fill(row, rgb);
        for (int y = 0; y < 36; y++) {
            image.setRGB(0, y, 40, 1, row, 0, 40);
        }
        Path file = directory.resolve(path);
        Files.createDirectories(file.getParent());
        ImageIO.write(image, "png", file.toFile());
    }

    /** Originals show their class; every sketch is red. */
    private void pictures() throws IOException {
        for (int i = 0; i < 3; i++) {
            picture("pictures/red/original/" + i + ".png", RED);
            picture("pictures/green/original/" + i + ".png", GREEN);
            picture("pictures/blue/original/" + i + ".png", BLUE);
            for (String name : List.of("red", "green", "blue")) {
                picture("pictures/" + name + "/sketch/" + i + ".png", RED);
            }
        }
    }

    private Cli compare(Object... arguments) {
        List<Object> all = new ArrayList<>(List.of("compare"));
        all.addAll(List.of(arguments));
        all.addAll(List.of("--clip", clip, "--vocab", TokenizeCommandTest.VOCABULARY, "--text-cache", "none"));
        return Cli.run(all.toArray());
    }

    @Test
    void bothModelsAreScoredByShift() throws IOException {
        pictures();
        Path json = directory.resolve("report.json");
        Path html = directory.resolve("report.html");

        Cli cli = compare(directory.resolve("pictures"), "--resnet", resnet, "--resnet-size", 32, "--json", json, "--html",
                html, "--seed", 3, "--pictures", 5);

        assertThat(cli.err()).isEmpty();
        assertThat(cli.code()).isZero();
        assertThat(cli.out()).contains("18 pictures, 2 shifts", "the 3 class folders, in the order of their names",
                "ResNet sees: shorter side to 37 (BILINEAR", "mean 0.485 0.456 0.406", "CLIP sees: shorter side to 32 (BICUBIC",
                "Robustness gap from original", "+66.7", "1,000 bootstrap resamples");
        assertThat(cli.out().lines().filter(line -> !line.startsWith("written"))).allMatch(line -> line.length() <= 120);
        JsonNode report = MAPPER.readTree(json.toFile());
        assertThat(report.at("/byShift/0/resnet/top1").asDouble()).isEqualTo(1);
        assertThat(report.at("/byShift/0/resnet/top1Interval/0").asDouble()).isEqualTo(1);
        assertThat(report.at("/byShift/1/resnet/top1").asDouble()).isEqualTo(1 / 3.0);
        assertThat(report.at("/byShift/1/resnet/gap/top1").asDouble()).isEqualTo(1 - 1 / 3.0);
        assertThat(report.at("/pictures")).hasSize(18).allSatisfy(picture -> {
            assertThat(picture.at("/clip/answers")).hasSize(3);
            assertThat(picture.at("/resnet/probabilities")).hasSize(3);
        });
        for (int shift = 0; shift < 2; shift++) {
            JsonNode outcomes = report.at("/byShift/" + shift + "/outcomes");
            assertThat(outcomes.at("/both").asInt() + outcomes.at("/onlyResnet").asInt() + outcomes.at("/onlyClip").asInt()
                    + outcomes.at("/neither").asInt()).isEqualTo(9);
            assertThat(outcomes.at("/onlyResnetFiles")).hasSize(outcomes.at("/onlyResnet").asInt());
        }
        // A CLIP that sees one colour gives one answer: one class of the sketches is right, and no more.
        assertThat(report.at("/byShift/1/clip/top1").asDouble()).isEqualTo(1 / 3.0);
        String page = Files.readString(html);
        assertThat(page.split("<figure class=\"picture\">", -1)).hasSizeGreaterThan(5);
        assertThat(page).contains("<li class=\"heading\">ResNet</li>", "<li class=\"heading\">CLIP</li>");
        compare(directory.resolve("pictures"), "--resnet", resnet, "--resnet-size", 32, "--json", json, "--seed", 3);
        JsonNode again = MAPPER.readTree(json.toFile());
        assertThat(again.at("/byShift")).isEqualTo(report.at("/byShift"));
    }

    @Test
    void whatIsBrokenIsListedAndLeftOut() throws IOException {
        pictures();
        Files.write(directory.resolve("pictures/red/sketch/0.png"), new byte[0]);
        Files.writeString(directory.resolve("pictures/blue/sketch/2.png"), "no picture");
        picture("pictures/unicorn/original/0.png", RED);
        Files.createDirectories(directory.resolve("pictures/nothing/original"));
        Path labels = Files.writeString(directory.resolve("labels.txt"), "blue\ngreen\nred\n");

        Cli cli = compare(directory.resolve("pictures"), "--resnet", resnet, "--resnet-labels", labels);

        assertThat(cli.code()).isZero();
        assertThat(cli.out()).contains("16 pictures, 2 shifts", "2 pictures could not be read and were left out",
                "the file is empty", "2 class folders are no classes that are known: nothing, unicorn",
                "1 class folder has no pictures: nothing");
    }

    @Test
    void oneTreeAShiftWithASubsetOfImageNet() throws IOException {
        for (String shift : List.of("val", "r")) {
            picture(shift + "/n01440764/0.png", RED);
            picture(shift + "/goldfish/0.png", GREEN);
        }
        picture("val/n02123045/0.png", BLUE);
        Path thousand = scripted("thousand.pt", """
                def forward(self, x):
                    m = x.mean([2, 3])
                    return torch.cat([m[:, 0:1], m[:, 1:2], torch.ones([x.size(0), 998]) * 100.0], 1)
                """);

        Cli present = compare("--original", directory.resolve("val"), "--shift", "rendition=" + directory.resolve("r"),
                "--resnet", thousand, "--classes", "common");
        Cli all = compare("--original", directory.resolve("val"), "--shift", "rendition=" + directory.resolve("r"),
                "--resnet", thousand, "--classes", "all");

        assertThat(present.code()).as(present.err()).isZero();
        assertThat(present.out()).contains("between the 2 classes that every shift has", "the 1000 of ImageNet",
                "goldfish", "tench").doesNotContain("tabby");
        assertThat(present.out()).containsPattern("original +2 +100\\.0");
        assertThat(all.out()).contains("between all 1000 classes", "1 class is not in every shift").containsPattern("tabby +rendition")
                .containsPattern("original +2 +0\\.0");
    }

    @Test
    void mistakesAreOneLine() throws IOException {
        pictures();
        Path pictures = directory.resolve("pictures");
        Path seven = scripted("seven.pt", "def forward(self, x):\n    return torch.zeros([x.size(0), 7])\n");
        Path gap = Files.writeString(directory.resolve("gap.txt"), "{0: 'blue', 1: 'green', 3: 'red'}");

        said(compare(pictures, "--resnet", seven), 1, "gives 7 scores", "--resnet-labels FILE");
        said(compare(pictures, "--resnet", resnet, "--resnet-labels", gap), 1, "it lacks 2");
        said(compare(pictures, "--resnet", clip), 1, "is a CLIP", "--clip a CLIP");
        said(compare(pictures, "--resnet", resnet, "--reference", "photo"), 1, "there is no shift 'photo'");
        said(compare(pictures, "--resnet", directory.resolve("none.pt")), 1, "no such file");
        said(compare("--resnet", resnet), 2, "pictures are needed");
        said(compare(pictures, "--resnet", resnet, "--art", pictures), 2, "not both");
        said(compare("--original", pictures, "--shift", "original=" + pictures, "--resnet", resnet), 2, "no other has");
        said(compare(directory.resolve("nowhere"), "--resnet", resnet), 1, "there is no such folder");
        said(Cli.run("compare", pictures, "--resnet", resnet, "--clip", resnet, "--vocab", TokenizeCommandTest.VOCABULARY), 1,
                "it is no CLIP");
    }

    private static void said(Cli cli, int code, String... parts) {
        assertThat(cli.code()).as(cli.err()).isEqualTo(code);
        assertThat(cli.err()).contains(parts).doesNotContain("inside wick");
        assertThat(cli.err().lines().count()).isLessThanOrEqualTo(2);
    }
}
