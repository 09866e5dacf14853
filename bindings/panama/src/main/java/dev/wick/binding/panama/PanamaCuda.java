package dev.wick.binding.panama;

import static dev.wick.binding.panama.CudaHandle.Kind.EVENT;
import static dev.wick.binding.panama.CudaHandle.Kind.GRAPH;
import static dev.wick.binding.panama.CudaHandle.Kind.STREAM;

import dev.wick.binding.AllocatorSegment;
import dev.wick.binding.CudaBinding;
import dev.wick.binding.CudaDevice;
import dev.wick.binding.CudaHostMemory;
import dev.wick.binding.CudaNumerics;
import dev.wick.binding.CudaSyncDebug;
import dev.wick.binding.CudaUse;
import dev.wick.binding.CudaWait;
import dev.wick.binding.CudaWorkspaces;
import dev.wick.binding.DeviceStats;
import dev.wick.binding.DeviceStats.PoolStat;
import dev.wick.binding.DeviceStats.Stat;
import dev.wick.binding.Handle;
import dev.wick.binding.RunnerParts;
import dev.wick.binding.panama.generated.WickTorch;
import dev.wick.binding.panama.generated.cuda.WickCuda;
import dev.wick.binding.panama.generated.cuda.wick_cuda_block;
import dev.wick.binding.panama.generated.cuda.wick_cuda_device;
import dev.wick.binding.panama.generated.cuda.wick_cuda_host_memory;
import dev.wick.binding.panama.generated.cuda.wick_cuda_memory;
import dev.wick.binding.panama.generated.cuda.wick_cuda_numerics;
import dev.wick.binding.panama.generated.cuda.wick_cuda_pool_stat;
import dev.wick.binding.panama.generated.cuda.wick_cuda_segment;
import dev.wick.binding.panama.generated.cuda.wick_cuda_stat;
import dev.wick.binding.panama.generated.cuda.wick_cuda_use;
import dev.wick.binding.panama.generated.cuda.wick_cuda_workspaces;
import dev.wick.error.UnsupportedFeatureException;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.HexFormat;
import java.util.List;

/** CUDA through wick_cuda, once that library is loaded; any thread. */
final class PanamaCuda implements CudaBinding {

    PanamaCuda() {
        try (Frame frame = Frame.take()) {
            frame.check(WickCuda.wick_cuda_initialize(frame.error));
        }
    }

    /** A call with a place for one 32-bit answer. */
    @FunctionalInterface
    private interface IntCall {
        int call(MemorySegment answer, MemorySegment error);
    }

    private static int intOf(IntCall call) {
        try (Frame frame = Frame.take()) {
            frame.check(call.call(frame.out, frame.error));
            return frame.out.get(ValueLayout.JAVA_INT, 0);
        }
    }

    // Devices

    @Override
    public List<CudaDevice> devices() {
        try (Frame frame = Frame.take(); Arena arena = Arena.ofConfined()) {
            int count = deviceCount();
            List<CudaDevice> devices = new ArrayList<>();
            for (int i = 0; i < count; i++) {
                MemorySegment device = wick_cuda_device.allocate(arena);
                frame.check(WickCuda.wick_cuda_device_describe(i, device, frame.error));
                devices.add(read(device));
            }
            return devices;
        }
    }

    /** In the driver's form. */
    private static String uuid(MemorySegment bytes) {
        String hex = HexFormat.of().formatHex(bytes.toArray(ValueLayout.JAVA_BYTE));
        return "GPU-" + String.join("-", hex.substring(0, 8), hex.substring(8, 12), hex.substring(12, 16),
                hex.substring(16, 20), hex.substring(20));
    }

    @Override
    public int deviceCount() {
        return intOf(WickCuda::wick_cuda_device_count);
    }

    private static CudaDevice read(MemorySegment device) {
        byte[] name = wick_cuda_device.name(device).asSlice(0, wick_cuda_device.name_length(device))
                .toArray(ValueLayout.JAVA_BYTE);
        String uuid = uuid(wick_cuda_device.uuid(device));
        return new CudaDevice(wick_cuda_device.index(device), new String(name, StandardCharsets.UTF_8), uuid,
                wick_cuda_device.compute_capability_major(device) + "."
                        + wick_cuda_device.compute_capability_minor(device),
                wick_cuda_device.multiprocessor_count(device), wick_cuda_device.total_bytes(device),
                wick_cuda_device.free_bytes(device));
    }

