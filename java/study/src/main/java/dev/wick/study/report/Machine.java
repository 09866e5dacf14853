package dev.wick.study.report;

import com.sun.management.OperatingSystemMXBean;
import dev.wick.Cuda;
import dev.wick.Device;
import dev.wick.Engine;
import dev.wick.binding.CudaDevice;
import dev.wick.binding.CudaNumerics;
import java.io.IOException;
import java.lang.management.ManagementFactory;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.LinkedHashMap;
import java.util.Map;

/** What a result was measured on; any thread. */
public final class Machine {
    private Machine() {
    }

    /** Processor, cores, memory, system and JVM, under the names they have in reports. */
    public static Map<String, Object> describe() {
        Map<String, Object> machine = new LinkedHashMap<>();
        machine.put("cpu", cpu());
        machine.put("cores", Runtime.getRuntime().availableProcessors());
        machine.put("memoryBytes", memoryBytes());
        machine.put("os", operatingSystem());
        machine.put("jvm", jvm());
        return machine;
    }

    /** The operating system. */
    public static String operatingSystem() {
        return System.getProperty("os.name") + " " + System.getProperty("os.version") + " "
                + System.getProperty("os.arch");
    }

    /** The Java virtual machine. */
    public static String jvm() {
        return System.getProperty("java.vm.name") + " " + Runtime.version() + " (" + System.getProperty("java.vendor")
                + ")";
    }

    /** The processor, by the name it gives itself. */
    public static String cpu() {
        try (var lines = Files.lines(Path.of("/proc/cpuinfo"))) {
            return lines.filter(line -> line.startsWith("model name"))
                    .map(line -> line.substring(line.indexOf(':') + 1).strip())
                    .findFirst().orElse(System.getProperty("os.arch"));
        } catch (IOException | java.io.UncheckedIOException e) {
            return System.getProperty("os.arch");
        }
    }

    /** A CUDA device, for a person. */
    public static String gpu(Device device) {
        return gpu(cudaDevice(device));
    }

    /** A CUDA device, for a person. */
    public static String gpu(CudaDevice device) {
        return device.name() + " (compute capability " + device.computeCapability() + ", "
                + device.multiprocessorCount() + " multiprocessors, " + Sizes.bytes(device.totalBytes()) + ")";
    }

    /** Whether TF32 is allowed, in matrix products and in convolutions. */
    public static String tf32() {
        CudaNumerics numerics = Cuda.numerics();
        return (numerics.tf32Matmul() ? "on" : "off") + " in matrix products and " + (numerics.tf32Cudnn() ? "on" : "off")
                + " in convolutions";
    }

    /** A CUDA device, its driver and the numbers that LibTorch works with there. */
    public static Map<String, Object> describeGpu(Device device) {
        CudaDevice found = cudaDevice(device);
        Map<String, Object> gpu = new LinkedHashMap<>();
        gpu.put("name", found.name());
        gpu.put("uuid", found.uuid());
        gpu.put("computeCapability", found.computeCapability());
        gpu.put("multiprocessors", found.multiprocessorCount());
        gpu.put("totalBytes", found.totalBytes());
        gpu.put("driver", Cuda.driverVersion());
        gpu.put("runtime", Cuda.runtimeVersion());
        CudaNumerics numerics = Cuda.numerics();
        gpu.put("tf32Matmul", numerics.tf32Matmul());
        gpu.put("tf32Cudnn", numerics.tf32Cudnn());
        gpu.put("fp16ReducedReduction", numerics.fp16ReducedReduction());
        gpu.put("bf16ReducedReduction", numerics.bf16ReducedReduction());
        gpu.put("cudnnBenchmark", numerics.cudnnBenchmark());
        gpu.put("cudnnDeterministic", numerics.cudnnDeterministic());
        gpu.put("wait", Cuda.waitPolicy(device).toString());
        return gpu;
    }

    private static CudaDevice cudaDevice(Device device) {
        return Engine.get().cudaDevices().get(device.index());
    }

    /** Memory of the machine, or of the container around the process where there is one. */
    public static long memoryBytes() {
        return ManagementFactory.getPlatformMXBean(OperatingSystemMXBean.class).getTotalMemorySize();
    }

    /** Begins {@link #peakResidentBytes()} anew, where the system lets it (proc(5): 5 into clear_refs). */
    public static void resetPeakResident() {
        try {
            Files.writeString(Path.of("/proc/self/clear_refs"), "5");
        } catch (IOException e) {
            // Then the peak is that of the process so far, which is no smaller.
        }
    }

    /** Most memory that the process has held since that was reset, in bytes; -1 where the system does not say. */
    public static long peakResidentBytes() {
        try (var lines = Files.lines(Path.of("/proc/self/status"))) {
            return lines.filter(line -> line.startsWith("VmHWM:"))
                    .mapToLong(line -> Long.parseLong(line.replaceAll("[^0-9]", "")) * 1024)
                    .findFirst().orElse(-1);
        } catch (IOException | java.io.UncheckedIOException e) {
            return -1;
        }
    }
}
