package dev.wick.cli;

import static dev.wick.cli.Cli.archive;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.within;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import dev.wick.DType;
import dev.wick.Engine;
import dev.wick.Tensor;
import dev.wick.TensorDifference;
import dev.wick.binding.NativesRequest;
import dev.wick.binding.TorchBinding;
import dev.wick.binding.contract.NativesAtHand;
import dev.wick.study.report.HtmlPage;
import dev.wick.study.report.Sizes;
import dev.wick.vision.file.Npy;
import dev.wick.vision.file.Safetensors;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.stream.Stream;
import jdk.jfr.consumer.RecordedEvent;
import jdk.jfr.consumer.RecordingFile;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

/** The commands on real archives, in this JVM. */
class CommandsTest {
    private static final ObjectMapper MAPPER = new ObjectMapper();
    private static final boolean OFFICIAL = System.getProperty("wick.libtorch") != null;

    @TempDir
    private Path directory;

    /** Skips the test where they are missing. */
    private final NativesRequest natives = NativesAtHand.request();

    @AfterAll
    static void nothingIsLeftOpen() {
        NativesAtHand.request();
        assertThat(Engine.get().liveHandles()).isZero();
    }

    private static void assertSame(Path output, Path expected, double tolerance) {
        try (Tensor ours = Npy.read(output); Tensor theirs = Npy.read(expected)) {
            assertThat(ours.shape()).containsExactly(theirs.shape());
            assertThat(TensorDifference.between(ours, theirs).maximum()).isLessThanOrEqualTo(tolerance);
        }
    }

    // The command line itself

    @ParameterizedTest
    @ValueSource(strings = {"", "info", "inspect", "run", "bench", "bench-copy", "bench-gemm", "memory", "trace",
            "build", "compare-architectures", "synsets", "zero-shot", "prompts", "compare", "precision", "embed",
            "preprocess", "tokenize", "demo", "native", "native build", "native list", "native clean"})
    void everyCommandHasHelp(String command) {
        Cli cli = Cli.run((Object[]) (command + " --help").strip().split(" "));

        assertThat(cli.code()).isZero();
        assertThat(cli.out()).contains("Usage: wick", "--natives=presets|DIR|python", "--calls=panama|javacpp",
                "--threads=N", "--stacktrace", "Exit codes:");
        assertThat(cli.err()).isEmpty();
    }

    @Test
    void versionIsPrinted() {
        assertThat(Cli.run("--version").out()).matches("wick [0-9]+\\.[0-9]+\\.[0-9]+.*\\R");
    }

    @ParameterizedTest
    @CsvSource(delimiter = '|', value = {"bnech | bench", "bench --bathc 1 m.pt --shape 1 | --batch",
            "run m.pt | --out", "inspect | MODEL", "bench m.pt | --shape", "bench m.pt --shape 1x-3 | shape",
            "bench m.pt --shape 1x0 | shape", "bench m.pt --shape 2 --dtype int8 | fp32, fp16 and bf16",
            "bench m.pt --shape 2 --runs 0 | --runs", "bench m.pt --shape 2 --batch 0 | --batch",
            "bench m.pt --shape 2 --budget 0 | --budget", "bench m.pt --shape 2 --optimize fast | --optimize",
            "memory m.pt | --shape", "memory m.pt --shape 2 --runs 0 | --runs",
            "memory m.pt --shape 2 --top -1 | --top", "memory m.pt --shape 2 --dtype fp32,fp32 | twice",
            "memory m.pt --shape 2 --html a --json a | files of their own",
            "bench m.pt --shape 2 --graph | CUDA device", "bench m.pt --shape 2 --pinned | CUDA device",
            "bench m.pt --shape 2 --tf32 on | CUDA device", "bench m.pt --shape 2 --tf32 maybe | --tf32",
            "bench m.pt --shape 2 --device cuda:0 --pageable --graph | page-locked",
            "bench-copy --device cpu | CUDA device", "bench-copy --sizes 4KB | no size",
            "bench-copy --sizes 3 | multiples of 4", "bench-copy --rounds 0 | --rounds",
            "bench-gemm --m 8 --n 8 | --m, --n and --k", "bench-gemm --size 8 --m 1 --n 1 --k 1 | one or the other",
            "bench-gemm --size 0 | from 1 to", "bench-gemm --size 8x8 | --size",
            "bench-gemm --dtype int8 | FP32, TF32, FP16", "bench-gemm --epilogue swish | --epilogue",
            "bench-gemm --batch 0 | --batch", "bench-gemm --runs 0 | --runs", "bench-gemm --warmup -1 | --warmup",
            "bench-gemm --budget 0 | --budget", "bench-gemm --device tpu | no device",
            "bench m.pt --shape 2 --json r --html ./r | need two files",
            "bench m.pt --shape 2 --jfr r --html ./r | need two files",
            "bench m.pt --shape 2x3 --image a.png | Nx3xHxW", "run m.pt --out d --device tpu | no device",
            "build | NAME", "build resnet18 | --out", "build resnet34 --out m.pt | resnet18, resnet50, resnet101",
            "build resnet18 --out m.pt --seed -1 | --seed", "build resnet18 --out m.pt --seed 4294967296 | 4294967295",
            "build resnet18 --out m.pt --seed x | --seed", "info --calls jna | panama and javacpp",
            "compare-architectures resnet50 | two models", "compare-architectures resnet50 resnet50 | twice",
            "precision --runs 0 | --runs", "precision --warmup -1 | --warmup", "precision --budget 0 | --budget",
            "precision --seed -1 | --seed", "precision --dtype int8 | fp32, fp16 and bf16",
            "precision --graph | CUDA device", "precision --tf32 on | CUDA device", "precision --vocab v | --labels",
            "info --threads 0 | --threads", "info --threads x | --threads"})
    void whatIsNotUnderstoodExitsWithTwo(String line, String said) {
        Cli cli = Cli.run((Object[]) line.split(" "));

        assertThat(cli.code()).isEqualTo(2);
        assertThat(cli.err()).startsWith("wick: ").contains(said).contains("hint: ").doesNotContain("Exception");
        assertThat(cli.out()).isEmpty();
    }

