package dev.wick;

import dev.wick.binding.TraceEvent;
import dev.wick.binding.TraceEvent.Kind;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.Collection;
import java.util.Comparator;
import java.util.Deque;
import java.util.HashMap;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.stream.Collectors;

/**
 * The figures of a trace: by operator, by what devices did, and how long devices were busy; immutable.
 *
 * <p>Times are of the clock, not of cores: an operator that uses four threads for a millisecond counts one millisecond.
 */
public final class TraceSummary {

    /**
     * All calls of one operator, TorchScript method or range.
     *
     * @param calls           those inside of a call of the same name included
     * @param cpuNanos        from begin to end on the host, over all threads; a call inside of one of the same name
     *                        counts with the outer one alone
     * @param selfCpuNanos    without what it called on its thread
     * @param deviceNanos     of the device work that it, or what it called, launched; likewise counted once
     */
    public record Entry(Kind kind, String name, long calls, long cpuNanos, long selfCpuNanos, long deviceNanos) {
    }

    /** All runs of one kernel, or all copies or fills of one sort. */
    public record DeviceEntry(Kind kind, String name, long calls, long nanos) {
    }

    private final List<Entry> entries;
    private final List<DeviceEntry> deviceEntries;
    private final Map<Integer, Long> busyNanos;
    private final int threads;
    private final long wallNanos;

    private TraceSummary(List<Entry> entries, List<DeviceEntry> deviceEntries, Map<Integer, Long> busyNanos,
            int threads, long wallNanos) {
        this.entries = List.copyOf(entries);
        this.deviceEntries = List.copyOf(deviceEntries);
        this.busyNanos = Map.copyOf(busyNanos);
        this.threads = threads;
        this.wallNanos = wallNanos;
    }

    /** Computes the figures of some events. */
    public static TraceSummary of(List<TraceEvent> events) {
        List<TraceEvent> hostWork = events.stream().filter(event -> isHostWork(event.kind())).toList();
        List<TraceEvent> deviceWork = events.stream().filter(event -> event.kind().isDeviceWork()).toList();
        return new TraceSummary(hostEntries(hostWork, deviceWork), deviceEntries(deviceWork), busy(deviceWork),
                hostWork.stream().mapToLong(TraceEvent::thread).distinct().toArray().length, wall(events));
    }

    private static boolean isHostWork(Kind kind) {
        return kind == Kind.OPERATOR || kind == Kind.FUNCTION || kind == Kind.RANGE;
    }

    /** Operators, TorchScript methods and ranges, the largest time of their own first. */
    public List<Entry> entries() {
        return entries;
    }

    /** The operators of {@link #entries()}. */
    public List<Entry> operators() {
        return entries.stream().filter(entry -> entry.kind() == Kind.OPERATOR).toList();
    }

    /** Kernels, copies and fills, the longest first. */
    public List<DeviceEntry> deviceEntries() {
        return deviceEntries;
    }

    /** The devices that worked. */
    public Set<Integer> devices() {
        return busyNanos.keySet();
    }

    /**
     * For how long the devices ran kernels, copies or fills: of activities that overlap on one device the time is
     * counted once, and that of several devices is added.
     */
    public long gpuBusyNanos() {
        return busyNanos.values().stream().mapToLong(Long::longValue).sum();
    }

    /** For how long a device ran kernels, copies or fills, the time of overlapping ones counted once. */
    public long gpuBusyNanos(Device device) {
        return busyNanos.getOrDefault(Cuda.index(device), 0L);
    }

    /** How many threads did something. */
    public int threads() {
        return threads;
    }

    /** From the first event's begin to the last one's end. */
    public long wallNanos() {
        return wallNanos;
    }

    // On the host

    private static final class Sum {
        private final Kind kind;
        private final String name;
        private long calls;
        private long cpu;
        private long self;
        private long device;

        Sum(TraceEvent event) {
            this.kind = event.kind();
            this.name = event.name();
        }

        Entry entry() {
            return new Entry(kind, name, calls, cpu, self, device);
        }
    }

    private record Key(Kind kind, String name) {
    }

    /** A call whose end is not reached yet. */
    private static final class Open {
        private final TraceEvent event;
        private final Sum sum;
        /** Whether a call of the same name is around it. */
        private final boolean inner;
        private long children;
        private long device;