    @Override
    public int driverVersion() {
        return versions()[0];
    }

    @Override
    public int runtimeVersion() {
        return versions()[1];
    }

    private static int[] versions() {
        try (Frame frame = Frame.take(); Arena arena = Arena.ofConfined()) {
            MemorySegment versions = arena.allocate(ValueLayout.JAVA_INT, 2);
            frame.check(WickCuda.wick_cuda_versions(versions, versions.asSlice(4), frame.error));
            return versions.toArray(ValueLayout.JAVA_INT);
        }
    }

    @Override
    public void synchronize(int device) {
        try (Frame frame = Frame.take()) {
            frame.check(WickCuda.wick_cuda_synchronize(device, frame.error));
        }
    }

    // Streams

    @Override
    public StreamPriorities streamPriorities(int device) {
        try (Frame frame = Frame.take(); Arena arena = Arena.ofConfined()) {
            MemorySegment range = arena.allocate(ValueLayout.JAVA_INT, 2);
            frame.check(WickCuda.wick_cuda_stream_priorities(device, range, range.asSlice(4), frame.error));
            return new StreamPriorities(range.getAtIndex(ValueLayout.JAVA_INT, 0),
                    range.getAtIndex(ValueLayout.JAVA_INT, 1));
        }
    }

    @Override
    public Handle takeStream(int device, int priority) {
        try (Frame frame = Frame.take()) {
            frame.check(WickCuda.wick_cuda_stream_take(device, priority, frame.out, frame.error));
            return CudaHandle.stream(frame.outValue(), device, priority);
        }
    }

    @Override
    public Handle defaultStream(int device) {
        return CudaHandle.stream(0, device, 0);
    }

    @Override
    public long streamAddress(Handle stream) {
        return CudaHandle.of(stream, STREAM).address();
    }

    @Override
    public void synchronizeStream(Handle stream) {
        CudaHandle own = CudaHandle.of(stream, STREAM);
        try (Frame frame = Frame.take()) {
            frame.check(WickCuda.wick_cuda_stream_synchronize(own.device(), frame.arguments.acquire(own), frame.error));
        }
    }

    @Override
    public boolean isStreamDone(Handle stream) {
        CudaHandle own = CudaHandle.of(stream, STREAM);
        try (Frame frame = Frame.take()) {
            frame.check(WickCuda.wick_cuda_stream_query(own.device(), frame.arguments.acquire(own), frame.out,
                    frame.error));
            return frame.out.get(ValueLayout.JAVA_INT, 0) != 0;
        }
    }

    @Override
    public void waitForEvent(Handle stream, Handle event) {
        CudaHandle own = CudaHandle.of(stream, STREAM);
        try (Frame frame = Frame.take()) {
            frame.check(WickCuda.wick_cuda_stream_wait_event(own.device(), frame.arguments.acquire(own),
                    frame.arguments.acquire(CudaHandle.of(event, EVENT)), frame.error));
        }
    }

    // Events

    @Override
    public Handle createEvent(int device, boolean timing, boolean blocking) {
        try (Frame frame = Frame.take()) {
            frame.check(WickCuda.wick_cuda_event_create(device, timing ? 1 : 0, blocking ? 1 : 0, frame.out,
                    frame.error));
            return CudaHandle.event(frame.outValue(), device);
        }
    }

    @Override
    public void recordEvent(Handle event, Handle stream) {
        CudaHandle own = CudaHandle.of(stream, STREAM);
        try (Frame frame = Frame.take()) {
            frame.check(WickCuda.wick_cuda_event_record(own.device(),
                    frame.arguments.acquire(CudaHandle.of(event, EVENT)), frame.arguments.acquire(own), frame.error));
        }
    }

    @Override
    public void synchronizeEvent(Handle event) {
        try (Frame frame = Frame.take()) {
            frame.check(WickCuda.wick_cuda_event_synchronize(frame.arguments.acquire(CudaHandle.of(event, EVENT)),
                    frame.error));
        }
    }

    @Override
    public boolean isEventDone(Handle event) {
        try (Frame frame = Frame.take()) {
            frame.check(WickCuda.wick_cuda_event_query(frame.arguments.acquire(CudaHandle.of(event, EVENT)), frame.out,
                    frame.error));
            return frame.out.get(ValueLayout.JAVA_INT, 0) != 0;
        }
    }