    // info

    @Test
    void infoSaysWhatIsTakenAndWhy() throws IOException {
        Cli text = Cli.run("info");
        JsonNode json = MAPPER.readTree(Cli.run("info", "--json").out());

        assertThat(text.code()).isZero();
        assertThat(text.out()).contains("natives", "calls", "threads", "set for speed", "features", "missing",
                "A TorchScript archive is a program");
        assertThat(json.at("/natives/choice").asText()).isEqualTo(OFFICIAL ? "official" : "presets");
        assertThat(json.at("/natives/why").asText()).isNotEmpty();
        assertThat(json.at("/calls/name").asText()).isEqualTo(System.getProperty("wick.calls",
                NativesAtHand.shimObstacle(natives).isEmpty() ? "panama" : "javacpp"));
        assertThat(json.at("/torch/torch_version").asText()).startsWith("2.10.0");
        assertThat(json.at("/blas").asText()).isEqualTo(OFFICIAL ? "MKL" : "OpenBLAS");
        if (!OFFICIAL) {
            assertThat(json.at("/threads/blas").asInt()).isEqualTo(1);
            assertThat(json.at("/settings/0/why").asText()).isNotEmpty();
        }
        assertThat(json.at("/features/missing/cuda").asText()).isNotEmpty();
        assertThat(json.at("/features/present/runner").asText()).isNotEmpty();
    }

    // inspect

    @Test
    void inspectCountsParametersAndShowsConstantsOfTheFile() throws IOException {
        JsonNode json = MAPPER.readTree(Cli.run("inspect", archive("clip-vit-mini.f16.cuda.pt"), "--json").out());

        assertThat(json.at("/methods").findValuesAsText("name"))
                .containsExactly("forward", "encode_image", "encode_text");
        assertThat(json.at("/methods/1/schema").asText()).endsWith("Tensor image) -> Tensor");
        assertThat(json.at("/parameters/count").asLong()).isEqualTo(252_161);
        assertThat(json.at("/parameters/byDtype/float16/bytes").asLong()).isEqualTo(2 * 206_528);
        assertThat(json.at("/parameters/byDtype/float32/bytes").asLong()).isEqualTo(4 * 45_633);
        assertThat(json.at("/parameters/bytes").asLong()).isEqualTo(2 * 206_528 + 4 * 45_633);
        assertThat(json.at("/parameters/byModule/visual/count").asLong()).isEqualTo(154_624);
        assertThat(json.at("/buffers/count").asLong()).isEqualTo(3);
        assertThat(json.at("/deviceConstants").findValuesAsText("value")).isNotEmpty().containsOnly("cuda:0");
        assertThat(json.at("/dtypeConstants").findValuesAsText("value")).contains("float16");
    }

    @Test
    void inspectPrintsText() {
        Cli cli = Cli.run("inspect", archive("resnet-small.pt"));

        assertThat(cli.code()).isZero();
        assertThat(cli.out()).contains("methods", "forward(", "parameters", "in all", "buffers", "device constants");
    }

    @ParameterizedTest
    @CsvSource({"nothing.pt, there is no such file", "make_archives.py, not a TorchScript archive", "., directory"})
    void modelsThatCannotBeReadAreRefused(String name, String reason) {
        Cli cli = Cli.run("inspect", archive(name));

        assertThat(cli.code()).isEqualTo(1);
        assertThat(cli.err()).startsWith("wick: cannot read model ").contains(name, reason).doesNotContain("Exception");
    }

    @Test
    void inspectShowsWhatIsPatched() throws IOException {
        JsonNode json = MAPPER.readTree(Cli.run("inspect", archive("clip-vit-mini.f16.cuda.pt"), "--json").out());
        JsonNode bfloat16 = MAPPER.readTree(Cli.run("inspect", archive("clip-vit-mini.f16.cuda.pt"), "--dtype", "bf16",
                "--json").out());
        Cli text = Cli.run("inspect", archive("clip-vit-mini.f16.cuda.pt"));

        assertThat(json.at("/patchedFor").asText()).isEqualTo("fp32");
        assertThat(json.at("/patchedConstants").findValuesAsText("from")).containsOnly("cuda:0", "float16");
        assertThat(json.at("/patchedConstants").findValuesAsText("to")).containsOnly("cpu", "float32");
        assertThat(bfloat16.at("/patchedConstants").findValuesAsText("to")).containsOnly("cpu", "bfloat16");
        assertThat(text.out()).contains("patched to run on the cpu in fp32").containsPattern("cuda:0 +-> cpu +6 uses")
                .containsPattern("float16 +-> float32 +34 uses");
        assertThat(Cli.run("inspect", archive("resnet-small.pt")).out()).contains("patched to run on the cpu: none");
    }

