package dev.wick.memory;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.wick.DType;
import dev.wick.Device;
import dev.wick.DeviceMemory;
import dev.wick.Engine;
import dev.wick.MemoryProfile;
import dev.wick.Model;
import dev.wick.Runner;
import dev.wick.Tensor;
import dev.wick.TensorScope;
import dev.wick.TorchScriptModel;
import dev.wick.WickCase;
import dev.wick.binding.DeviceStats;
import dev.wick.error.BadArgumentException;
import dev.wick.error.UnsupportedFeatureException;
import java.lang.foreign.MemoryLayout;
import java.util.ArrayList;
import java.util.List;
import java.util.Objects;
import java.util.Random;
import java.util.concurrent.atomic.AtomicReference;
import java.util.stream.LongStream;
import org.junit.jupiter.api.Assumptions;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;

/** In a package of its own, so that the frames of the tests are those of a user. */
class MemoryProfileTest extends WickCase {

    @BeforeEach
    void requireRecording() {
        assumeFeature("memory");
    }

    private static TorchScriptModel model() {
        return load("classifier.pt");
    }

    private static DeviceStats.Stat allocatedBytes() {
        return DeviceMemory.of(Device.CPU).stats().allocatedBytes().all();
    }

    private static long sum(MemoryTimeline timeline) {
        long bytes = timeline.unrecordedBytes();
        for (long i = 0; i < timeline.size(); i++) {
            bytes += switch (timeline.action(i)) {
                case ALLOC -> timeline.bytes(i);
                case FREE_COMPLETED -> -timeline.bytes(i);
                default -> 0;
            };
        }
        return bytes;
    }

    private static List<MemoryContext> allocating(MemoryTimeline timeline) {
        return LongStream.range(0, timeline.size()).filter(i -> timeline.action(i) == MemoryAction.ALLOC)
                .mapToObj(timeline::context).toList();
    }

    @Test
    void bytesAreThoseOfTensors() {
        try (MemoryProfile profile = MemoryProfile.record(Device.CPU)) {
            long baseline = allocatedBytes().current();
            assertThat(profile.baselineBytes()).isEqualTo(baseline);
            try (Tensor _ = Tensor.empty(DType.FLOAT32, 10, 25)) {
                assertThat(profile.currentBytes()).isEqualTo(baseline + 1000);
            }
            MemoryTimeline timeline = profile.stop();
            assertThat(timeline.size()).isEqualTo(2);
            assertThat(timeline.action(0)).isEqualTo(MemoryAction.ALLOC);
            assertThat(timeline.action(1)).isEqualTo(MemoryAction.FREE_COMPLETED);
            assertThat(timeline.bytes(1)).isEqualTo(1000);
            assertThat(timeline.allocation(1)).isZero();
            assertThat(timeline.baselineBytes()).isEqualTo(baseline);
            assertThat(profile.peakBytes()).isEqualTo(baseline + 1000);
            assertThat(profile.timeline()).isSameAs(timeline);
        }
    }

    @Test
    void randomProgramsAddUp() {
        Random random = new Random(5);
        for (int round = 0; round < 30; round++) {
            List<Tensor> held = new ArrayList<>();
            for (int i = 0; i < 5; i++) {
                held.add(Tensor.empty(DType.UINT8, 1 + random.nextInt(1000)));
            }
            DeviceMemory.resetPeaks(Device.CPU);
            try (MemoryProfile profile = MemoryProfile.builder(Device.CPU).stacks(round % 2 == 0).start()) {
                for (int step = 0; step < 300; step++) {
                    if (random.nextBoolean() || held.isEmpty()) {
                        held.add(Tensor.empty(DType.UINT8, 1 + random.nextInt(100_000)));
                    } else {
                        held.remove(random.nextInt(held.size())).close();
                    }
                    if (step % 100 == 0) {
                        assertThat(sum(profile.timeline())).isEqualTo(allocatedBytes().current());
                    }
                }
                MemoryTimeline timeline = profile.stop();
                assertThat(sum(timeline)).isEqualTo(profile.currentBytes())
                        .isEqualTo(allocatedBytes().current());
                assertThat(profile.peakBytes()).isEqualTo(allocatedBytes().peak());
            }
            held.forEach(Tensor::close);
        }
    }

