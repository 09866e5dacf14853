package dev.wick;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatCode;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.junit.jupiter.api.Assumptions.assumeFalse;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import dev.wick.binding.TorchBinding;
import dev.wick.binding.TraceDetail;
import dev.wick.binding.TraceEvent;
import dev.wick.binding.TraceEvent.Kind;
import dev.wick.error.BadArgumentException;
import dev.wick.error.TorchException;
import dev.wick.error.UnsupportedFeatureException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Set;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.stream.Collectors;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class TraceTest extends WickCase {

    @TempDir
    Path directory;

    private static void assumeTraces() {
        assumeFeature(TorchBinding.PROFILER);
    }

    private static List<TraceEvent> named(List<TraceEvent> events, Kind kind, String name) {
        return events.stream().filter(event -> event.kind() == kind && event.name().equals(name)).toList();
    }

    private static void multiply() {
        try (Tensor a = Tensor.zeros(DType.FLOAT32, 4, 4); Tensor product = Operator.call("aten::mm", a, a).tensor()) {
            assertThat(product.shape()).containsExactly(4, 4);
        }
    }

    private static void awaitUninterruptibly(CountDownLatch latch) {
        try {
            latch.await();
        } catch (InterruptedException e) {
            throw new AssertionError(e);
        }
    }

    @Test
    void whereThereAreNoTracesTheReasonIsGiven() {
        String reason = Engine.get().missingFeatures().get(TorchBinding.PROFILER);
        assumeTrue(reason != null, "this choice has traces");
        assertThatThrownBy(Trace::start).isInstanceOf(UnsupportedFeatureException.class).hasMessage(reason);
        assertThat(reason).containsAnyOf("panama", "2.8");
        // Code that marks ranges runs all the same.
        try (Trace.Range _ = Trace.range("nothing")) {
            multiply();
        }
    }

    @Test
    void everyThreadsWorkIsInIt() throws Exception {
        assumeTraces();
        int platform = 3;
        int virtual = 20;
        CountDownLatch started = new CountDownLatch(1);
        Thread early = Thread.ofPlatform().daemon().start(() -> {
            awaitUninterruptibly(started);
            try (Trace.Range _ = Trace.range("early")) {
                multiply();
            }
        });
        try (Trace trace = Trace.start()) {
            started.countDown();
            early.join();
            List<Thread> threads = new ArrayList<>();
            for (int i = 0; i < platform + virtual; i++) {
                String name = (i < platform ? "platform " : "virtual ") + i;
                Runnable work = () -> {
                    try (Trace.Range _ = Trace.range(name)) {
                        multiply();
                        Thread.yield();
                        multiply();
                    }
                };
                threads.add(i < platform ? Thread.ofPlatform().start(work) : Thread.startVirtualThread(work));
            }
            for (Thread thread : threads) {
                thread.join();
            }
            List<TraceEvent> events = trace.events();
            assertThat(named(events, Kind.OPERATOR, "aten::mm")).hasSize(1 + 2 * (platform + virtual));
            Set<String> ranges = events.stream().filter(event -> event.kind() == Kind.RANGE).map(TraceEvent::name)
                    .collect(Collectors.toSet());
            assertThat(ranges).hasSize(1 + platform + virtual).contains("early", "platform 0", "virtual 22");
            // Each platform thread by itself; virtual ones on their carriers.
            Set<Long> platformThreads = events.stream()
                    .filter(event -> event.kind() == Kind.RANGE && event.name().startsWith("platform"))
                    .map(TraceEvent::thread).collect(Collectors.toSet());
            assertThat(platformThreads).hasSize(platform);
            assertThat(trace.summary().threads()).isGreaterThan(platform);
            assertThat(trace.summary().operators()).filteredOn(entry -> entry.name().equals("aten::mm"))
                    .singleElement().satisfies(entry -> {
                        assertThat(entry.calls()).isEqualTo(1 + 2 * (platform + virtual));
                        assertThat(entry.cpuNanos()).isPositive().isGreaterThanOrEqualTo(entry.selfCpuNanos());
                    });
        }
    }

    @Test
    void aMethodIsShownWithItsOperatorsInside() {
        assumeTraces();
        try (TorchScriptModel model = load("mlp.pt"); Tensor x = Npy.floats("mlp.forward.input.0.npy");
                Trace trace = Trace.start()) {
            for (int i = 0; i < 3; i++) {
                model.forward(x).close();
            }
            TraceSummary summary = trace.summary();
            TraceSummary.Entry forward = summary.entries().stream()
                    .filter(entry -> entry.kind() == Kind.FUNCTION && entry.name().equals("forward")).findFirst()
                    .orElseThrow();
            assertThat(forward.calls()).isEqualTo(3);
            assertThat(summary.operators()).extracting(TraceSummary.Entry::name).contains("aten::linear");
            assertThat(summary.wallNanos()).isGreaterThanOrEqualTo(forward.cpuNanos());
            assertThat(forward.cpuNanos()).isGreaterThan(forward.selfCpuNanos());
            assertThat(summary.gpuBusyNanos()).isZero();
        }
    }

    @Test
    void oneAtATime() {
        assumeTraces();
        try (Trace trace = Trace.start()) {
            assertThatThrownBy(Trace::start).isInstanceOf(BadArgumentException.class)
                    .hasMessageContaining("a trace runs already");
            multiply();
            assertThat(named(trace.events(), Kind.OPERATOR, "aten::mm")).hasSize(1);
            // It has stopped, so the next one may begin before it is closed.
            try (Trace next = Trace.start()) {
                multiply();
                assertThat(next.events()).isNotEmpty();
            }
        }
    }

    @Test
    void stoppingAndClosingTwiceIsNothing() {
        assumeTraces();
        Trace trace = Trace.start();
        multiply();
        trace.stop();
        trace.stop();
        List<TraceEvent> events = trace.events();
        trace.close();
        trace.close();
        trace.stop();
        assertThatThrownBy(trace::events).isInstanceOf(IllegalStateException.class).hasMessageContaining("closed");
        assertThatThrownBy(() -> trace.writeTo(directory.resolve("a.json"))).isInstanceOf(IllegalStateException.class);
        assertThat(events).isNotEmpty();
        assertThat(events.getFirst().name()).isNotEmpty();
    }

    @Test
    void anEmptyTraceIsAnError() {
        assumeTraces();
        try (Trace trace = Trace.start()) {
            assertThatThrownBy(trace::events).isInstanceOf(TorchException.class).hasMessageContaining("empty");
            assertThatThrownBy(trace::summary).isInstanceOf(IllegalStateException.class).hasMessageContaining("empty");
        }
        // Given up unread, it is none.
        assertThatCode(() -> Trace.start().close()).doesNotThrowAnyException();
        Path file = directory.resolve("empty.json");
        Trace wanted = Trace.start(file);
        assertThatThrownBy(wanted::close).isInstanceOf(TorchException.class).hasMessageContaining("empty");
        assertThat(file).doesNotExist();
    }

    @Test
    void theFileIsWrittenWholeOrNotAtAll() throws Exception {
        assumeTraces();
        Path file = directory.resolve("träce.json");
        Files.writeString(file, "older");
        try (Trace trace = Trace.start(TraceDetail.SHAPES, TraceDetail.STACKS)) {
            multiply();
            assertThatThrownBy(() -> trace.writeTo(directory)).isInstanceOf(BadArgumentException.class)
                    .hasMessageContaining("is a directory");
            assertThatThrownBy(() -> trace.writeTo(directory.resolve("none/a.json")))
                    .isInstanceOf(BadArgumentException.class).hasMessageContaining("there is no directory");
            assertThat(file).hasContent("older");
            trace.writeTo(file);
            assertThat(Files.readString(file)).contains("\"traceEvents\"", "aten::mm", "Input Dims");
            assertThatThrownBy(() -> trace.writeTo(file)).isInstanceOf(BadArgumentException.class)
                    .hasMessageContaining("written already");
            assertThat(Files.readString(file)).contains("aten::mm");
        }
        try (Stream<Path> files = Files.list(directory)) {
            assertThat(files).containsExactly(file);
        }
    }

    @Test
    void aFileNamedAtTheStartIsCheckedThenAndWrittenAtTheEnd() throws Exception {
        assumeTraces();
        assertThatThrownBy(() -> Trace.start(directory.resolve("none/a.json"))).isInstanceOf(BadArgumentException.class)
                .hasMessageContaining("there is no directory");
        assertThatThrownBy(() -> Trace.start(directory)).isInstanceOf(BadArgumentException.class);
        assertThatThrownBy(() -> Trace.start(Path.of("/dev/null"))).isInstanceOf(BadArgumentException.class)
                .hasMessageContaining("no regular file");
        Path file = directory.resolve("a.json");
        try (Trace trace = Trace.start(file)) {
            multiply();
            assertThat(trace.recordsCuda()).isEqualTo(!Engine.get().cudaDevices().isEmpty());
        }
        assertThat(Files.readString(file)).contains("aten::mm");
    }

    @Test
    void allocationsOnRequest() {
        assumeTraces();
        for (boolean wanted : new boolean[] {false, true}) {
            try (Trace trace = wanted ? Trace.start(TraceDetail.MEMORY) : Trace.start()) {
                Tensor.empty(DType.FLOAT32, 1000).close();
                multiply();
                long allocated = trace.events().stream()
                        .filter(event -> event.kind() == Kind.ALLOCATION && event.bytes() == 4000).count();
                long freed = trace.events().stream()
                        .filter(event -> event.kind() == Kind.ALLOCATION && event.bytes() == -4000).count();
                assertThat(allocated).isEqualTo(wanted ? 1 : 0);
                assertThat(freed).isEqualTo(wanted ? 1 : 0);
            }
        }
    }

    @Test
    void rangesOutliveTheirTrace() {
        assumeTraces();
        Trace.Range open;
        try (Trace trace = Trace.start()) {
            open = Trace.range("open");
            multiply();
            assertThat(named(trace.events(), Kind.RANGE, "open")).singleElement()
                    .satisfies(range -> assertThat(range.durationNanos()).isPositive());
        }
        try (Trace trace = Trace.start()) {
            multiply();
            open.close();
            open.close();
            assertThat(named(trace.events(), Kind.RANGE, "open")).isEmpty();
        }
    }

    /** What is in flight at a stop must be whole, and must not reach into the next trace. */
    @Test
    void tracesWhileOtherThreadsWork() throws Exception {
        assumeTraces();
        AtomicBoolean done = new AtomicBoolean();
        try (TorchScriptModel model = load("mlp.pt"); Tensor x = Npy.floats("mlp.forward.input.0.npy");
                var workers = Executors.newVirtualThreadPerTaskExecutor()) {
            List<Future<?>> work = new ArrayList<>();
            for (int i = 0; i < 4; i++) {
                work.add(workers.submit(() -> {
                    while (!done.get()) {
                        try (Trace.Range _ = Trace.range("iteration")) {
                            model.forward(x).close();
                        }
                    }
                }));
            }
            try {
                for (int i = 0; i < 50; i++) {
                    try (Trace trace = Trace.start(TraceDetail.MEMORY)) {
                        model.forward(x).close();
                        List<TraceEvent> events = trace.events();
                        assertThat(named(events, Kind.FUNCTION, "forward")).isNotEmpty()
                                .allSatisfy(call -> assertThat(call.durationNanos()).isPositive());
                    }
                }
            } finally {
                done.set(true);
            }
            for (Future<?> each : work) {
                each.get();
            }
        }
    }

    @Test
    void nvtxRunsEverywhere() {
        assertThat(Nvtx.isAvailable()).isEqualTo(!Engine.get().missingFeatures().containsKey(TorchBinding.CUDA));
        Nvtx.mark("here");
        Nvtx.Range outer = Nvtx.range("outer");
        try (Nvtx.Range _ = Nvtx.range("inner")) {
            multiply();
        }
        outer.close();
        outer.close();
        assertThatThrownBy(() -> Nvtx.range(null)).isInstanceOf(NullPointerException.class);
    }

    @Test
    void aRangeCostsNextToNothingWithoutATrace() {
        assumeFalse(Engine.get().missingFeatures().containsKey(TorchBinding.PROFILER), "no ranges here");
        long live = Engine.get().liveHandles();
        Trace.Range first = Trace.range("first");
        Trace.Range second = Trace.range("second");
        assertThat(first).isSameAs(second);
        assertThat(Engine.get().liveHandles()).isEqualTo(live);
        assertThatThrownBy(() -> Trace.range(null)).isInstanceOf(NullPointerException.class);
    }
}