    @Test
    void inspectShowsAStateDict() throws IOException {
        Cli text = Cli.run("inspect", archive("statedict.pth"));
        JsonNode json = MAPPER.readTree(Cli.run("inspect", archive("statedict.pth"), "--json").out());

        assertThat(text.code()).as(text.err()).isZero();
        assertThat(text.out()).contains("weights without a program", "torch.save, zip", "of no CLIP", "in all",
                "tensors");
        assertThat(json.at("/container").asText()).isEqualTo("torch.save, zip");
        assertThat(json.at("/family").isNull()).isTrue();
        assertThat(json.at("/weights/tensors").asLong()).isEqualTo(json.at("/tensors").size()).isPositive();
        assertThat(json.at("/tensors/0/dtype").asText()).isEqualTo("float32");
    }

    @Test
    void aStateDictThatIsRunIsToldWhatMakesAModelOfIt() throws IOException {
        Path safetensors = directory.resolve("w.safetensors");
        try (Tensor one = Tensor.of(new float[] {1}, 1)) {
            Safetensors.write(safetensors, java.util.Map.of("w", one), java.util.Map.of());
        }
        for (Object file : new Object[] {archive("statedict.pth"), safetensors}) {
            Cli cli = Cli.run("run", file, "--out", directory);
            assertThat(cli.code()).isEqualTo(1);
            assertThat(cli.err()).contains("it is a state dict", "hint: 'wick inspect FILE'",
                    "build auto --weights FILE");
        }
    }

    @Test
    void stackTracesAreForThoseWhoAsk() {
        Cli cli = Cli.run("inspect", archive("nothing.pt"), "--stacktrace");

        assertThat(cli.err()).contains("ModelUnreadableException", "at dev.wick");
    }

    @Test
    void aMissingModelIsToldTheBuiltInNames() {
        Cli cli = Cli.run("inspect", directory.resolve("resnet50"));

        assertThat(cli.code()).isEqualTo(1);
        assertThat(cli.err()).contains("there is no such file",
                "hint: built-in models need no file: resnet18, resnet50, resnet101");
    }

    // build, and built-in models

    @Test
    void buildWritesAnArchiveThatTheOtherCommandsTake() throws IOException {
        Path file = directory.resolve("resnet18.pt");
        Cli text = Cli.run("build", "resnet18", "--out", file);

        assertThat(text.code()).as(text.err()).isZero();
        assertThat(text.err()).isEmpty();
        assertThat(text.out()).contains("resnet18, seed 0: 11,689,512 parameters, 44.6 MiB", "written to " + file);
        JsonNode inspected = MAPPER.readTree(Cli.run("inspect", file, "--json").out());
        assertThat(inspected.at("/parameters/count").asLong()).isEqualTo(11_689_512);
        assertThat(inspected.at("/buffers/tensors").asLong()).isEqualTo(60);
        assertThat(inspected.at("/file").asText()).isEqualTo(file.toString());
        try (Stream<Path> files = Files.list(directory)) {
            assertThat(files).containsExactly(file);
        }
    }

    @Test
    void buildPrintsJsonAndReplacesAFile() throws IOException {
        Path file = Files.writeString(directory.resolve("model.pt"), "something else");
        JsonNode json = MAPPER.readTree(Cli.run("build", "resnet18", "--seed", "3", "--json", "--out", file).out());

        assertThat(json.at("/model").asText()).isEqualTo("resnet18");
        assertThat(json.at("/seed").asLong()).isEqualTo(3);
        assertThat(json.at("/parameters/count").asLong()).isEqualTo(11_689_512);
        assertThat(json.at("/parameters/bytes").asLong()).isEqualTo(4 * 11_689_512L);
        assertThat(json.at("/parameters/tensors").asLong()).isEqualTo(62);
        assertThat(json.at("/fileBytes").asLong()).isEqualTo(Files.size(file)).isGreaterThan(4 * 11_689_512L);
    }

    @Test
    void buildRefusesWhatItCannotWrite() {
        Cli parent = Cli.run("build", "resnet18", "--out", directory.resolve("no/such/place.pt"));
        assertThat(parent.code()).isEqualTo(1);
        assertThat(parent.err()).startsWith("wick: --out ").contains("there is no directory", "hint: mkdir -p")
                .doesNotContain("Exception");
        assertThat(Cli.run("build", "resnet18", "--out", directory).err()).contains("is a directory");
        assertThat(Cli.run("build", "resnet18", "--out", "/dev/null").err()).contains("is no regular file");
        assertThat(Cli.run("build", "resnet18", "--out", "/proc/resnet18.pt").code()).isEqualTo(1);
    }

