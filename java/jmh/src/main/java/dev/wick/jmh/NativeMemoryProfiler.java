package dev.wick.jmh;

import dev.wick.Device;
import dev.wick.DeviceMemory;
import dev.wick.Engine;
import dev.wick.binding.DeviceStats;
import dev.wick.error.UnsupportedFeatureException;
import java.util.ArrayList;
import java.util.Collection;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import org.openjdk.jmh.infra.BenchmarkParams;
import org.openjdk.jmh.infra.IterationParams;
import org.openjdk.jmh.profile.InternalProfiler;
import org.openjdk.jmh.profile.ProfilerException;
import org.openjdk.jmh.results.AggregationPolicy;
import org.openjdk.jmh.results.IterationResult;
import org.openjdk.jmh.results.Result;
import org.openjdk.jmh.results.ScalarResult;
import org.openjdk.jmh.runner.IterationType;

/**
 * Reports what LibTorch allocates, by its allocators' own counters: {@code -prof dev.wick.jmh.NativeMemoryProfiler};
 * JMH calls it from one thread.
 *
 * <p>For memory of the CPU, prefixed {@code native}, and for each CUDA device that holds or held some, prefixed
 * {@code cuda:N}:
 *
 * <ul>
 * <li>{@code .alloc.norm}: bytes allocated per operation, freed ones included;
 * <li>{@code .allocs.norm}: allocations per operation;
 * <li>{@code .net.norm}: bytes per operation that were still held at the end: what leaks, or is kept; not of a fork's last
 * iteration, within which JMH tears the trial down, so that it takes two;
 * <li>{@code .peak}: the most bytes held at once, whatever was there before included; the largest of all iterations;
 * <li>{@code .peak.above}: the same above what was held when the iteration began.
 * </ul>
 *
 * <p>The counters are the process's: all benchmark threads are in them, and what an iteration's setup and teardown allocate
 * is too. Peaks are reset before each iteration. CPU memory is exact to the byte and needs {@code panama}; elsewhere
 * the iteration fails and says so. The counters are always on, so the scores beside them are undisturbed.
 */
public final class NativeMemoryProfiler implements InternalProfiler {
    private static final String CPU = "native";

    /** One allocator's counters. */
    private record Counters(long current, long peak, long allocated, long allocations) {
    }

    private Map<String, Counters> before = Map.of();
    private int measured;

    /** For the service loader, which instantiates profilers to list them. */
    public NativeMemoryProfiler() {
        // Loads nothing: the JVM that forks the benchmark needs no LibTorch.
    }

    /**
     * For JMH.
     *
     * @param options what follows the profiler's name and a colon; there are none
     */
    public NativeMemoryProfiler(String options) throws ProfilerException {
        ProfilerOptions.requireNone(NativeMemoryProfiler.class, options);
    }

    @Override
    public String getDescription() {
        return "LibTorch's memory: bytes and allocations per operation, peaks, on the CPU and on CUDA devices";
    }

    @Override
    public void beforeIteration(BenchmarkParams benchmark, IterationParams iteration) {
        try {
            DeviceMemory.resetPeaks(Device.CPU);
        } catch (UnsupportedFeatureException e) {
            throw new IllegalStateException("NativeMemoryProfiler: " + e.getMessage(), e);
        }
        devices().forEach(DeviceMemory::resetPeaks);
        before = counters();
    }

    @Override
    public Collection<? extends Result<?>> afterIteration(BenchmarkParams benchmark, IterationParams iteration,
            IterationResult result) {
        Map<String, Counters> after = counters();
        double operations = Math.max(1, result.getMetadata().getAllOps());
        boolean last = isLast(iteration);
        List<Result<?>> results = new ArrayList<>();
        after.forEach((name, now) -> {
            Counters then = before.get(name);
            if (!name.equals(CPU) && now.allocated() == 0) {
                return;
            }
            results.add(average(name + ".alloc.norm", (now.allocated() - then.allocated()) / operations, "B/op"));
            results.add(average(name + ".allocs.norm", (now.allocations() - then.allocations()) / operations, "#/op"));
            if (!last) {
                results.add(new OptionalResult(name + ".net.norm", (now.current() - then.current()) / operations,
                        "B/op"));
            }
            results.add(maximum(name + ".peak", now.peak()));
            results.add(maximum(name + ".peak.above", now.peak() - then.current()));
        });
        return results;
    }

    /** JMH does not number iterations. */
    private boolean isLast(IterationParams iteration) {
        if (iteration.getType() != IterationType.MEASUREMENT) {
            return false;
        }
        measured = measured % iteration.getCount() + 1;
        return measured == iteration.getCount();
    }

    private static ScalarResult average(String name, double value, String unit) {
        return new ScalarResult(name, value, unit, AggregationPolicy.AVG);
    }

    private static ScalarResult maximum(String name, double bytes) {
        return new ScalarResult(name, bytes, "B", AggregationPolicy.MAX);
    }

    private static List<Device> devices() {
        return Engine.get().cudaDevices().stream().map(device -> Device.cuda(device.index())).toList();
    }

    private static Map<String, Counters> counters() {
        Map<String, Counters> counters = new LinkedHashMap<>();
        counters.put(CPU, countersOf(Device.CPU));
        devices().forEach(device -> counters.put(device.toString(), countersOf(device)));
        return counters;
    }

    private static Counters countersOf(Device device) {
        DeviceStats stats = DeviceMemory.of(device).stats();
        DeviceStats.Stat bytes = stats.allocatedBytes().all();
        return new Counters(bytes.current(), bytes.peak(), bytes.allocated(), stats.allocation().all().allocated());
    }
}