    @Override
    public double elapsedNanoseconds(Handle start, Handle stop) {
        try (Frame frame = Frame.take()) {
            frame.check(WickCuda.wick_cuda_event_elapsed(frame.arguments.acquire(CudaHandle.of(start, EVENT)),
                    frame.arguments.acquire(CudaHandle.of(stop, EVENT)), frame.out, frame.error));
            return frame.out.get(ValueLayout.JAVA_DOUBLE, 0);
        }
    }

    @Override
    public void copy(Handle stream, Handle from, Handle to, Handle waitFor, Handle done) {
        CudaHandle on = CudaHandle.of(stream, STREAM);
        try (Frame frame = Frame.take()) {
            frame.check(WickCuda.wick_cuda_copy(on.device(), frame.arguments.acquire(on),
                    frame.arguments.acquire(PanamaHandle.of(from, PanamaHandle.Kind.TENSOR)),
                    frame.arguments.acquire(PanamaHandle.of(to, PanamaHandle.Kind.TENSOR)), acquireEvent(frame, waitFor),
                    acquireEvent(frame, done), frame.error));
        }
    }

    private static long acquireEvent(Frame frame, Handle event) {
        return event == null ? 0 : frame.arguments.acquire(CudaHandle.of(event, EVENT));
    }

    @Override
    public void recordStream(Handle tensor, Handle stream) {
        try (Frame frame = Frame.take()) {
            frame.check(WickCuda.wick_cuda_record_stream(
                    frame.arguments.acquire(PanamaHandle.of(tensor, PanamaHandle.Kind.TENSOR)),
                    frame.arguments.acquire(CudaHandle.of(stream, STREAM)), frame.error));
        }
    }

    @Override
    public void enqueueRunner(Handle runner, RunnerParts parts, Handle stream) {
        PanamaHandle own = PanamaHandle.of(runner, PanamaHandle.Kind.RUNNER);
        CudaHandle on = CudaHandle.of(stream, STREAM);
        MemorySegment error = own.error();
        own.acquire();
        int status;
        long callSiteBefore = RecordedCall.begin();
        try {
            on.acquire();
            try {
                status = WickTorch.wick_runner_enqueue(own.address(), parts.code(), on.address(), error);
            } finally {
                on.release();
            }
        } finally {
            RecordedCall.end(callSiteBefore);
            own.release();
        }
        if (status != 0) {
            throw Errors.of(status, error);
        }
    }

    // Graphs

    @Override
    public Handle beginGraph(Handle stream, Handle share) {
        requirePlatformThread();
        CudaHandle own = CudaHandle.of(stream, STREAM);
        try (Frame frame = Frame.take()) {
            frame.check(WickCuda.wick_cuda_graph_begin(own.device(), frame.arguments.acquire(own),
                    share == null ? 0 : frame.arguments.acquire(CudaHandle.of(share, GRAPH)), frame.out, frame.error));
            return CudaHandle.graph(frame.outValue(), own.device());
        }
    }

    @Override
    public long endGraph(Handle graph, boolean discard) {
        requirePlatformThread();
        try (Frame frame = Frame.take()) {
            frame.out.set(ValueLayout.JAVA_LONG, 0, 0);
            frame.check(WickCuda.wick_cuda_graph_end(frame.arguments.acquire(CudaHandle.of(graph, GRAPH)),
                    discard ? 1 : 0, frame.out, frame.error));
            return frame.outValue();
        }
    }

    private static void requirePlatformThread() {
        if (Thread.currentThread().isVirtual()) {
            throw new UnsupportedFeatureException("a CUDA graph is captured by one native thread from begin to end, and a "
                    + "virtual thread may change its own in between: capture on a platform thread");
        }
    }

    @Override
    public void launchGraph(Handle graph, Handle stream) {
        CudaHandle own = CudaHandle.of(graph, GRAPH);
        try (Frame frame = Frame.take()) {
            frame.check(WickCuda.wick_cuda_graph_launch(frame.arguments.acquire(own),
                    frame.arguments.acquire(CudaHandle.of(stream, STREAM)), frame.error));
        }
    }