    @Test
    void aBuiltInModelNeedsNoFile() throws IOException {
        JsonNode json = MAPPER.readTree(Cli.run("inspect", "resnet50", "--json").out());

        assertThat(json.at("/parameters/count").asLong()).isEqualTo(25_557_032);
        assertThat(json.at("/model").asText()).isEqualTo("resnet50");
        assertThat(json.at("/file").isNull()).isTrue();
    }

    /** Takes seconds, and 0.4 GB. */
    @Test
    void clipIsBuiltInWithItsMethods() throws IOException {
        JsonNode json = MAPPER.readTree(Cli.run("inspect", "clip-rn50", "--json").out());

        assertThat(json.at("/parameters/count").asLong()).isEqualTo(102_007_137);
        assertThat(json.at("/methods")).hasSize(3);
        Path report = directory.resolve("clip.json");
        Cli bench = Cli.run("bench", "clip-rn50", "--method", "encode_image", "--shape", "1x3x224x224", "--runs", "1",
                "--warmup", "1", "--optimize", "none", "--json", report);
        assertThat(bench.code()).as(bench.err()).isZero();
        assertThat(MAPPER.readTree(report.toFile()).at("/results")).hasSize(1);
    }

    @Test
    void aBuiltInModelIsThatOfSeedZero() throws IOException {
        Path built = directory.resolve("built.pt");
        Path input = directory.resolve("input.npy");
        try (Tensor image = Tensor.zeros(DType.FLOAT32, 1, 3, 64, 64)) {
            image.segment().fill((byte) 0x3f);
            Npy.write(input, image);
        }
        Cli.run("build", "resnet18", "--out", built);

        assertThat(Cli.run("run", "resnet18", "--input", input, "--out", directory.resolve("a")).code()).isZero();
        assertThat(Cli.run("run", built, "--input", input, "--out", directory.resolve("b")).code()).isZero();
        assertSame(directory.resolve("a/output.npy"), directory.resolve("b/output.npy"), 0);
    }

    @Test
    void preprocessWritesWhatAModelTakes() {
        Path photo = Cli.ROOT.resolve("examples/photo.jpg");
        Path floats = directory.resolve("x.npy");
        Path bytes = directory.resolve("u.npy");
        assertThat(Cli.run("preprocess", photo, "--recipe", "clip", "--size", "64", "--out", floats).code()).isZero();
        assertThat(Cli.run("preprocess", photo, "--recipe", "imagenet", "--uint8", "--out", bytes).code()).isZero();

        try (Tensor tensor = Npy.read(floats); Tensor pixels = Npy.read(bytes)) {
            assertThat(tensor.dtype()).isEqualTo(DType.FLOAT32);
            assertThat(tensor.shape()).containsExactly(3, 64, 64);
            assertThat(pixels.dtype()).isEqualTo(DType.UINT8);
            assertThat(pixels.shape()).containsExactly(224, 224, 3);
        }
        Cli missing = Cli.run("preprocess", directory.resolve("no.jpg"), "--recipe", "clip", "--out", floats);
        assertThat(missing.code()).isEqualTo(1);
        assertThat(missing.err()).contains("no.jpg: there is no such file");
        assertThat(Cli.run("preprocess", photo, "--recipe", "vgg", "--out", floats).code()).isEqualTo(2);
    }

    @Test
    void benchMeasuresABuiltInModel() throws IOException {
        Path json = directory.resolve("bench.json");
        Cli cli = Cli.run("bench", "resnet18", "--image", Cli.ROOT.resolve("examples/photo.jpg"), "--dtype",
                "fp32,bf16", "--runs", "2", "--warmup", "1", "--optimize", "none", "--json", json);

        assertThat(cli.code()).as(cli.err()).isZero();
        JsonNode report = MAPPER.readTree(json.toFile());
        assertThat(report.at("/model").asText()).isEqualTo("resnet18");
        assertThat(report.at("/results")).hasSize(2);
        long peak = report.at("/results/0/peakMemoryBytes").asLong();
        assertThat(peak).isGreaterThan(4 * 11_689_512L);
        if (peakMemorySource().equals("allocator")) {
            // The weights once, and what is computed: no copy is kept for other cells.
            assertThat(peak).isLessThan(2 * 4 * 11_689_512L);
        }
    }

    // run

    @ParameterizedTest
    @CsvSource({"image", "text"})
    void runWidensThePublishedFormOnTheCpu(String what) {
        Cli cli = Cli.run("run", archive("clip-vit-mini.f16.cuda.pt"), "--method", "encode_" + what, "--input",
                archive("clip-vit-mini." + what + ".npy"), "--out", directory);

        assertThat(cli.code()).isZero();
        assertThat(cli.err()).contains("widened to fp32");
        assertSame(directory.resolve("output.npy"), archive("clip-vit-mini.f16." + what + "_features.npy"), 1e-4);
    }

    @Test
    void runGivesPyTorchsOutputs() {
        Cli cli = Cli.run("run", archive("mlp.pt"), "--input", archive("mlp.forward.input.0.npy"), "--out",
                directory.resolve("made/on/the/way"));

        assertThat(cli.code()).isZero();
        assertThat(cli.err()).isEmpty();
        assertSame(directory.resolve("made/on/the/way/output.npy"), archive("mlp.forward.output.npy"), 1e-5);
    }

