package dev.wick.binding;

import java.util.List;

/**
 * The facet for CUDA; any thread, unless a method says otherwise.
 *
 * <p>Streams, events and graphs are handles: closing a stream gives it back for the next taker, closing an event or a
 * graph frees it. A call that is to run on a stream names it in its {@link CallSettings}.
 */
public interface CudaBinding {

    // Devices

    /** The devices LibTorch sees, possibly none; makes a context on each. */
    List<CudaDevice> devices();

    /** How many there are; makes no context. */
    int deviceCount();

    /** The newest CUDA runtime that the driver supports, as CUDA writes it: 12080 is 12.8. */
    int driverVersion();

    /** The CUDA runtime in use, as CUDA writes it. */
    int runtimeVersion();

    /** Waits for all work on a device. */
    void synchronize(int device);

    // Streams

    /**
     * The range of a device's stream priorities.
     *
     * @param least    the least urgent, 0
     * @param greatest the most urgent, a negative number
     */
    record StreamPriorities(int least, int greatest) {
    }

    StreamPriorities streamPriorities(int device);

    /** A non-blocking stream that nobody else has. */
    Handle takeStream(int device, int priority);

    /** The device's default stream, on which calls run that name none; closing the handle does nothing. */
    Handle defaultStream(int device);

    /** The stream's {@code cudaStream_t}, for {@link CallSettings#on}. */
    long streamAddress(Handle stream);

    void synchronizeStream(Handle stream);

    /** Whether all work on a stream is done. */
    boolean isStreamDone(Handle stream);

    /** Makes later work on a stream wait for an event, on the device. */
    void waitForEvent(Handle stream, Handle event);

    // Events

    /**
     * Makes an event.
     *
     * @param timing   whether {@link #elapsedNanoseconds} can be asked of it
     * @param blocking whether a thread that waits for it yields the core
     */
    Handle createEvent(int device, boolean timing, boolean blocking);

    /** Records what a stream holds now; a later record takes its place. */
    void recordEvent(Handle event, Handle stream);

    /** Waits for what was recorded last; at once when nothing was. */
    void synchronizeEvent(Handle event);

    /** Whether what was recorded last is done. */
    boolean isEventDone(Handle event);

    /** Time on the device between two events with timing, both done. */
    double elapsedNanoseconds(Handle start, Handle stop);

    /**
     * Enqueues a copy between two contiguous tensors of one dtype and shape, each on the stream's device or page-locked, at
     * least one on the device.
     *
     * @param waitFor an event that the stream waits for before; null for none
     * @param done    an event that is recorded behind it; null for none
     */
    void copy(Handle stream, Handle from, Handle to, Handle waitFor, Handle done);

    /** Keeps a tensor's memory from being given to anyone before the work that is now on a stream is done. */
    void recordStream(Handle tensor, Handle stream);

    /**
     * Does some parts of a prepared call on a stream of its device, without waiting and without making an object. The
     * caller sees to it, by events, that parts on several streams follow each other, and that none begins before the
     * last run is done. One thread at a time.
     */
    void enqueueRunner(Handle runner, RunnerParts parts, Handle stream);

    // Graphs

    /**
     * Begins to capture what the calling thread, which must be a platform thread, enqueues on a stream.
     *
     * @param share a graph whose memory pool to use, or null; graphs that share one are launched in the order of capture
     */
    Handle beginGraph(Handle stream, Handle share);

    /**
     * Ends a capture, on the thread that began it.
     *
     * @param discard gives the capture up
     * @return the graph's nodes; 0 when it was given up
     * @throws dev.wick.error.UnsupportedFeatureException naming the operator that cannot be captured
     */
    long endGraph(Handle graph, boolean discard);

    /** Launches a graph; not awaited. One thread at a time. */
    void launchGraph(Handle graph, Handle stream);

    /** Launches a graph and waits for the stream; makes no object. One thread at a time. */
    void runGraph(Handle graph, Handle stream);

    // Memory

    /** LibTorch's statistics of a device's memory; zeros before LibTorch's first use of CUDA, which this is not. */
    DeviceStats memory(int device);

    /** What LibTorch's caching allocator has from a device's driver, and its blocks; makes no context. */
    List<AllocatorSegment> memorySegments(int device);

    /** Where a device's memory is; makes no context. */
    CudaUse use(int device);

    /** The share of a device's memory that LibTorch may reserve. */
    double memoryFraction(int device);

    /** Sets the share of a device's memory that LibTorch may reserve, 0 to 1. */
    void setMemoryFraction(int device, double fraction);

    /** Sets the peaks to the current values. */
    void resetPeakMemory(int device);

    /** Gives what LibTorch caches of every device's memory back to the driver; waits for the devices. */
    void trimMemory();

    /** LibTorch's statistics of page-locked host memory. */
    CudaHostMemory hostMemory();

    void resetPeakHostMemory();

    /** Gives page-locked host memory that nothing uses back to the system. */
    void trimHostMemory();

    /** The sizes of cuBLAS's workspaces. */
    CudaWorkspaces workspaces();

    /** Gives cuBLAS's workspaces back to the allocator; not while a graph that uses one may be launched again. */
    void freeWorkspaces();

    // NVTX

    /** Begins an NVTX range on the calling thread, inside of those that it began before. */
    void pushNvtxRange(String name);

    /** Ends the NVTX range that the calling thread began last. */
    void popNvtxRange();

    /** Marks a point in time for NVTX's listeners. */
    void markNvtx(String name);

    // Settings

    CudaWait waitPolicy(int device);

    /** How threads wait for a device; best before its first use. */
    void setWaitPolicy(int device, CudaWait policy);

    CudaSyncDebug syncDebug();

    /** What LibTorch does when an operator waits for a device unasked; process-wide. */
    void setSyncDebug(CudaSyncDebug mode);

    CudaNumerics numerics();

    /** What cuBLAS and cuDNN may do; process-wide. */
    void setNumerics(CudaNumerics numerics);

    /**
     * Settings of LibTorch's device memory allocator, in the form of {@code PYTORCH_CUDA_ALLOC_CONF}; before the first use
     * of a device.
     */
    void configureAllocator(String settings);
}