    @Override
    public void runGraph(Handle graph, Handle stream) {
        CudaHandle own = (CudaHandle) graph;
        CudaHandle on = (CudaHandle) stream;
        MemorySegment error = own.error();
        own.acquire();
        int status;
        try {
            on.acquire();
            try {
                status = WickCuda.wick_cuda_graph_run(own.address(), on.address(), error);
            } finally {
                on.release();
            }
        } finally {
            own.release();
        }
        if (status != 0) {
            throw Errors.of(status, error);
        }
    }

    // Memory

    @Override
    public DeviceStats memory(int device) {
        try (Frame frame = Frame.take(); Arena arena = Arena.ofConfined()) {
            MemorySegment memory = wick_cuda_memory.allocate(arena);
            frame.check(WickCuda.wick_cuda_memory_get(device, memory, frame.error));
            return new DeviceStats(pools(wick_cuda_memory.allocation(memory)), pools(wick_cuda_memory.segment(memory)),
                    pools(wick_cuda_memory.active(memory)), pools(wick_cuda_memory.inactive_split(memory)),
                    pools(wick_cuda_memory.allocated_bytes(memory)), pools(wick_cuda_memory.reserved_bytes(memory)),
                    pools(wick_cuda_memory.active_bytes(memory)), pools(wick_cuda_memory.inactive_split_bytes(memory)),
                    pools(wick_cuda_memory.requested_bytes(memory)), wick_cuda_memory.num_alloc_retries(memory),
                    wick_cuda_memory.num_ooms(memory), stat(wick_cuda_memory.oversize_allocations(memory)),
                    stat(wick_cuda_memory.oversize_segments(memory)), wick_cuda_memory.num_sync_all_streams(memory),
                    wick_cuda_memory.num_device_alloc(memory), wick_cuda_memory.num_device_free(memory),
                    wick_cuda_memory.max_split_size(memory));
        }
    }

    @Override
    public List<AllocatorSegment> memorySegments(int device) {
        long segmentRoom = 64;
        long blockRoom = 1024;
        while (true) {
            try (Frame frame = Frame.take(); Arena arena = Arena.ofConfined()) {
                MemorySegment segments = wick_cuda_segment.allocateArray(segmentRoom, arena);
                MemorySegment blocks = wick_cuda_block.allocateArray(blockRoom, arena);
                MemorySegment counts = arena.allocate(ValueLayout.JAVA_LONG, 2);
                frame.check(WickCuda.wick_cuda_memory_segments(device, segments, segmentRoom, blocks, blockRoom, counts,
                        counts.asSlice(Long.BYTES), frame.error));
                long segmentCount = counts.getAtIndex(ValueLayout.JAVA_LONG, 0);
                long blockCount = counts.getAtIndex(ValueLayout.JAVA_LONG, 1);
                if (segmentCount <= segmentRoom && blockCount <= blockRoom) {
                    return read(segments, segmentCount, blocks);
                }
                // Other threads may take more meanwhile.
                segmentRoom = 2 * Math.max(segmentRoom, segmentCount);
                blockRoom = 2 * Math.max(blockRoom, blockCount);
            }
        }
    }

    private static List<AllocatorSegment> read(MemorySegment segments, long segmentCount, MemorySegment blocks) {
        List<AllocatorSegment> found = new ArrayList<>();
        long next = 0;
        for (long i = 0; i < segmentCount; i++) {
            MemorySegment segment = wick_cuda_segment.asSlice(segments, i);
            long address = wick_cuda_segment.address(segment);
            List<AllocatorSegment.Block> parts = new ArrayList<>();
            for (long count = wick_cuda_segment.block_count(segment); count > 0; count--) {
                MemorySegment block = wick_cuda_block.asSlice(blocks, next++);
                long state = wick_cuda_block.state(block);
                parts.add(new AllocatorSegment.Block(address, wick_cuda_block.bytes(block),
                        wick_cuda_block.requested_bytes(block),
                        state == WickCuda.WICK_CUDA_BLOCK_ALLOCATED() ? AllocatorSegment.State.ACTIVE_ALLOCATED
                                : state == WickCuda.WICK_CUDA_BLOCK_PENDING_FREE()
                                        ? AllocatorSegment.State.ACTIVE_PENDING_FREE : AllocatorSegment.State.INACTIVE));
                address += wick_cuda_block.bytes(block);
            }
            found.add(new AllocatorSegment(wick_cuda_segment.address(segment), wick_cuda_segment.total_bytes(segment),
                    wick_cuda_segment.allocated_bytes(segment), wick_cuda_segment.active_bytes(segment),
                    wick_cuda_segment.requested_bytes(segment), wick_cuda_segment.stream(segment),
                    wick_cuda_segment.large(segment) != 0,
                    List.of(wick_cuda_segment.pool_id(segment, 0), wick_cuda_segment.pool_id(segment, 1)),
                    wick_cuda_segment.expandable(segment) != 0, parts));
        }
        return found;
    }