    @Test
    void javaFramesAreThoseOfTheCaller() {
        try (Model model = model(); Tensor x = Tensor.zeros(DType.FLOAT32, 1, 3, 32, 32);
                MemoryProfile profile = MemoryProfile.builder(Device.CPU).stacks(true).start();
                TensorScope _ = TensorScope.open()) {
            callFromHere(model, x);
            List<MemoryContext> contexts = allocating(profile.stop());
            assertThat(contexts).isNotEmpty().allSatisfy(context -> {
                assertThat(context.java().getFirst().function()).endsWith("MemoryProfileTest.callFromHere");
                assertThat(context.java().getFirst().file()).isEqualTo("MemoryProfileTest.java");
                assertThat(context.java().get(1).function()).endsWith(".javaFramesAreThoseOfTheCaller");
            });
            assertThat(contexts).anySatisfy(context -> {
                assertThat(context.operator()).startsWith("aten::");
                assertThat(context.module()).isEqualTo("layer1.conv1");
                assertThat(context.torchScript().getFirst().line()).isPositive();
            });
        }
    }

    private static void callFromHere(Model model, Tensor x) {
        model.forward(x);
    }

    @Test
    void aRunnerAndALoadHaveFramesToo() {
        try (MemoryProfile profile = MemoryProfile.builder(Device.CPU).stacks(true).start();
                TorchScriptModel model = model();
                Runner runner = Runner.of(model, "forward").input(DType.FLOAT32, 1, 3, 32, 32).build()) {
            profile.mark("ready");
            runner.run();
            MemoryTimeline timeline = profile.stop();
            assertThat(allocating(timeline)).allSatisfy(context -> assertThat(context.java())
                    .anySatisfy(frame -> assertThat(frame.function()).endsWith(".aRunnerAndALoadHaveFramesToo")));
            assertThat(timeline.marks()).singleElement().satisfies(mark -> {
                assertThat(mark.name()).isEqualTo("ready");
                assertThat(mark.eventIndex()).isPositive().isLessThan(timeline.size());
                assertThat(mark.timeNanos()).isBetween(0L, timeline.durationNanos());
            });
        }
    }

    @Test
    void withoutStacksThereAreOperatorsAndTags() {
        try (Model model = model(); Tensor x = Tensor.zeros(DType.FLOAT32, 1, 3, 32, 32);
                MemoryProfile profile = MemoryProfile.record(Device.CPU); TensorScope _ = TensorScope.open()) {
            try (MemoryProfile.Tag _ = profile.tag("outer")) {
                try (MemoryProfile.Tag _ = profile.tag("inner")) {
                    Tensor.zeros(DType.FLOAT32, 8);
                }
                model.forward(x);
            }
            Tensor.zeros(DType.FLOAT32, 9);
            List<MemoryContext> contexts = allocating(profile.stop());
            assertThat(contexts).allSatisfy(context -> {
                assertThat(context.java()).isEmpty();
                assertThat(context.torchScript()).isEmpty();
            });
            assertThat(contexts.getFirst().tag()).isEqualTo("inner");
            assertThat(contexts.get(1).tag()).isEqualTo("outer");
            assertThat(contexts.get(1).operator()).startsWith("aten::");
            assertThat(contexts.getLast().tag()).isNull();
        }
    }

    @Test
    void tagsAreTheThreadsOwnAndClosedInTurn() throws InterruptedException {
        try (MemoryProfile profile = MemoryProfile.record(Device.CPU)) {
            MemoryProfile.Tag outer = profile.tag("outer");
            MemoryProfile.Tag inner = profile.tag("inner");
            assertThatThrownBy(outer::close).isInstanceOf(IllegalStateException.class).hasMessageContaining("innermost");
            AtomicReference<Throwable> failure = new AtomicReference<>();
            Thread other = Thread.startVirtualThread(() -> {
                try (Tensor _ = Tensor.empty(DType.FLOAT32, 2)) {
                    inner.close();
                } catch (Throwable e) {
                    failure.set(e);
                }
            });
            other.join();
            assertThat(failure.get()).isInstanceOf(IllegalStateException.class);
            inner.close();
            inner.close();
            outer.close();
            assertThat(allocating(profile.stop())).extracting(MemoryContext::tag).containsOnlyNulls();
            assertThatThrownBy(() -> profile.tag(" ")).isInstanceOf(BadArgumentException.class);
        }
    }