    @Test
    void runConvertsWhenAsked() {
        Path input = archive("mlp.forward.input.0.npy");

        assertThat(Cli.run("run", archive("mlp.pt"), "--input", input, "--out", directory, "--dtype", "fp16").code())
                .isZero();
        try (Tensor output = Npy.read(directory.resolve("output.npy"))) {
            assertThat(output.dtype()).isEqualTo(DType.FLOAT16);
        }
        Cli bf16 = Cli.run("run", archive("mlp.pt"), "--input", input, "--out", directory, "--dtype", "bf16");
        assertThat(bf16.err()).contains("numpy has no bfloat16");
        assertSame(directory.resolve("output.npy"), archive("mlp.forward.output.npy"), 0.1);
    }

    @Test
    void runWritesEachTensorOfATuple() {
        Cli cli = Cli.run("run", archive("clip-vit-mini.f16.cuda.pt"), "--input", archive("clip-vit-mini.image.npy"),
                "--input", archive("clip-vit-mini.text.npy"), "--out", directory);

        assertThat(cli.code()).isZero();
        assertThat(cli.out().lines()).hasSize(2);
        assertThat(directory.resolve("output.0.npy")).exists();
        assertThat(directory.resolve("output.1.npy")).exists();
    }

    @Test
    void runNamesTheMethodsThatExist() {
        Cli cli = Cli.run("run", archive("noforward.pt"), "--input", archive("noforward.encode.input.0.npy"), "--out",
                directory);

        assertThat(cli.code()).isEqualTo(1);
        assertThat(cli.err()).contains("no method 'forward'", "encode");
    }

    @Test
    void runRefusesWhatDoesNotFit() throws IOException {
        Path input = archive("mlp.forward.input.0.npy");
        Path file = Files.createFile(directory.resolve("file"));

        assertThat(Cli.run("run", archive("mlp.pt"), "--out", directory).err()).contains("takes 1 input, got 0");
        assertThat(Cli.run("run", archive("mlp.pt"), "--out", directory, "--input", input, "--input", input).err())
                .contains("takes 1 input, got 2");
        Cli shape = Cli.run("run", archive("mlp.pt"), "--out", directory, "--input",
                archive("classifier.forward.input.0.npy"));
        assertThat(shape.code()).isEqualTo(1);
        assertThat(shape.err()).contains("the model failed on float32").contains("cannot be multiplied")
                .doesNotContain("Traceback");
        assertThat(Cli.run("run", archive("mlp.pt"), "--out", file, "--input", input).err())
                .contains("is a file, not a directory");
        assertThat(Cli.run("run", archive("mlp.pt"), "--out", "/proc/wick", "--input", input).code()).isEqualTo(1);
        assertThat(Cli.run("run", archive("mlp.pt"), "--out", directory, "--input", file).err())
                .contains("the file is empty");
        assertThat(Cli.run("run", archive("mlp.pt"), "--out", directory, "--input", input, "--device", "cuda").err())
                .contains("no cuda:0");
        assertThat(directory.resolve("output.npy")).doesNotExist();
    }

    // bench

    private static String peakMemorySource() {
        return Engine.get().missingFeatures().containsKey("memory") ? "rss" : "allocator";
    }

    @Test
    void benchMeasuresEachCell() throws IOException {
        Path json = directory.resolve("bench.json");
        Cli cli = Cli.run("bench", archive("resnet-small.pt"), "--image", Cli.ROOT.resolve("examples/photo.jpg"),
                "--dtype", "fp32,bf16", "--batch", "1,2", "--runs", "5", "--warmup", "1", "--json", json);

        assertThat(cli.code()).isZero();
        assertThat(cli.out()).contains("mean ms", "p99", "max diff", "top-5");
        assertThat(cli.out().contains("(rss)")).isEqualTo(peakMemorySource().equals("rss"));
        assertThat(cli.err().lines()).hasSize(4);
        JsonNode report = MAPPER.readTree(json.toFile());
        assertThat(report.at("/complete").asBoolean()).isTrue();
        assertThat(report.at("/machine/cores").asInt()).isPositive();
        JsonNode results = report.get("results");
        assertThat(results).hasSize(4);
        for (JsonNode result : results) {
            for (String key : List.of("model", "method", "dtype", "batch", "device", "natives", "calls", "latencyMs",
                    "throughputPerSecond", "peakMemoryBytes", "peakMemorySource", "outputMaxAbsDiff",
                    "outputMeanAbsDiff", "top5Agreement", "runs", "cut", "warmup", "nanOutputs", "enqueueMs",
                    "optimization", "samplesMs")) {
                assertThat(result.has(key)).as(key).isTrue();
            }
            for (String key : List.of("mean", "std", "min", "p50", "p90", "p99", "max")) {
                assertThat(result.get("latencyMs").has(key)).as(key).isTrue();
            }
            assertThat(result.at("/runs").asInt()).isEqualTo(5);
            assertThat(result.at("/samplesMs")).hasSize(5);
            assertThat(result.at("/peakMemoryBytes").asLong()).isGreaterThan(1_000_000);
            assertThat(result.at("/peakMemorySource").asText()).isEqualTo(peakMemorySource());
            assertThat(result.at("/outputMaxAbsDiff").asDouble()).isLessThan(0.5);
        }
        assertThat(results.at("/0/dtype").asText()).isEqualTo("fp32");
        assertThat(results.at("/0/top5Agreement").asDouble()).isEqualTo(1);
        assertThat(results.at("/2/batch").asInt()).isEqualTo(2);
    }