    @Override
    public CudaUse use(int device) {
        try (Frame frame = Frame.take(); Arena arena = Arena.ofConfined()) {
            MemorySegment use = wick_cuda_use.allocate(arena);
            frame.check(WickCuda.wick_cuda_memory_use(device, use, frame.error));
            return new CudaUse(wick_cuda_use.device_free_bytes(use), wick_cuda_use.device_total_bytes(use),
                    wick_cuda_use.private_pool_bytes(use), wick_cuda_use.largest_free_block_bytes(use),
                    wick_cuda_use.workspace_bytes(use),
                    PanamaNvml.report(uuid(wick_cuda_use.uuid(use))));
        }
    }

    @Override
    public double memoryFraction(int device) {
        try (Frame frame = Frame.take()) {
            frame.check(WickCuda.wick_cuda_memory_fraction_get(device, frame.out, frame.error));
            return frame.out.get(ValueLayout.JAVA_DOUBLE, 0);
        }
    }

    @Override
    public void setMemoryFraction(int device, double fraction) {
        try (Frame frame = Frame.take()) {
            frame.check(WickCuda.wick_cuda_memory_fraction_set(device, fraction, frame.error));
        }
    }

    private static PoolStat pools(MemorySegment pools) {
        return new PoolStat(stat(wick_cuda_pool_stat.all(pools)), stat(wick_cuda_pool_stat.small_pool(pools)),
                stat(wick_cuda_pool_stat.large_pool(pools)));
    }

    private static Stat stat(MemorySegment stat) {
        return new Stat(wick_cuda_stat.current(stat), wick_cuda_stat.peak(stat), wick_cuda_stat.allocated(stat),
                wick_cuda_stat.freed(stat));
    }

    @Override
    public void resetPeakMemory(int device) {
        try (Frame frame = Frame.take()) {
            frame.check(WickCuda.wick_cuda_memory_reset_peak(device, frame.error));
        }
    }

    @Override
    public void trimMemory() {
        try (Frame frame = Frame.take()) {
            frame.check(WickCuda.wick_cuda_memory_trim(frame.error));
        }
    }

    @Override
    public CudaHostMemory hostMemory() {
        try (Frame frame = Frame.take(); Arena arena = Arena.ofConfined()) {
            MemorySegment memory = wick_cuda_host_memory.allocate(arena);
            frame.check(WickCuda.wick_cuda_host_memory_get(memory, frame.error));
            return new CudaHostMemory(stat(wick_cuda_host_memory.active_requests(memory)),
                    stat(wick_cuda_host_memory.active_bytes(memory)), stat(wick_cuda_host_memory.allocations(memory)),
                    stat(wick_cuda_host_memory.allocated_bytes(memory)), wick_cuda_host_memory.num_host_alloc(memory),
                    wick_cuda_host_memory.num_host_free(memory));
        }
    }

    @Override
    public void resetPeakHostMemory() {
        try (Frame frame = Frame.take()) {
            frame.check(WickCuda.wick_cuda_host_memory_reset_peak(frame.error));
        }
    }

    @Override
    public void trimHostMemory() {
        try (Frame frame = Frame.take()) {
            frame.check(WickCuda.wick_cuda_host_memory_trim(frame.error));
        }
    }

    @Override
    public CudaWorkspaces workspaces() {
        try (Frame frame = Frame.take(); Arena arena = Arena.ofConfined()) {
            MemorySegment workspaces = wick_cuda_workspaces.allocate(arena);
            frame.check(WickCuda.wick_cuda_workspaces_get(workspaces, frame.error));
            return new CudaWorkspaces(wick_cuda_workspaces.cublas_bytes(workspaces),
                    wick_cuda_workspaces.cublaslt_bytes(workspaces));
        }
    }

