package dev.wick.binding.panama;

import static org.assertj.core.api.Assertions.assertThat;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import dev.wick.binding.NvmlReport;
import java.io.InputStream;
import java.lang.foreign.FunctionDescriptor;
import java.lang.foreign.Linker;
import java.lang.foreign.SymbolLookup;
import java.lang.foreign.ValueLayout;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.OptionalLong;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** NVML's answers arrive as they are given: a library that stands in for it gives them. Needs a C compiler. */
class PanamaNvmlTest {
    private static final String UUID = "GPU-00010203-0405-0607-0809-0a0b0c0d0e0f";

    @TempDir
    private static Path directory;

    @BeforeAll
    static void loadStandIn() throws Exception {
        String compiler = System.getenv().getOrDefault("CXX", "g++");
        Path source = directory.resolve("nvml_stand_in.c");
        try (InputStream in = PanamaNvmlTest.class.getResourceAsStream("/nvml_stand_in.c")) {
            Files.copy(in, source);
        }
        Path library = directory.resolve("libnvidia-ml.so.1");
        int status = -1;
        try {
            // With -x c a C++ compiler is a C compiler; whoever opens the name that it is given here gets this library.
            status = new ProcessBuilder(compiler, "-x", "c", "-O1", "-shared", "-fPIC", "-Wl,-soname,libnvidia-ml.so.1",
                    "-o", library.toString(), source.toString()).inheritIO().start().waitFor();
        } catch (java.io.IOException e) {
            assumeTrue(System.getenv("CI") != null, "no " + compiler + " to compile NVML's stand-in with");
        }
        assertThat(status).as("compiling NVML's stand-in").isZero();
        System.load(library.toString());
    }

    @BeforeEach
    void twoProcesses() throws Throwable {
        processes(2, true);
    }

    private static void processes(int count, boolean permitted) throws Throwable {
        Linker.nativeLinker().downcallHandle(SymbolLookup.loaderLookup().findOrThrow("wick_stand_in_processes"),
                FunctionDescriptor.ofVoid(ValueLayout.JAVA_INT, ValueLayout.JAVA_INT)).invokeExact(count,
                permitted ? 1 : 0);
    }

    @Test
    void aDevicesMemoryAndProcesses() throws Throwable {
        NvmlReport report = PanamaNvml.report(UUID);
        assertThat(report.obstacle()).isEmpty();
        assertThat(report.memory()).hasValue(new NvmlReport.Memory(1L << 40, 3L << 30, 1L << 39));
        assertThat(report.processes()).hasValue(List.of(new NvmlReport.Process(4_000_000_000L, OptionalLong.empty()),
                new NvmlReport.Process(4_000_000_001L, OptionalLong.of(1000))));
        PanamaNvml.report(UUID);
        assertThat((int) Linker.nativeLinker().downcallHandle(
                SymbolLookup.loaderLookup().findOrThrow("wick_stand_in_initialized"),
                FunctionDescriptor.of(ValueLayout.JAVA_INT)).invokeExact()).as("times it was initialised").isEqualTo(1);
    }

    @Test
    void moreProcessesThanThereWasRoomFor() throws Throwable {
        processes(200, true);
        // One more came between the two questions.
        assertThat(PanamaNvml.report(UUID).processes()).hasValueSatisfying(list -> assertThat(list).hasSize(201));
    }

    @Test
    void noProcesses() throws Throwable {
        processes(0, true);
        assertThat(PanamaNvml.report(UUID).processes()).hasValue(List.of());
    }

    @Test
    void whatMayNotBeKnownIsMissingWithTheReason() throws Throwable {
        processes(2, false);
        NvmlReport report = PanamaNvml.report(UUID);
        assertThat(report.memory()).isPresent();
        assertThat(report.processes()).isEmpty();
        assertThat(report.obstacle())
                .hasValue("NVML: nvmlDeviceGetComputeRunningProcesses_v3: Insufficient Permissions");
    }

    @Test
    void aDeviceThatNvmlDoesNotKnow() {
        NvmlReport report = PanamaNvml.report("GPU-ffffffff-0000-0000-0000-000000000000");
        assertThat(report.memory()).isEmpty();
        assertThat(report.processes()).isEmpty();
        assertThat(report.obstacle()).hasValueSatisfying(why -> assertThat(why).contains("GPU-ffffffff", "Not Found"));
    }
}