        Open(TraceEvent event, Sum sum, boolean inner, long device) {
            this.event = event;
            this.sum = sum;
            this.inner = inner;
            this.device = device;
        }
    }

    private static List<Entry> hostEntries(List<TraceEvent> hostWork, List<TraceEvent> deviceWork) {
        Map<Long, Long> launched = new HashMap<>();
        for (TraceEvent work : deviceWork) {
            if (work.linkedCorrelation() != 0) {
                launched.merge(work.linkedCorrelation(), work.durationNanos(), Long::sum);
            }
        }
        Map<Key, Sum> sums = new LinkedHashMap<>();
        Collection<List<TraceEvent>> byThread = hostWork.stream()
                .collect(Collectors.groupingBy(TraceEvent::thread, LinkedHashMap::new, Collectors.toList())).values();
        for (List<TraceEvent> thread : byThread) {
            addThread(thread, sums, launched);
        }
        return sums.values().stream().map(Sum::entry)
                .sorted(Comparator.comparingLong(Entry::selfCpuNanos).reversed().thenComparing(Entry::name)).toList();
    }

    private static void addThread(List<TraceEvent> events, Map<Key, Sum> sums, Map<Long, Long> launched) {
        List<TraceEvent> ordered = new ArrayList<>(events);
        // Of two that begin together the longer one is around the other.
        ordered.sort(Comparator.comparingLong(TraceEvent::startNanos)
                .thenComparing(Comparator.comparingLong(TraceEvent::durationNanos).reversed()));
        Deque<Open> open = new ArrayDeque<>();
        for (TraceEvent event : ordered) {
            while (!open.isEmpty() && open.peek().event.endNanos() < event.endNanos()) {
                close(open);
            }
            Sum sum = sums.computeIfAbsent(new Key(event.kind(), event.name()), _ -> new Sum(event));
            boolean inner = open.stream().anyMatch(outer -> outer.sum == sum);
            Open call = new Open(event, sum, inner, launched.getOrDefault(event.correlation(), 0L));
            if (event.thread() == event.endThread()) {
                open.push(call);
            } else {
                // What ends elsewhere is around nothing that is known.
                finish(call);
            }
        }
        while (!open.isEmpty()) {
            close(open);
        }
    }

    private static void close(Deque<Open> open) {
        Open call = open.pop();
        finish(call);
        Open outer = open.peek();
        if (outer != null) {
            outer.children += call.event.durationNanos();
            outer.device += call.device;
        }
    }

    private static void finish(Open call) {
        Sum sum = call.sum;
        sum.calls++;
        sum.self += Math.max(0, call.event.durationNanos() - call.children);
        if (!call.inner) {
            sum.cpu += call.event.durationNanos();
            sum.device += call.device;
        }
    }

    // On devices

    private static List<DeviceEntry> deviceEntries(List<TraceEvent> deviceWork) {
        Map<Key, DeviceEntry> entries = new LinkedHashMap<>();
        for (TraceEvent work : deviceWork) {
            entries.merge(new Key(work.kind(), work.name()),
                    new DeviceEntry(work.kind(), work.name(), 1, work.durationNanos()),
                    (a, b) -> new DeviceEntry(a.kind(), a.name(), a.calls() + b.calls(), a.nanos() + b.nanos()));
        }
        return entries.values().stream()
                .sorted(Comparator.comparingLong(DeviceEntry::nanos).reversed().thenComparing(DeviceEntry::name))
                .toList();
    }

    private static Map<Integer, Long> busy(List<TraceEvent> deviceWork) {
        List<TraceEvent> ordered = new ArrayList<>(deviceWork);
        ordered.sort(Comparator.comparingLong(TraceEvent::startNanos));
        Map<Integer, Long> busy = new HashMap<>();
        Map<Integer, Long> until = new HashMap<>();
        for (TraceEvent work : ordered) {
            long from = Math.max(work.startNanos(), until.getOrDefault(work.device(), Long.MIN_VALUE));
            busy.merge(work.device(), Math.max(0, work.endNanos() - from), Long::sum);
            until.merge(work.device(), work.endNanos(), Math::max);
        }
        return busy;
    }

    private static long wall(List<TraceEvent> events) {
        long first = events.stream().mapToLong(TraceEvent::startNanos).min().orElse(0);
        return events.stream().mapToLong(TraceEvent::endNanos).max().orElse(0) - first;
    }
}
