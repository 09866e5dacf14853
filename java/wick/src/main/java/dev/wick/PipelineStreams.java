package dev.wick;

import dev.wick.binding.CudaBinding;
import dev.wick.binding.RunnerParts;
import dev.wick.error.WickException;
import java.util.ArrayList;
import java.util.List;

/**
 * The three streams of a pipeline, so that copies in, computation and copies out go on at once; one thread enqueues.
 *
 * <p>A call's parts are ordered by events: the computation waits for its copy in, the copy out for its computation. Nothing
 * orders one call's copy in with another's computation: they have memory of their own.
 */
final class PipelineStreams implements AutoCloseable {
    private final CudaBinding cuda = Cuda.binding();
    private final Device device;
    private final CudaStream copyIn;
    private final CudaStream compute;
    private final CudaStream copyOut;

    /** What a call's parts wait for. */
    record Events(CudaEvent inputsCopied, CudaEvent computed, CudaEvent outputsCopied) implements AutoCloseable {

        @Override
        public void close() {
            inputsCopied.close();
            computed.close();
            outputsCopied.close();
        }
    }

    private PipelineStreams(Device device, CudaStream copyIn, CudaStream compute, CudaStream copyOut) {
        this.device = device;
        this.copyIn = copyIn;
        this.compute = compute;
        this.copyOut = copyOut;
    }

    static PipelineStreams take(Device device) {
        List<CudaStream> taken = new ArrayList<>();
        try {
            for (int i = 0; i < 3; i++) {
                taken.add(CudaStream.take(device));
            }
        } catch (RuntimeException e) {
            taken.forEach(CudaStream::close);
            throw e;
        }
        return new PipelineStreams(device, taken.get(0), taken.get(1), taken.get(2));
    }

    CudaStream compute() {
        return compute;
    }

    Events events() {
        return new Events(CudaEvent.create(device), CudaEvent.create(device), CudaEvent.create(device));
    }

    void enqueue(PreparedCall call, Events events) {
        cuda.enqueueRunner(call.handle(), RunnerParts.INPUTS, copyIn.handle());
        events.inputsCopied().record(copyIn);
        compute.waitFor(events.inputsCopied());
        if (call.hasGraph()) {
            call.launchGraph(compute.handle());
        } else {
            cuda.enqueueRunner(call.handle(), RunnerParts.CALL, compute.handle());
        }
        events.computed().record(compute);
        copyOut.waitFor(events.computed());
        cuda.enqueueRunner(call.handle(), RunnerParts.OUTPUTS, copyOut.handle());
        events.outputsCopied().record(copyOut);
    }

    /** Waits for all that was enqueued; a lost context has nothing to wait for. */
    void drain() {
        for (CudaStream stream : new CudaStream[] {copyIn, compute, copyOut}) {
            try {
                stream.synchronize();
            } catch (WickException e) {
                // What failed is told to whoever submits or takes.
            }
        }
    }

    @Override
    public void close() {
        copyIn.close();
        compute.close();
        copyOut.close();
    }
}
