package dev.wick;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import dev.wick.binding.TorchBinding;
import dev.wick.error.DeviceOutOfMemoryException;
import java.io.ByteArrayInputStream;
import java.io.IOException;
import java.lang.management.ManagementFactory;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import jdk.jfr.DataAmount;
import jdk.jfr.FlightRecorder;
import jdk.jfr.Timespan;
import jdk.jfr.ValueDescriptor;
import jdk.jfr.consumer.RecordedEvent;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** What the JVM's flight recorder sees of Wick on a CPU. */
class FlightRecorderTest extends WickCase {

    @TempDir
    private Path directory;

    private Path file() {
        return directory.resolve("wick.jfr");
    }

    private static Runner runner(TorchScriptModel model) {
        return Runner.of(model, "forward").input(DType.FLOAT32, 2, 64).optimize(Optimization.NONE).build();
    }

    @Test
    void aRunIsAnEventWithItsCaller() throws IOException {
        try (TorchScriptModel model = load("mlp.pt"); Runner runner = runner(model)) {
            runner.run();
            Recorded recorded = Recorded.of(file(), () -> {
                runner.run();
                runner.run();
            });
            runner.run();
            assertThat(recorded.of("RunnerRun")).hasSize(2).allSatisfy(event -> {
                assertThat(event.getString("method")).isEqualTo("forward");
                assertThat(event.getString("device")).isEqualTo("cpu");
                assertThat(event.getBoolean("graph")).isFalse();
                assertThat(event.getBoolean("awaited")).isTrue();
                assertThat(event.getLong("inputBytes")).isEqualTo(2 * 64 * 4);
                assertThat(event.getLong("outputBytes")).isEqualTo(runner.output(0).byteSize());
                assertThat(event.getDuration()).isPositive().isLessThan(Duration.ofSeconds(10));
                Recorded.assertCalledBy(event, Runner.class, "run", FlightRecorderTest.class);
            });
            assertThat(recorded.of("RunnerRun").getFirst().getStackTrace().getFrames().get(1).getMethod().getType()
                    .getName()).isEqualTo(FlightRecorderTest.class.getName());
            assertThat(recorded.of("MethodCall")).isEmpty();
            assertThat(recorded.of("Copy")).as("between host and host").isEmpty();
        }
    }

    @Test
    void aCallIsAnEventWithItsCaller() throws IOException {
        try (TorchScriptModel model = load("mlp.pt"); Tensor input = Tensor.zeros(DType.FLOAT32, 2, 64)) {
            Recorded recorded = Recorded.of(file(), () -> {
                model.forward(input).close();
                assertThatThrownBy(() -> model.forward(input, input)).isInstanceOf(RuntimeException.class);
            });
            RecordedEvent event = recorded.one("MethodCall");
            assertThat(event.getString("method")).isEqualTo("forward");
            assertThat(event.getInt("arguments")).isEqualTo(1);
            Recorded.assertCalledBy(event, TorchScriptModel.class, "call", FlightRecorderTest.class);
        }
    }

    @Test
    void everyWayOfLoadingIsAnEvent() throws IOException {
        byte[] archive = resource("mlp.pt");
        Path path = Files.write(directory.resolve("mlp.pt"), archive);
        Recorded recorded = Recorded.of(file(), () -> {
            Model.load(path).close();
            load(archive).close();
            Model.load(new ByteArrayInputStream(archive), Device.CPU).close();
        });
        assertThat(recorded.of("ModelLoad")).extracting(event -> event.getString("source"))
                .containsExactly(path.toString(), "in memory", "from a stream");
        assertThat(recorded.of("ModelLoad")).allSatisfy(event -> {
            assertThat(event.getLong("archiveBytes")).isEqualTo(archive.length);
            assertThat(event.getString("device")).isEqualTo("cpu");
            Recorded.assertCalledBy(event, TorchScriptModel.class, "load", FlightRecorderTest.class);
        });
    }

    @Test
    void whatIsRefusedIsAnEventWithItsFigures() throws IOException {
        assumeFeature(TorchBinding.MEMORY);
        long used = DeviceMemory.of(Device.CPU).allocatedBytes().current();
        DeviceMemory.setCpuLimit(used + 1000);
        Recorded recorded;
        try {
            recorded = Recorded.of(file(), () -> assertThatThrownBy(() -> Tensor.empty(DType.INT8, 5000))
                    .isInstanceOf(DeviceOutOfMemoryException.class).hasNoSuppressedExceptions());
        } finally {
            DeviceMemory.setCpuLimit(0);
        }
        RecordedEvent event = recorded.one("OutOfMemory");
        assertThat(event.getString("device")).isEqualTo("cpu");
        assertThat(event.getLong("requestedBytes")).isEqualTo(5000);
        assertThat(event.getLong("allocatedBytes")).isEqualTo(used);
        assertThat(event.getLong("limitBytes")).isEqualTo(used + 1000);
        assertThat(event.getLong("reservedBytes")).as("printed as N/A").isEqualTo(Long.MIN_VALUE);
        assertThat(event.getStackTrace().getFrames()).extracting(frame -> frame.getMethod().getName()).contains("empty");
    }