    @Test
    void nestedProfilesSeeWhatHappensInTheirTime() {
        try (MemoryProfile outer = MemoryProfile.record(Device.CPU); TensorScope _ = TensorScope.open()) {
            Tensor.empty(DType.UINT8, 100);
            try (MemoryProfile inner = MemoryProfile.record(Device.CPU)) {
                Tensor.empty(DType.UINT8, 200);
                assertThat(inner.stop().size()).isOne();
                assertThat(inner.baselineBytes()).isEqualTo(outer.baselineBytes() + 100);
            }
            Tensor.empty(DType.UINT8, 300);
            assertThat(outer.stop().size()).isEqualTo(3);
        }
    }

    @Test
    void allThreadsAreRecorded() throws InterruptedException {
        try (MemoryProfile profile = MemoryProfile.builder(Device.CPU).stacks(true).start()) {
            List<Thread> threads = new ArrayList<>();
            for (int t = 0; t < 4; t++) {
                int number = t;
                threads.add(Thread.ofVirtual().start(() -> {
                    try (MemoryProfile.Tag _ = profile.tag("thread " + number)) {
                        for (int i = 0; i < 100; i++) {
                            try (Tensor _ = Tensor.zeros(DType.FLOAT32, 100 + number)) {
                                Thread.yield();
                            }
                        }
                    }
                }));
            }
            for (Thread thread : threads) {
                thread.join();
            }
            MemoryTimeline timeline = profile.stop();
            assertThat(sum(timeline)).isEqualTo(profile.baselineBytes());
            for (int t = 0; t < 4; t++) {
                long bytes = 4L * (100 + t);
                String tag = "thread " + t;
                assertThat(LongStream.range(0, timeline.size())
                        .filter(i -> timeline.action(i) == MemoryAction.ALLOC && timeline.bytes(i) == bytes)
                        .mapToObj(i -> timeline.context(i).tag()).toList()).hasSize(100).containsOnly(tag);
            }
        }
    }

    @Test
    void eventsThatDoNotFitAreCounted() {
        try (MemoryProfile profile = MemoryProfile.builder(Device.CPU).capacity(10).start()) {
            for (int i = 0; i < 100; i++) {
                try (Tensor _ = Tensor.empty(DType.UINT8, 10)) {
                    Objects.requireNonNull(profile);
                }
            }
            MemoryTimeline timeline = profile.stop();
            assertThat(timeline.size()).isEqualTo(10);
            assertThat(timeline.dropped()).isEqualTo(190);
            assertThat(profile.droppedEvents()).isEqualTo(190);
            assertThat(sum(timeline)).isEqualTo(profile.currentBytes());
        }
    }

    @Test
    void misuseIsRefused() {
        MemoryProfile profile = MemoryProfile.record(Device.CPU);
        profile.stop();
        assertThatThrownBy(profile::stop).isInstanceOf(IllegalStateException.class).hasMessageContaining("stopped");
        assertThatThrownBy(() -> profile.mark("late")).isInstanceOf(IllegalStateException.class);
        MemoryTimeline timeline = profile.timeline();
        profile.close();
        profile.close();
        assertThat(timeline.size()).isZero();
        assertThat(profile.timeline()).isSameAs(timeline);
        assertThatThrownBy(profile::currentBytes).isInstanceOf(IllegalStateException.class);
        assertThatThrownBy(() -> profile.tag("late")).isInstanceOf(IllegalStateException.class);
        assertThatThrownBy(() -> MemoryProfile.builder(Device.CPU).capacity(0)).isInstanceOf(BadArgumentException.class);
        assertThatThrownBy(() -> MemoryProfile.builder(Device.CPU).capacity(Long.MAX_VALUE).start())
                .isInstanceOf(BadArgumentException.class).hasMessageContaining("capacity");
        MemoryProfile unstopped = MemoryProfile.record(Device.CPU);
        unstopped.close();
        assertThatThrownBy(unstopped::stop).isInstanceOf(IllegalStateException.class).hasMessageContaining("closed");
        assertThatThrownBy(unstopped::timeline).isInstanceOf(IllegalStateException.class);
    }

    @Test
    void aDeviceThatIsNotThereIsRefused() {
        Assumptions.assumeTrue(Engine.get().cudaDevices().isEmpty());
        assertThatThrownBy(() -> MemoryProfile.record(Device.cuda(0))).isInstanceOf(UnsupportedFeatureException.class);
    }

    @Test
    void theLayoutIsThatOfTheShim() {
        // The bindings hand over native structs as they are.
        assertThat(MemoryTimeline.EVENT.byteSize()).isEqualTo(64);
        assertThat(MemoryTimeline.EVENT.byteOffset(MemoryLayout.PathElement.groupElement("thread"))).isEqualTo(60);
    }
}
