package dev.wick.jmh;

import dev.wick.Engine;
import dev.wick.Trace;
import dev.wick.TraceSummary;
import dev.wick.binding.TorchBinding;
import dev.wick.error.WickException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Collection;
import java.util.List;
import java.util.stream.Stream;
import org.openjdk.jmh.infra.BenchmarkParams;
import org.openjdk.jmh.infra.IterationParams;
import org.openjdk.jmh.profile.InternalProfiler;
import org.openjdk.jmh.profile.ProfilerException;
import org.openjdk.jmh.results.AggregationPolicy;
import org.openjdk.jmh.results.IterationResult;
import org.openjdk.jmh.results.Result;
import org.openjdk.jmh.results.ScalarResult;

/**
 * Reports how long CUDA devices worked, by the kernels, copies and fills that CUPTI saw:
 * {@code -prof dev.wick.jmh.GpuBusyProfiler}; JMH calls it from one thread.
 *
 * <ul>
 * <li>{@code gpu.busy.norm}: time per operation in which something ran on a device, activities that overlap on one device
 * counted once, several devices added up; a pair of events would count the idling between kernels too;
 * <li>{@code gpu.activities.norm}: kernels, copies and fills per operation;
 * <li>{@code gpu.busy.share}: busy time of the traced time, in percent; of several devices the sum.
 * </ul>
 *
 * <p>Each iteration is recorded as a {@link Trace}, which slows every operator and keeps each event in memory until the
 * iteration ends: take scores from runs without this profiler, and let iterations be short ({@code -r 1}). A benchmark
 * should wait for its work; what is still running when an iteration ends counts to it. Without an NVIDIA device JMH
 * refuses to start with a {@link ProfilerException}; where LibTorch in the forked JVM finds none, or cannot record
 * traces, the iteration fails and says why.
 */
public final class GpuBusyProfiler implements InternalProfiler {
    private Trace trace;

    /** For the service loader, which instantiates profilers to list them. */
    public GpuBusyProfiler() {
        // Loads nothing: the JVM that forks the benchmark needs no LibTorch.
    }

    /**
     * For JMH.
     *
     * @param options what follows the profiler's name and a colon; there are none
     */
    public GpuBusyProfiler(String options) throws ProfilerException {
        ProfilerOptions.requireNone(GpuBusyProfiler.class, options);
        if (!hasNvidiaDevice()) {
            throw new ProfilerException("GpuBusyProfiler needs a CUDA device, and this machine has no NVIDIA device "
                    + "(/dev/nvidiactl is not there)");
        }
    }

    /** Looked up without loading anything: JMH asks in the JVM that forks the benchmark, too. The second is WSL's. */
    private static boolean hasNvidiaDevice() {
        return Stream.of("/dev/nvidiactl", "/dev/dxg").anyMatch(device -> Files.exists(Path.of(device)));
    }

    @Override
    public String getDescription() {
        return "CUDA devices: busy time and activities per operation";
    }

    @Override
    public void beforeIteration(BenchmarkParams benchmark, IterationParams iteration) {
        try {
            if (Engine.get().cudaDevices().isEmpty()) {
                throw new IllegalStateException("GpuBusyProfiler: " + Engine.get().missingFeatures()
                        .getOrDefault(TorchBinding.CUDA, "LibTorch sees no CUDA device"));
            }
            trace = Trace.start();
        } catch (WickException e) {
            throw new IllegalStateException("GpuBusyProfiler: " + e.getMessage(), e);
        }
    }

    @Override
    public Collection<? extends Result<?>> afterIteration(BenchmarkParams benchmark, IterationParams iteration,
            IterationResult result) {
        try (Trace finished = trace) {
            return results(finished.summary(), Math.max(1, result.getMetadata().getAllOps()));
        }
    }

    static List<ScalarResult> results(TraceSummary summary, long operations) {
        long activities = summary.deviceEntries().stream().mapToLong(TraceSummary.DeviceEntry::calls).sum();
        return List.of(
                new ScalarResult("gpu.busy.norm", summary.gpuBusyNanos() / (double) operations, "ns/op",
                        AggregationPolicy.AVG),
                new ScalarResult("gpu.activities.norm", activities / (double) operations, "#/op",
                        AggregationPolicy.AVG),
                new ScalarResult("gpu.busy.share", 100.0 * summary.gpuBusyNanos() / Math.max(1, summary.wallNanos()),
                        "%", AggregationPolicy.AVG));
    }
}