    @Test
    void theHostsMemoryIsTakenOnceAPeriod() throws IOException {
        try (Tensor _ = Tensor.empty(DType.FLOAT32, 1 << 20)) {
            Recorded recorded = Recorded.forASecond(file(), "HostMemory", () -> {
            });
            assertThat(recorded.of("HostMemory")).hasSizeGreaterThan(2);
            RecordedEvent event = recorded.of("HostMemory").getFirst();
            assertThat(event.getLong("liveHandles")).isPositive();
            assertThat(event.getStackTrace()).isNull();
            if (Engine.get().missingFeatures().containsKey(TorchBinding.MEMORY)) {
                assertThat(event.getLong("allocatedBytes")).isEqualTo(Long.MIN_VALUE);
            } else {
                assertThat(event.getLong("allocatedBytes"))
                        .isEqualTo(DeviceMemory.of(Device.CPU).allocatedBytes().current()).isGreaterThanOrEqualTo(4 << 20);
                assertThat(event.getLong("limitBytes")).isEqualTo(Long.MIN_VALUE);
            }
        }
    }

    /** A recording that does not want Wick's events costs a run nothing. */
    @Test
    void offInARecordingIsOff() throws IOException {
        try (TorchScriptModel model = load("tiny.pt");
                Runner runner = Runner.of(model, "forward").input(DType.FLOAT32, 1).build()) {
            boolean counts = Engine.get().calls().equals("panama");
            long[] allocated = new long[1];
            Recorded recorded = Recorded.of(file(), settings -> {
                settings.disable("dev.wick.RunnerRun");
                settings.disable("dev.wick.HostMemory");
            }, () -> allocated[0] = allocatedBy(runner, 50_000));
            assertThat(recorded.events()).isEmpty();
            assumeTrue(counts, "a run without garbage is promised for panama alone");
            assertThat(allocated[0] / 50_000.0).isLessThan(0.1);
        }
    }

    private static long allocatedBy(Runner runner, int runs) {
        com.sun.management.ThreadMXBean threads =
                (com.sun.management.ThreadMXBean) ManagementFactory.getThreadMXBean();
        for (int i = 0; i < runs; i++) {
            runner.run();
        }
        long before = threads.getCurrentThreadAllocatedBytes();
        for (int i = 0; i < runs; i++) {
            runner.run();
        }
        return threads.getCurrentThreadAllocatedBytes() - before;
    }

    /** Names, categories and units, as every tool shows them. */
    @Test
    void theEventsDescribeThemselves() throws IOException {
        Recorded.of(file(), () -> load("tiny.pt").close());
        var types = FlightRecorder.getFlightRecorder().getEventTypes().stream()
                .filter(type -> type.getName().startsWith("dev.wick.")).toList();
        assertThat(types).extracting(type -> type.getName()).contains("dev.wick.ModelLoad", "dev.wick.HostMemory",
                "dev.wick.DeviceMemory");
        assertThat(types).allSatisfy(type -> {
            assertThat(type.getLabel()).isNotBlank();
            assertThat(type.getDescription()).isNotBlank();
            assertThat(type.getCategoryNames()).containsExactly("Wick");
            for (ValueDescriptor field : type.getFields()) {
                assertThat(field.getLabel()).isNotBlank();
                if (field.getName().contains("Bytes")) {
                    assertThat(field.getAnnotation(DataAmount.class)).as(type + " " + field.getName()).isNotNull();
                    assertThat(field.getContentType()).isEqualTo(DataAmount.class.getName());
                }
            }
            assertThat(type.getField("duration").getContentType()).isEqualTo(Timespan.class.getName());
        });
    }

    @Test
    void jfrPrintShowsThem() throws Exception {
        Path tool = Path.of(System.getProperty("java.home"), "bin", "jfr");
        assumeTrue(Files.isExecutable(tool), "no " + tool);
        try (TorchScriptModel model = load("mlp.pt"); Runner runner = runner(model)) {
            Recorded.of(file(), runner::run);
        }
        Process print = new ProcessBuilder(List.of(tool.toString(), "print", "--events", "dev.wick.*",
                file().toString())).redirectErrorStream(true).start();
        String text = new String(print.getInputStream().readAllBytes());
        assertThat(print.waitFor()).as(text).isZero();
        assertThat(text).contains("dev.wick.RunnerRun {", "inputBytes = 512 bytes", "method = \"forward\"",
                "dev.wick.Runner.run()", "dev.wick.HostMemory {", "limitBytes = N/A");
    }

    /** The library starts nothing in its host by itself. */
    static final class Calling {
        public static void main(String[] arguments) {
            try {
                Tensor.empty(DType.INT8, 1L << 60).close();
            } catch (DeviceOutOfMemoryException e) {
                System.out.println("refused, recorder " + FlightRecorder.isInitialized());
            }
        }
    }

    @Test
    void theRecorderIsNotStartedByWick() throws Exception {
        assertThat(OwnProcess.run(Calling.class).output()).contains("refused, recorder false");
    }

    /** As an operator starts it: before Wick is there. */
    @Test
    void aRecordingFromTheCommandLineHasThem() throws Exception {
        OwnProcess process = OwnProcess.run(Calling.class, "-XX:StartFlightRecording=filename=" + file()
                + ",settings=default,dumponexit=true");
        assertThat(process.output()).contains("refused, recorder true");
        assertThat(jdk.jfr.consumer.RecordingFile.readAllEvents(file()))
                .anyMatch(event -> event.getEventType().getName().equals("dev.wick.OutOfMemory"));
    }
}