    @Test
    void benchCutsWhatOutrunsTheBudget() throws IOException {
        Path json = directory.resolve("bench.json");
        Cli cli = Cli.run("bench", archive("resnet-small.pt"), "--shape", "1x3x64x64", "--budget", "0.05", "--runs",
                "100000", "--json", json);

        assertThat(cli.code()).isZero();
        assertThat(cli.out()).contains("cut after");
        JsonNode result = MAPPER.readTree(json.toFile()).at("/results/0");
        assertThat(result.at("/cut").asBoolean()).isTrue();
        assertThat(result.at("/runs").asInt()).isBetween(1, 99_999);
    }

    @Test
    void benchWritesAPage() throws IOException {
        // As it is written in a path, the name ends a script element.
        Path hostile = Files.createDirectories(directory.resolve("<script>alert(1)<"));
        Path model = Files.copy(archive("mlp.pt"), hostile.resolve("script>\"'&.pt"));
        Path html = directory.resolve("bench.html");
        Path json = directory.resolve("bench.json");
        Cli cli = Cli.run("bench", model, "--shape", "3x64", "--dtype", "fp32,bf16", "--batch", "2,3", "--runs", "6",
                "--warmup", "1", "--html", html, "--json", json);

        assertThat(cli.code()).as(cli.err()).isZero();
        assertThat(cli.out()).contains("written to " + html);
        String page = Files.readString(html);
        assertThat(page).doesNotContain("<script>alert").contains(HtmlPage.escape(model.toString()), "--batch 2,3",
                "6 timed runs after 1 discarded").doesNotContain("class=\"warning\"");
        String[] parts = page.split("<script type=\"application/json\" id=\"data\">");
        assertThat(parts).hasSize(2);
        JsonNode data = MAPPER.readTree(parts[1].substring(0, parts[1].indexOf("</script>")));
        assertThat(data).isEqualTo(MAPPER.readTree(json.toFile()));
        assertThat(data.get("results")).hasSize(4);
        for (JsonNode result : data.get("results")) {
            assertThat(page).contains("<td class=\"word\">" + result.get("dtype").asText()
                    + "</td><td class=\"number\">"
                    + result.get("batch").asText() + "</td><td class=\"number\">6</td><td class=\"number\">1</td>");
            assertThat(page).contains("<td class=\"number\">" + Sizes.count(result.get("peakMemoryBytes").asLong())
                    + "</td>");
        }
    }

    @Test
    void benchTakesIntegerInputsAndSeveral() {
        Cli cli = Cli.run("bench", archive("clip-vit-mini.f16.cuda.pt"), "--shape", "2x3x64x64", "--shape",
                "2x77:int64", "--runs", "2", "--optimize", "none");

        assertThat(cli.code()).as(cli.err()).isZero();
        assertThat(Cli.run("bench", archive("clip-vit-mini.f16.cuda.pt"), "--shape", "2x3x64x64").err())
                .contains("takes 2 inputs, got 1");
    }

    @ParameterizedTest
    @ValueSource(strings = {"none", "freeze", "ofi", "onednn"})
    void benchOptimizesAsAsked(String way) {
        Cli cli = Cli.run("bench", archive("mlp.pt"), "--shape", "3x64", "--runs", "3", "--optimize", way);

        assertThat(cli.code()).as(cli.err()).isZero();
        assertThat(cli.out()).contains(way);
    }

    @Test
    void benchRefusesAnUnwritableReportBeforeItMeasures() {
        Cli cli = Cli.run("bench", archive("mlp.pt"), "--shape", "3x64", "--json",
                directory.resolve("no/such/place.json"));

        assertThat(cli.code()).isEqualTo(1);
        assertThat(cli.err()).contains("there is no directory").doesNotContain("fp32");
    }

    @Test
    void benchRefusesAnUnwritablePageBeforeItReadsTheModel() {
        Path place = directory.resolve("no/such/place.html");
        Cli cli = Cli.run("bench", archive("nothing.pt"), "--shape", "3x64", "--html", place);

        assertThat(cli.code()).isEqualTo(1);
        assertThat(cli.err()).startsWith("wick: --html " + place + ": there is no directory").contains("hint: mkdir -p")
                .doesNotContain("nothing.pt");
        assertThat(Cli.run("bench", archive("nothing.pt"), "--shape", "3x64", "--html", directory).err())
                .startsWith("wick: --html " + directory + ": it is a directory");
    }

