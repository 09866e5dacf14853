package dev.wick;

import dev.wick.binding.RunnerParts;
import dev.wick.error.BadArgumentException;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.Deque;
import java.util.List;

/**
 * One method of a model, prepared for many calls after each other: while one is computed, the next one's inputs are
 * copied to the device and the last one's outputs back. One thread submits and one, the same or another, takes.
 *
 * <pre>{@code
 * try (var pipeline = Pipeline.of(model, "forward").input(DType.FLOAT32, 8, 3, 224, 224).cudaGraph().build()) {
 *     for (Batch batch : batches) {
 *         if (pipeline.inFlight() == pipeline.slots()) {
 *             try (var done = pipeline.take()) {        // results come in the order in which they were submitted
 *                 read(done.output(0).segment());
 *             }
 *         }
 *         var slot = pipeline.acquire();
 *         fill(slot.input(0).segment(), batch);
 *         pipeline.submit(slot);
 *     }
 *     while (pipeline.inFlight() > 0) { ... }
 * }
 * }</pre>
 *
 * <p>Each slot has inputs and outputs of its own, so there are never more calls in flight than slots: {@link #acquire()}
 * waits until one is given back. For the latency of a single call {@link Runner} is the shorter way. For a model on the
 * CPU a call is computed when it is submitted.
 */
public final class Pipeline implements AutoCloseable {
    private final List<Slot> slots;
    private final PipelineStreams streams;
    private final Deque<Slot> free = new ArrayDeque<>();
    private final Deque<Slot> submitted = new ArrayDeque<>();
    private boolean closed;

    private Pipeline(List<Slot> slots, PipelineStreams streams) {
        this.slots = List.copyOf(slots);
        this.streams = streams;
        for (Slot slot : slots) {
            slot.pipeline = this;
            free.add(slot);
        }
    }

    /** Begins to prepare a method of a model. */
    public static Builder of(TorchScriptModel model, String method) {
        return new Builder(model, method);
    }

    /** Calls that can be in flight at once. */
    public int slots() {
        return slots.size();
    }

    /** Calls that were submitted and not taken. */
    public synchronized int inFlight() {
        return submitted.size();
    }

    /**
     * A slot to fill; waits until one is free.
     *
     * @throws InterruptedException if the thread is interrupted while it waits
     */
    public synchronized Slot acquire() throws InterruptedException {
        checkOpen();
        while (free.isEmpty()) {
            wait();
            checkOpen();
        }
        return lend();
    }

    /** A slot to fill, or null when all are in use: a thread that both submits and takes would wait for itself. */
    public synchronized Slot tryAcquire() {
        checkOpen();
        return free.isEmpty() ? null : lend();
    }

    private Slot lend() {
        Slot slot = free.poll();
        slot.state = Slot.State.ACQUIRED;
        return slot;
    }

    /**
     * Enqueues the call of a slot; not awaited for a model on a CUDA device.
     *
     * @throws dev.wick.error.TorchException if the call fails; the slot is free again
     */
    public void submit(Slot slot) {
        synchronized (this) {
            checkOpen();
            slot.require(this, Slot.State.ACQUIRED, "acquired");
        }
        try {
            if (streams == null) {
                slot.call.run();
            } else {
                streams.enqueue(slot.call, slot.events);
            }
        } catch (RuntimeException e) {
            if (streams != null) {
                streams.drain();
            }
            giveBack(slot);
            throw e;
        }
        synchronized (this) {
            slot.state = Slot.State.SUBMITTED;
            submitted.add(slot);
            notifyAll();
        }
    }

    /**
     * The slot whose call was submitted first, when its outputs are there: waits for a call to be submitted and for its
     * end. Close the slot when its outputs have been read.
     *
     * @throws InterruptedException         if the thread is interrupted while it waits for a call to be submitted
     * @throws dev.wick.error.CudaException if the device failed; the slot is free again
     */
    public Slot take() throws InterruptedException {
        Slot slot;
        synchronized (this) {
            checkOpen();
            while (submitted.isEmpty()) {
                wait();
                checkOpen();
            }
            slot = submitted.poll();
            slot.state = Slot.State.TAKEN;
        }
        if (streams != null) {
            try {
                slot.events.outputsCopied().synchronize();
            } catch (RuntimeException e) {
                giveBack(slot);
                throw e;
            }
        }
        return slot;
    }

    private synchronized void giveBack(Slot slot) {
        slot.state = Slot.State.FREE;
        free.add(slot);
        notifyAll();
    }

    private void checkOpen() {
        if (closed) {
            throw new IllegalStateException("the pipeline is closed");
        }
    }

    /** Waits for calls in flight and frees everything; threads that wait get an error. Closing again does nothing. */
    @Override
    public void close() {
        synchronized (this) {
            if (closed) {
                return;
            }
            closed = true;
            notifyAll();
        }
        if (streams != null) {
            streams.drain();
        }
        slots.forEach(Slot::free);
        if (streams != null) {
            streams.close();
        }
    }

    /** Inputs and outputs of one call; whoever has it, acquired or taken, uses it on one thread. */
    public static final class Slot implements AutoCloseable {
        private enum State {
            FREE, ACQUIRED, SUBMITTED, TAKEN
        }

