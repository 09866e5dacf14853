package dev.wick.jmh;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.junit.jupiter.api.Assumptions.assumeFalse;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import dev.wick.TraceSummary;
import dev.wick.binding.NativesRequest;
import dev.wick.binding.TraceEvent;
import dev.wick.binding.TraceEvent.Kind;
import dev.wick.binding.contract.NativesAtHand;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.ServiceLoader;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.openjdk.jmh.profile.Profiler;
import org.openjdk.jmh.profile.ProfilerException;
import org.openjdk.jmh.results.Result;
import org.openjdk.jmh.results.format.ResultFormatType;
import org.openjdk.jmh.runner.Runner;
import org.openjdk.jmh.runner.RunnerException;
import org.openjdk.jmh.runner.options.OptionsBuilder;
import org.openjdk.jmh.runner.options.TimeValue;
import org.openjdk.jmh.runner.options.VerboseMode;

/** The profilers in JMH itself, in its forks; figures are read from its JSON. */
class ProfilersTest {
    private static final int ITERATIONS = 3;

    @TempDir
    private Path directory;

    /** Skips the test where they are missing. */
    private final NativesRequest natives = NativesAtHand.request();

    private JsonNode run(Class<? extends Profiler> profiler, String benchmark, int threads) throws Exception {
        Path json = directory.resolve("result.json");
        List<String> arguments = new ArrayList<>(List.of("--enable-native-access=ALL-UNNAMED", "-Xmx512m",
                "-XX:ErrorFile=target/hs_err_pid%p.log"));
        System.getProperties().stringPropertyNames().stream().filter(name -> name.startsWith("wick."))
                .forEach(name -> arguments.add("-D" + name + "=" + System.getProperty(name)));
        new Runner(new OptionsBuilder().include("AllocationBenchmark." + benchmark + "$").addProfiler(profiler)
                .forks(1).threads(threads).warmupIterations(1).warmupTime(TimeValue.milliseconds(100))
                .measurementIterations(ITERATIONS).measurementTime(TimeValue.milliseconds(100))
                .jvmArgs(arguments.toArray(String[]::new)).shouldFailOnError(true).verbosity(VerboseMode.SILENT)
                .resultFormat(ResultFormatType.JSON).result(json.toString()).build()).run();
        JsonNode results = new ObjectMapper().readTree(json.toFile());
        assertThat(results).hasSize(1);
        return results.get(0).get("secondaryMetrics");
    }

    private static double score(JsonNode metrics, String name, String unit) {
        assertThat(metrics.has(name)).as(name + " in " + metrics).isTrue();
        assertThat(metrics.get(name).get("scoreUnit").asText()).isEqualTo(unit);
        // The last iteration's net has the trial's end in it.
        int iterations = name.endsWith(".net.norm") ? ITERATIONS - 1 : ITERATIONS;
        assertThat(metrics.get(name).get("rawData").get(0)).hasSize(iterations);
        return metrics.get(name).get("score").asDouble();
    }

    private static void assumeCounted() {
        assumeFalse("javacpp".equals(System.getProperty("wick.calls")), "javacpp cannot count LibTorch's memory");
    }

    @Test
    void whatIsAllocatedAndFreedIsCountedToTheByte() throws Exception {
        assumeCounted();
        JsonNode metrics = run(NativeMemoryProfiler.class, "allocatesAndFrees", 1);
        assertThat(score(metrics, "native.alloc.norm", "B/op")).isEqualTo(4600);
        assertThat(score(metrics, "native.allocs.norm", "#/op")).isEqualTo(2);
        assertThat(score(metrics, "native.net.norm", "B/op")).isZero();
        assertThat(score(metrics, "native.peak", "B")).isEqualTo(AllocationBenchmark.HELD_BYTES + 4600);
        assertThat(score(metrics, "native.peak.above", "B")).isEqualTo(4600);
    }

    @Test
    void severalThreadsAreMerged() throws Exception {
        assumeCounted();
        JsonNode metrics = run(NativeMemoryProfiler.class, "allocatesAndFrees", 3);
        assertThat(score(metrics, "native.alloc.norm", "B/op")).isEqualTo(4600);
        assertThat(score(metrics, "native.allocs.norm", "#/op")).isEqualTo(2);
        assertThat(score(metrics, "native.net.norm", "B/op")).isZero();
        // At least one thread's at once, at most that of all.
        assertThat(score(metrics, "native.peak.above", "B")).isBetween(4600.0, 3 * 4600.0);
    }