    @Test
    void benchRecordsTheTimedRuns() throws IOException {
        Path jfr = directory.resolve("bench.jfr");
        Cli cli = Cli.run("bench", archive("mlp.pt"), "--shape", "3x64", "--dtype", "fp32,bf16", "--runs", "7",
                "--warmup", "3", "--optimize", "none", "--jfr", jfr);
        assertThat(cli.err()).doesNotContain("wick:");
        assertThat(cli.code()).isZero();
        assertThat(cli.out()).contains("written to " + jfr);
        List<RecordedEvent> events = RecordingFile.readAllEvents(jfr).stream()
                .filter(event -> event.getEventType().getName().startsWith("dev.wick.")).toList();
        assertThat(events.stream().filter(event -> event.getEventType().getName().equals("dev.wick.RunnerRun")))
                .as("seven of each dtype, and neither warm-up nor reference").hasSize(14)
                .allSatisfy(event -> assertThat(event.getLong("inputBytes")).isEqualTo(3 * 64 * 4));
        assertThat(events).noneMatch(event -> event.getEventType().getName().equals("dev.wick.ModelLoad"));
    }

    @Test
    void benchRefusesAnUnwritableRecordingBeforeItReadsTheModel() {
        Path place = directory.resolve("no/such/place.jfr");
        Cli cli = Cli.run("bench", archive("nothing.pt"), "--shape", "3x64", "--jfr", place);
        assertThat(cli.code()).isNotZero();
        assertThat(cli.err()).contains("--jfr " + place, "mkdir -p");
        assertThat(Cli.run("bench", archive("nothing.pt"), "--shape", "3x64", "--jfr", directory).err())
                .contains("is a directory");
    }

    // bench-gemm

    @Test
    void benchGemmMeasuresEachCellBesideMatmul() throws IOException {
        Path json = directory.resolve("gemm.json");
        Cli cli = Cli.run("bench-gemm", "--size", "16,48", "--dtype", "fp32,tf32,fp16,bf16,fp64", "--runs", "3",
                "--warmup", "1", "--json", json);

        assertThat(cli.code()).as(cli.err()).isZero();
        assertThat(cli.out()).contains("gemm on cpu", "FLOP/s", "of matmul", "max diff", "48x48x48",
                "written to " + json).doesNotContain("enqueue", "cut after");
        assertThat(cli.err().lines()).hasSize(10);
        JsonNode report = MAPPER.readTree(json.toFile());
        assertThat(report.at("/complete").asBoolean()).isTrue();
        assertThat(report.at("/machine/cores").asInt()).isPositive();
        assertThat(report.at("/settings/blas").asText()).isNotEmpty();
        assertThat(report.at("/failures")).isEmpty();
        assertThat(report.at("/results")).hasSize(10);
        for (JsonNode result : report.get("results")) {
            int size = result.at("/m").asInt();
            assertThat(result.at("/rounds").asInt()).isEqualTo(3);
            assertThat(result.at("/cut").asBoolean()).isFalse();
            // Sums of so few terms: what is left is the rounding of the result, relative to the largest element.
            assertThat(result.at("/maxRelativeDifference").asDouble()).isLessThan(result.at("/dtype").asText()
                    .equals("bf16") ? 0x1p-7 : result.at("/dtype").asText().equals("fp16") ? 0x1p-10 : 1e-5);
            for (String side : List.of("gemm", "matmul")) {
                assertThat(result.at("/" + side + "/samplesUs")).hasSize(3);
                assertThat(result.at("/" + side + "/enqueueUs").isNull()).isTrue();
                double median = result.at("/" + side + "/timeUs/p50").asDouble();
                assertThat(median).isBetween(result.at("/" + side + "/timeUs/p10").asDouble(),
                        result.at("/" + side + "/timeUs/p90").asDouble());
                assertThat(result.at("/" + side + "/flopsPerSecond").asDouble())
                        .isCloseTo(2e6 * size * size * size / median, within(1.0 * size));
            }
            assertThat(result.at("/ofMatmul").asDouble()).isCloseTo(result.at("/gemm/timeUs/p50").asDouble()
                    / result.at("/matmul/timeUs/p50").asDouble(), within(1e-9));
        }
    }

    @ParameterizedTest
    @ValueSource(strings = {"default", "bias", "relu", "RELU_BIAS", "gelu", "gelu_bias"})
    void benchGemmTakesEpiloguesTransposesAndBatches(String epilogue) {
        Cli cli = Cli.run("bench-gemm", "--m", "8", "--n", "24", "--k", "16", "--batch", "3", "--transpose-a",
                "--transpose-b", "--epilogue", epilogue, "--dtype", "fp32,bf16", "--runs", "1");

        assertThat(cli.code()).as(cli.err()).isZero();
        assertThat(cli.out()).contains("batch 3, A transposed, B transposed", "8x24x16");
        assertThat(cli.out().contains("relu_bias")).isEqualTo(epilogue.equals("RELU_BIAS"));
    }

    @Test
    void benchGemmCutsWhatOutrunsTheBudget() {
        Cli cli = Cli.run("bench-gemm", "--size", "64", "--dtype", "fp32", "--budget", "0.05", "--runs", "1000000");

        assertThat(cli.code()).as(cli.err()).isZero();
        assertThat(cli.out()).contains("cut after");
    }

