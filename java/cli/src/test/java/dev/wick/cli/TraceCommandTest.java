package dev.wick.cli;

import static dev.wick.cli.Cli.archive;
import static org.assertj.core.api.Assertions.assertThat;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import dev.wick.Engine;
import dev.wick.Tensor;
import dev.wick.TensorScope;
import dev.wick.Trace;
import dev.wick.TorchScriptModel;
import dev.wick.Model;
import dev.wick.DType;
import dev.wick.binding.NativesRequest;
import dev.wick.binding.TorchBinding;
import dev.wick.binding.contract.NativesAtHand;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Set;
import java.util.stream.Collectors;
import java.util.stream.StreamSupport;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** {@code wick trace}, and the file as its readers see it. */
class TraceCommandTest {
    private static final ObjectMapper MAPPER = new ObjectMapper();

    @TempDir
    private Path directory;

    /** Skips the test where they are missing. */
    private final NativesRequest natives = NativesAtHand.request();

    @AfterAll
    static void nothingIsLeftOpen() {
        NativesAtHand.request();
        assertThat(Engine.get().liveHandles()).isZero();
    }

    private static void assumeTraces() {
        String reason = Engine.get().missingFeatures().get(TorchBinding.PROFILER);
        assumeTrue(reason == null, reason);
    }

    /** The complete events of a trace, those with begin and duration. */
    private static List<JsonNode> events(Path file) throws IOException {
        JsonNode root = MAPPER.readTree(file.toFile());
        return StreamSupport.stream(root.get("traceEvents").spliterator(), false)
                .filter(event -> event.path("ph").asText().equals("X")).toList();
    }

    private static List<JsonNode> named(List<JsonNode> events, String name) {
        return events.stream().filter(event -> event.path("name").asText().equals(name)).toList();
    }

    private static boolean inside(JsonNode inner, JsonNode outer) {
        double begin = inner.get("ts").asDouble();
        double outerBegin = outer.get("ts").asDouble();
        return begin >= outerBegin
                && begin + inner.get("dur").asDouble() <= outerBegin + outer.get("dur").asDouble() + 0.01;
    }

    @Test
    void tracesRunsOfAModel() throws IOException {
        assumeTraces();
        Path file = directory.resolve("trace.json");
        Cli cli = Cli.run("trace", archive("mlp.pt"), "--shape", "3x64", "--runs", "4", "--warmup", "2", "--record",
                "shapes,stacks,memory", "--top", "2", "--out", file);
        assertThat(cli.code()).as(cli.err()).isZero();
        assertThat(cli.err()).isEmpty();
        assertThat(cli.out()).contains("forward, fp32, cpu, none", "4 runs in", "after 2 to warm up", "self ms",
                "aten::addmm", "more: --top", "written to " + file, "ui.perfetto.dev", "no CUDA device here");
        List<JsonNode> events = events(file);
        List<JsonNode> methods = named(events, "forward");
        assertThat(methods).hasSize(4);
        for (int run = 1; run <= 4; run++) {
            JsonNode range = named(events, "run " + run).getFirst();
            assertThat(methods).filteredOn(method -> inside(method, range)).hasSize(1);
            assertThat(named(events, "aten::addmm")).filteredOn(operator -> inside(operator, range)).isNotEmpty()
                    .allSatisfy(operator -> assertThat(operator.at("/args/Input Dims").isArray()).isTrue());
        }
        assertThat(named(events, "run 5")).isEmpty();
        assertThat(Files.readString(file)).contains("[memory]", "Call stack");
    }

    @Test
    void aFileOfSeveralThreads() throws Exception {
        assumeTraces();
        Path file = directory.resolve("threads.json");
        try (TorchScriptModel model = Model.load(archive("mlp.pt")); Trace trace = Trace.start()) {
            List<Thread> threads = new ArrayList<>();
            for (int i = 0; i < 3; i++) {
                String name = "request " + i;
                threads.add(Thread.ofPlatform().start(() -> {
                    try (Trace.Range _ = Trace.range(name); TensorScope _ = TensorScope.open()) {
                        model.forward(Tensor.zeros(DType.FLOAT32, 3, 64));
                    }
                }));
            }
            for (Thread thread : threads) {
                thread.join();
            }
            trace.writeTo(file);
        }
        List<JsonNode> events = events(file);
        List<JsonNode> requests = events.stream().filter(event -> event.path("name").asText().startsWith("request "))
                .toList();
        assertThat(requests).extracting(event -> event.path("name").asText())
                .containsExactlyInAnyOrder("request 0", "request 1", "request 2");
        Set<String> threads = requests.stream().map(event -> event.get("tid").asText()).collect(Collectors.toSet());
        assertThat(threads).hasSize(3);
        for (String name : List.of("forward", "aten::addmm")) {
            assertThat(named(events, name)).extracting(event -> event.get("tid").asText()).containsAll(threads);
        }
    }

    @Test
    void refusesBeforeItReadsTheModel() {
        Cli cli = Cli.run("trace", directory.resolve("no.pt"), "--shape", "3x64", "--out",
                directory.resolve("no/place.json"));
        assertThat(cli.code()).isOne();
        assertThat(cli.err()).contains("--out", "there is no directory");
        for (String wrong : List.of("--runs 0", "--warmup -1", "--top 0", "--graph", "--record frames",
                "--dtype int8")) {
            List<Object> arguments = new ArrayList<>(List.of("trace", "m.pt", "--shape", "2", "--out", "t.json"));
            arguments.addAll(List.of(wrong.split(" ")));
            Cli refused = Cli.run(arguments.toArray());
            assertThat(refused.code()).as(wrong).isEqualTo(2);
            assertThat(refused.err()).contains(wrong.split(" ")[0]);
        }
        assertThat(Cli.run("trace", "m.pt", "--shape", "2").err()).contains("--out");
        assertThat(Cli.run("trace", archive("mlp.pt"), "--shape", "3x64", "--shape", "1", "--out",
                directory.resolve("t.json")).err()).contains("takes 1 input");
    }

    @Test
    void whereThereAreNoTracesTheReasonIsGiven() {
        String reason = Engine.get().missingFeatures().get(TorchBinding.PROFILER);
        assumeTrue(reason != null, "this choice has traces");
        Path file = directory.resolve("trace.json");
        Cli cli = Cli.run("trace", archive("mlp.pt"), "--shape", "3x64", "--out", file);
        assertThat(cli.code()).isOne();
        assertThat(cli.err()).contains(reason);
        assertThat(file).doesNotExist();
    }
}