        private final PreparedCall call;
        /** Null on the CPU. */
        private final PipelineStreams.Events events;
        private Pipeline pipeline;
        private State state = State.FREE;

        private Slot(PreparedCall call, PipelineStreams.Events events) {
            this.call = call;
            this.events = events;
        }

        /** An input, whose memory is written between {@link Pipeline#acquire()} and {@link Pipeline#submit}. */
        public Tensor input(int index) {
            return at(call.inputs(), index, "inputs");
        }

        /** An output, whose memory is read between {@link Pipeline#take()} and {@link #close()}. */
        public Tensor output(int index) {
            return at(call.outputs(), index, "outputs");
        }

        public int inputCount() {
            return call.inputs().size();
        }

        public int outputCount() {
            return call.outputs().size();
        }

        private Tensor at(List<Tensor> tensors, int index, String what) {
            if (index < 0 || index >= tensors.size()) {
                throw new BadArgumentException("expected an index below " + tensors.size() + ", the number of " + what
                        + ", got " + index);
            }
            synchronized (pipeline) {
                if (state != State.ACQUIRED && state != State.TAKEN) {
                    throw new IllegalStateException("the slot is not yours: it is " + (state == State.FREE ? "free"
                            : "submitted, take() gives it back"));
                }
            }
            return tensors.get(index);
        }

        private void require(Pipeline asking, State wanted, String word) {
            if (pipeline != asking) {
                throw new BadArgumentException("expected a slot of this pipeline");
            }
            if (state != wanted) {
                throw new IllegalStateException("the slot is not " + word);
            }
        }

        /** Gives the slot back, taken or only acquired; closing again does nothing. */
        @Override
        public void close() {
            synchronized (pipeline) {
                if (state == State.ACQUIRED || state == State.TAKEN) {
                    pipeline.giveBack(this);
                }
            }
        }

        private void free() {
            call.close();
            if (events != null) {
                events.close();
            }
        }
    }

    /** What a pipeline is to be prepared for; one thread. */
    public static final class Builder {
        private static final int DEFAULT_SLOTS = 3;

        private final TorchScriptModel model;
        private final String method;
        private final List<Runner.Input> inputs = new ArrayList<>();
        private DType compute;
        private DType output;
        private int threads;
        private int slots = DEFAULT_SLOTS;
        private boolean graph;

        private Builder(TorchScriptModel model, String method) {
            this.model = model;
            this.method = method;
        }

        /** Adds an input of this dtype and shape, in host memory. */
        public Builder input(DType dtype, long... shape) {
            Tensor.elementCount(shape);
            inputs.add(new Runner.Input(dtype, shape.clone(), null));
            return this;
        }

        /** Computes in a floating dtype: on a converted copy of the model, with floating inputs converted each call. */
        public Builder compute(DType dtype) {
            compute = Runner.floating(dtype, "to compute in");
            return this;
        }

        /** Converts floating outputs to a floating dtype; otherwise they come as they are computed. */
        public Builder output(DType dtype) {
            output = Runner.floating(dtype, "for outputs");
            return this;
        }

        /** Runs operators on so many threads, instead of the process's number. */
        public Builder threads(int count) {
            if (count < 1) {
                throw new BadArgumentException("expected at least 1 thread, got " + count);
            }
            threads = count;
            return this;
        }

        /** Lets so many calls be in flight: three keep copy in, computation and copy out busy. */
        public Builder slots(int count) {
            if (count < 1) {
                throw new BadArgumentException("expected at least 1 slot, got " + count);
            }
            slots = count;
            return this;
        }

        /** Captures each slot's computation as a CUDA graph; for a model on a CUDA device. */
        public Builder cudaGraph() {
            Runner.requireCudaForGraph(model);
            graph = true;
            return this;
        }

        /**
         * Prepares the slots and warms them up.
         *
         * @throws dev.wick.error.NotFoundException             if there is no such method
         * @throws BadArgumentException                         if the inputs do not fit its schema
         * @throws dev.wick.error.TorchException                if it fails on them
         * @throws dev.wick.error.UnsupportedFeatureException if a CUDA graph was asked for and something cannot be captured
         */
        public Pipeline build() {
            TorchScriptModel base = compute == null ? model : model.to(compute).model();
            PipelineStreams streams = null;
            List<Slot> made = new ArrayList<>();
            try {
                streams = model.device().type() == Device.Type.CUDA ? PipelineStreams.take(model.device()) : null;
                PreparedCall.Form form = new PreparedCall.Form(compute, output, threads,
                        streams == null ? null : streams.compute(), graph ? RunnerParts.CAPTURED_CALL : null);
                for (int i = 0; i < slots; i++) {
                    PreparedCall call = PreparedCall.of(base, method, RunnerPreparation.zeros(model.device(), inputs),
                            form, false);
                    try {
                        made.add(new Slot(call, streams == null ? null : streams.events()));
                    } catch (RuntimeException e) {
                        call.close();
                        throw e;
                    }
                }
                return new Pipeline(made, streams);
            } catch (RuntimeException | Error e) {
                made.forEach(Slot::free);
                if (streams != null) {
                    streams.close();
                }
                throw e;
            } finally {
                if (base != model) {
                    base.close();
                }
            }
        }
    }
}