    @Test
    @Tag("gpu")
    void benchGemmTellsEnqueueingApartOnADevice() throws IOException {
        String reason = Engine.get().missingFeatures().get("cublas");
        assumeTrue(reason == null, reason);
        Path json = directory.resolve("gemm.json");
        Cli cli = Cli.run("bench-gemm", "--device", "cuda:0", "--size", "128,1024", "--dtype", "fp32,bf16", "--runs",
                "5", "--json", json);

        assertThat(cli.code()).as(cli.err()).isZero();
        assertThat(cli.out()).contains("gemm on cuda:0", "cuBLAS ", "enqueue");
        for (JsonNode result : MAPPER.readTree(json.toFile()).get("results")) {
            assertThat(result.at("/gemm/enqueueUs/p50").asDouble()).isPositive()
                    .isLessThanOrEqualTo(result.at("/gemm/timeUs/p50").asDouble());
        }
        assertThat(Cli.run("bench-gemm", "--device", "cuda:99").err()).contains("no cuda:99", "wick info");
    }

    @Test
    void benchGemmSaysWhyThereIsNoDeviceBeforeItMeasures() {
        assumeTrue(Engine.get().missingFeatures().containsKey("cuda"), "there is a device");
        Cli cli = Cli.run("bench-gemm", "--size", "8", "--device", "cuda");

        assertThat(cli.code()).isEqualTo(1);
        assertThat(cli.err()).startsWith("wick: no cuda:0: ").doesNotContain("Exception", "fp32");
        assertThat(cli.err().lines()).hasSizeLessThan(3);
    }

    @Test
    void benchGemmGoesOnWhereOneCellFails() throws IOException {
        Path json = directory.resolve("gemm.json");
        // 2^58 bytes of A are more than any allocator gives.
        Cli failing = Cli.run("bench-gemm", "--m", "1048576", "--n", "8", "--k", "1048576", "--batch", "65536",
                "--dtype", "fp32,bf16", "--json", json);

        assertThat(failing.code()).isEqualTo(1);
        assertThat(failing.err()).contains("wick: fp32, 1048576x8x1048576 failed: ", "wick: bf16, ")
                .doesNotContain("Exception");
        assertThat(MAPPER.readTree(json.toFile()).at("/failures")).hasSize(2);
    }

    // native

    @Test
    void nativeListShowsTheShimInUse() throws IOException {
        NativesAtHand.shimObstacle(natives).ifPresent(reason -> assumeTrue(false, reason));
        Cli text = Cli.run("native", "list");
        JsonNode json = MAPPER.readTree(Cli.run("native", "list", "--json").out());

        assertThat(text.out()).contains("torch", "abi", "2.10.0");
        assertThat(json.findValuesAsText("torch")).contains("2.10.0");
    }

    // memory

    /** What is printed, and three files for each dtype whose sums are those of the table. */
    @Test
    void memoryIsRecordedInEachDtype() throws IOException {
        assumeTrue(!Engine.get().missingFeatures().containsKey(TorchBinding.MEMORY), "there is no shim");
        Cli cli = Cli.run("memory", archive("resnet-small.pt"), "--shape", "1x3x64x64", "--dtype", "fp32,bf16",
                "--runs", 10, "--stacks", "--json", directory.resolve("m.json"), "--html", directory.resolve("m.html"),
                "--snapshot", directory.resolve("m.pickle"));

        assertThat(cli.err()).isEmpty();
        assertThat(cli.code()).isZero();
        assertThat(cli.out()).containsPattern("dtype +weights").contains("activations", "At the peak, fp32", "From run to run, bf16:",
                "aten::", "written to " + directory.resolve("m-bf16.pickle"));
        JsonNode fp32 = MAPPER.readTree(directory.resolve("m-fp32.json").toFile());
        JsonNode bf16 = MAPPER.readTree(directory.resolve("m-bf16.json").toFile());
        for (JsonNode each : List.of(fp32, bf16)) {
            assertThat(each.get("schema").asText()).isEqualTo("wick-memory-profile-1");
            assertThat(each.get("droppedEvents").asLong()).isZero();
            assertThat(each.get("marks")).hasSize(11);
            // What the runs gave out is gone: what is left are the weights, and what the first runs cached.
            assertThat(each.get("end").get("bytes").asLong()).isLessThan(each.get("peak").get("bytes").asLong());
            long sum = 0;
            for (JsonNode share : each.get("peak").get("by").get("operator")) {
                sum += share.get("bytes").asLong();
            }
            assertThat(sum).isEqualTo(each.get("peak").get("bytes").asLong());
        }
        // Half of the weights' bytes, 167,728 parameters of four.
        assertThat(fp32.get("baselineBytes").asLong() - bf16.get("baselineBytes").asLong())
                .isBetween(167_728L * 2 - 6_000, 167_728L * 2 + 6_000);
        assertThat(directory.resolve("m-fp32.html")).isNotEmptyFile();
    }

    @Test
    void memorySaysWhatIsWrong() {
        assertThat(Cli.run("memory", archive("resnet-small.pt"), "--shape", "1x3x64x64", "--html", directory).err())
                .contains("--html " + directory + ": it is a directory");
        Cli cli = Cli.run("memory", archive("resnet-small.pt"), "--shape", "1x3x64x64", "--method", "encode");
        assertThat(cli.code()).isEqualTo(1);
        assertThat(cli.err()).contains("no method 'encode'");
    }
}