    @Test
    void whatIsKeptIsTheNet() throws Exception {
        assumeCounted();
        JsonNode metrics = run(NativeMemoryProfiler.class, "keeps", 1);
        assertThat(score(metrics, "native.alloc.norm", "B/op")).isEqualTo(4000);
        assertThat(score(metrics, "native.allocs.norm", "#/op")).isEqualTo(0.5);
        assertThat(score(metrics, "native.net.norm", "B/op")).isEqualTo(4000);
        // Of all iterations the largest: each begins with what those before it kept.
        JsonNode raw = metrics.get("native.peak").get("rawData").get(0);
        assertThat(metrics.get("native.peak").get("score").asDouble()).isEqualTo(raw.get(ITERATIONS - 1).asDouble());
        assertThat(raw.get(0).asDouble()).isLessThan(raw.get(ITERATIONS - 1).asDouble());
    }

    @Test
    void nothingIsNothing() throws Exception {
        assumeCounted();
        JsonNode metrics = run(NativeMemoryProfiler.class, "looks", 2);
        assertThat(score(metrics, "native.alloc.norm", "B/op")).isZero();
        assertThat(score(metrics, "native.allocs.norm", "#/op")).isZero();
        assertThat(score(metrics, "native.peak", "B")).isEqualTo(AllocationBenchmark.HELD_BYTES);
        assertThat(score(metrics, "native.peak.above", "B")).isZero();
        assertThat(metrics.fieldNames()).toIterable().noneMatch(name -> name.startsWith("cuda"));
    }

    @Test
    void whereMemoryIsNotCountedTheRunFails() {
        assumeTrue("javacpp".equals(System.getProperty("wick.calls")), "this choice counts");
        assertThatThrownBy(() -> run(NativeMemoryProfiler.class, "looks", 1)).isInstanceOf(RunnerException.class);
    }

    @Test
    void withoutAnNvidiaDeviceNothingIsStarted() {
        assumeFalse(Files.exists(Path.of("/dev/nvidiactl")) || Files.exists(Path.of("/dev/dxg")), "there is a device");
        assertThatThrownBy(() -> run(GpuBusyProfiler.class, "looks", 1)).hasCauseInstanceOf(ProfilerException.class)
                .hasStackTraceContaining("no NVIDIA device");
    }

    @Test
    void optionsAreRefused() {
        assertThatThrownBy(() -> new NativeMemoryProfiler("device=0")).isInstanceOf(ProfilerException.class)
                .hasMessageContaining("takes no options, got 'device=0'");
        assertThatThrownBy(() -> new GpuBusyProfiler("x")).isInstanceOf(ProfilerException.class)
                .hasMessageContaining("takes no options");
    }

    /** JMH's -lprof lists them. */
    @Test
    void theyAreFoundAsServices() {
        assertThat(ServiceLoader.load(Profiler.class).stream().map(ServiceLoader.Provider::type).toList())
                .contains(NativeMemoryProfiler.class, GpuBusyProfiler.class);
        assertThat(ServiceLoader.load(Profiler.class)).extracting(Profiler::getDescription)
                .allSatisfy(text -> assertThat(text).isNotBlank());
    }

    @Test
    void busyTimeIsPerOperation() {
        List<TraceEvent> events = List.of(device(Kind.KERNEL, 0, 0, 100), device(Kind.COPY, 0, 50, 150),
                device(Kind.KERNEL, 0, 350, 400));
        List<? extends Result<?>> results = GpuBusyProfiler.results(TraceSummary.of(events), 10);
        assertThat(results).extracting(Result::getLabel).containsExactly("gpu.busy.norm", "gpu.activities.norm",
                "gpu.busy.share");
        assertThat(results).extracting(Result::getScore).containsExactly(20.0, 0.3, 50.0);
        assertThat(results).extracting(Result::getScoreUnit).containsExactly("ns/op", "#/op", "%");
    }

    private static TraceEvent device(Kind kind, int device, long start, long end) {
        return new TraceEvent(kind, kind.name(), device, 0, 0, start, end - start, 0, 0, 0);
    }
}