    @Override
    public void freeWorkspaces() {
        try (Frame frame = Frame.take()) {
            frame.check(WickCuda.wick_cuda_workspaces_free(frame.error));
        }
    }

    // Settings

    @Override
    public void pushNvtxRange(String name) {
        try (Frame frame = Frame.take(); Arena arena = Arena.ofConfined()) {
            Text text = Text.of(arena, name);
            frame.check(WickTorch.wick_nvtx_push(text.bytes(), text.length(), frame.error));
        }
    }

    @Override
    public void popNvtxRange() {
        try (Frame frame = Frame.take()) {
            frame.check(WickTorch.wick_nvtx_pop(frame.error));
        }
    }

    @Override
    public void markNvtx(String name) {
        try (Frame frame = Frame.take(); Arena arena = Arena.ofConfined()) {
            Text text = Text.of(arena, name);
            frame.check(WickTorch.wick_nvtx_mark(text.bytes(), text.length(), frame.error));
        }
    }

    @Override
    public CudaWait waitPolicy(int device) {
        return CudaWait.values()[intOf((answer, error) -> WickCuda.wick_cuda_wait_get(device, answer, error))];
    }

    @Override
    public void setWaitPolicy(int device, CudaWait policy) {
        try (Frame frame = Frame.take()) {
            frame.check(WickCuda.wick_cuda_wait_set(device, policy.code(), frame.error));
        }
    }

    @Override
    public CudaSyncDebug syncDebug() {
        return CudaSyncDebug.values()[intOf(WickCuda::wick_cuda_sync_debug_get)];
    }

    @Override
    public void setSyncDebug(CudaSyncDebug mode) {
        try (Frame frame = Frame.take()) {
            frame.check(WickCuda.wick_cuda_sync_debug_set(mode.code(), frame.error));
        }
    }

    @Override
    public CudaNumerics numerics() {
        try (Frame frame = Frame.take(); Arena arena = Arena.ofConfined()) {
            MemorySegment numerics = wick_cuda_numerics.allocate(arena);
            frame.check(WickCuda.wick_cuda_numerics_get(numerics, frame.error));
            return new CudaNumerics(wick_cuda_numerics.tf32_matmul(numerics) != 0,
                    wick_cuda_numerics.tf32_cudnn(numerics) != 0,
                    wick_cuda_numerics.fp16_reduced_reduction(numerics) != 0,
                    wick_cuda_numerics.bf16_reduced_reduction(numerics) != 0,
                    wick_cuda_numerics.cudnn_enabled(numerics) != 0,
                    wick_cuda_numerics.cudnn_benchmark(numerics) != 0,
                    wick_cuda_numerics.cudnn_deterministic(numerics) != 0);
        }
    }

    @Override
    public void setNumerics(CudaNumerics numerics) {
        try (Frame frame = Frame.take(); Arena arena = Arena.ofConfined()) {
            MemorySegment written = wick_cuda_numerics.allocate(arena);
            wick_cuda_numerics.tf32_matmul(written, numerics.tf32Matmul() ? 1 : 0);
            wick_cuda_numerics.tf32_cudnn(written, numerics.tf32Cudnn() ? 1 : 0);
            wick_cuda_numerics.fp16_reduced_reduction(written, numerics.fp16ReducedReduction() ? 1 : 0);
            wick_cuda_numerics.bf16_reduced_reduction(written, numerics.bf16ReducedReduction() ? 1 : 0);
            wick_cuda_numerics.cudnn_enabled(written, numerics.cudnnEnabled() ? 1 : 0);
            wick_cuda_numerics.cudnn_benchmark(written, numerics.cudnnBenchmark() ? 1 : 0);
            wick_cuda_numerics.cudnn_deterministic(written, numerics.cudnnDeterministic() ? 1 : 0);
            frame.check(WickCuda.wick_cuda_numerics_set(written, frame.error));
        }
    }

    @Override
    public void configureAllocator(String settings) {
        try (Frame frame = Frame.take(); Arena arena = Arena.ofConfined()) {
            Text text = Text.of(arena, settings);
            frame.check(WickCuda.wick_cuda_allocator_configure(text.bytes(), text.length(), frame.error));
        }
    }
}
