package dev.wick;

import dev.wick.binding.Handle;

/** A point in the work of a CUDA stream, to wait for or to measure from; any thread. */
public final class CudaEvent extends NativeResource {
    private final Device device;

    private CudaEvent(Handle handle, Device device) {
        super(handle);
        this.device = device;
    }

    /** Makes an event to wait for. */
    public static CudaEvent create(Device device) {
        return new CudaEvent(Cuda.binding().createEvent(Cuda.index(device), false, false), device);
    }

    /** Makes an event to wait for, whose waiting threads sleep instead of spinning. */
    public static CudaEvent blocking(Device device) {
        return new CudaEvent(Cuda.binding().createEvent(Cuda.index(device), false, true), device);
    }

    /** Makes an event that {@link #nanosecondsSince} can be asked of. */
    public static CudaEvent timed(Device device) {
        return new CudaEvent(Cuda.binding().createEvent(Cuda.index(device), true, false), device);
    }

    public Device device() {
        return device;
    }

    /** Records what a stream holds now; a later record takes its place. */
    public void record(CudaStream stream) {
        use(event -> stream.use(on -> Cuda.binding().recordEvent(event, on)));
    }

    /** Waits for what was recorded last; at once when nothing was. */
    public void synchronize() {
        use(Cuda.binding()::synchronizeEvent);
    }

    /** Whether what was recorded last is done; true when nothing was. */
    public boolean isDone() {
        return using(Cuda.binding()::isEventDone);
    }

    /** Time on the device from an earlier event to this one, both timed and done; the device's clock has steps of about 500 ns. */
    public double nanosecondsSince(CudaEvent start) {
        return using(stop -> start.using(from -> Cuda.binding().elapsedNanoseconds(from, stop)));
    }

    @Override
    public String toString() {
        return isClosed() ? "CudaEvent[closed]" : "CudaEvent[" + device + "]";
    }
}
