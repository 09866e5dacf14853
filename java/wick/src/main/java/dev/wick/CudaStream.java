package dev.wick;

import dev.wick.binding.CallSettings;
import dev.wick.binding.CudaBinding.StreamPriorities;
import dev.wick.binding.Handle;
import dev.wick.error.BadArgumentException;
import dev.wick.jfr.CopyEvent;
import java.lang.ref.Reference;

/**
 * A CUDA stream of one's own, which does not wait for the default stream; any thread may enqueue work, and what is
 * enqueued by several threads at once comes in an order that nobody knows.
 *
 * <p>A call runs on the stream when it is given {@link #inference()}, {@link #noGrad()} or {@link #on(CallSettings)}:
 * a thread has no current stream that would be forgotten when a virtual thread changes its carrier. Other calls run on
 * the device's default stream, and nothing orders the two but {@code waitFor} and {@link #synchronize()}.
 *
 * <p>That goes for memory too: it is given out in the order of one stream. {@link #empty} makes a tensor in this one's;
 * a tensor of {@link Tensor#empty(Device, DType, long...)} is made in the default stream's, where an earlier owner of its
 * memory may still be at work, so wait for that stream before using it here. A tensor that was made on one stream and is
 * closed while another one still works with it needs {@link #keep}. Models are ready for every stream when they are handed
 * out.
 *
 * <p>Closing gives the stream back to a pool: destroying one would leave its cuBLAS workspace and its cached memory
 * behind. Work on it goes on, and the next taker's comes after.
 */
public final class CudaStream extends NativeResource {
    private final Device device;
    private final int priority;
    private final CallSettings inference;
    private final CallSettings noGrad;

    private CudaStream(Handle handle, Device device, int priority) {
        super(handle);
        this.device = device;
        this.priority = priority;
        long address = Cuda.binding().streamAddress(handle);
        this.inference = CallSettings.INFERENCE.on(device.index(), address);
        this.noGrad = CallSettings.NO_GRAD.on(device.index(), address);
    }

    /** Takes a stream of ordinary priority. */
    public static CudaStream take(Device device) {
        return take(device, 0);
    }

    /**
     * Takes a stream.
     *
     * @param priority in the range of {@link #priorities}; negative is more urgent
     */
    public static CudaStream take(Device device, int priority) {
        return new CudaStream(Cuda.binding().takeStream(Cuda.index(device), priority), device, priority);
    }

    /**
     * The device's default stream, on which calls run that name none; closing it does nothing to the device's.
     */
    public static CudaStream defaultStream(Device device) {
        return new CudaStream(Cuda.binding().defaultStream(Cuda.index(device)), device, 0);
    }

    /** Makes a tensor on this stream, whose elements are whatever the memory held. */
    public Tensor empty(DType dtype, long... shape) {
        return Operator.call(noGrad(), "aten::empty", shape, Arguments.keyword("dtype", dtype),
                Arguments.keyword("device", device)).tensor();
    }

    /** The range of a device's priorities. */
    public static StreamPriorities priorities(Device device) {
        return Cuda.binding().streamPriorities(Cuda.index(device));
    }

    public Device device() {
        return device;
    }

    public int priority() {
        return priority;
    }

    /** Settings of a call in inference mode on this stream. */
    public CallSettings inference() {
        checkOpen();
        return inference;
    }

    /** Settings of a call that records no graph, on this stream. */
    public CallSettings noGrad() {
        checkOpen();
        return noGrad;
    }

    /** The same settings, on this stream. */
    public CallSettings on(CallSettings settings) {
        checkOpen();
        return settings.on(device.index(), inference.cudaStream());
    }

    /** Waits for all work on the stream. */
    public void synchronize() {
        use(Cuda.binding()::synchronizeStream);
    }

    /** Whether all work on the stream is done. */
    public boolean isDone() {
        return using(Cuda.binding()::isStreamDone);
    }

    /** Makes later work on this stream wait for an event, on the device and not on the host. */
    public void waitFor(CudaEvent event) {
        use(stream -> event.use(waited -> Cuda.binding().waitForEvent(stream, waited)));
    }

    /** Makes later work on this stream wait for what another one holds now, on the device and not on the host. */
    public void waitFor(CudaStream other) {
        try (CudaEvent event = CudaEvent.create(other.device())) {
            event.record(other);
            waitFor(event);
        }
    }

    /** Keeps a tensor's memory, when the tensor is closed, until the work that is on this stream now is done. */
    public void keep(Tensor tensor) {
        use(stream -> tensor.use(kept -> Cuda.binding().recordStream(kept, stream)));
    }

    /**
     * Copies the elements of one tensor into another without waiting: from page-locked host memory to the device, back, or
     * within the device.
     *
     * <p>Neither may be read or closed before the copy is done, nor the source written; a {@link PinnedBuffer} sees to that
     * by itself.
     *
     * @return the copy, to be awaited
     * @throws BadArgumentException if shapes or dtypes differ, if either is not contiguous, or if the host's side is not
     *                              page-locked: the copy would go through memory that nobody sees, and wait
     */
    public CudaCopy copy(Tensor from, Tensor to) {
        CudaEvent done = CudaEvent.create(device);
        try {
            copy(from, to, null, done);
        } catch (RuntimeException e) {
            done.close();
            throw e;
        }
        return new CudaCopy(done);
    }

    /** Copies without waiting, after an event unless it is null, and records another one behind it. */
    void copy(Tensor from, Tensor to, CudaEvent before, CudaEvent done) {
        CopyEvent event = CopyEvent.begun();
        try {
            Cuda.binding().copy(handle(), from.handle(), to.handle(), before == null ? null : before.handle(),
                    done.handle());
        } finally {
            Reference.reachabilityFence(this);
            Reference.reachabilityFence(from);
            Reference.reachabilityFence(to);
            Reference.reachabilityFence(before);
            Reference.reachabilityFence(done);
        }
        if (event != null && from.device().type() != to.device().type()) {
            event.with(from.device().toString(), to.device().toString(), to.byteSize(), true, false).commit();
        }
    }

    @Override
    public String toString() {
        return isClosed() ? "CudaStream[closed]" : "CudaStream[" + device + ", priority " + priority + "]";
    }
}
