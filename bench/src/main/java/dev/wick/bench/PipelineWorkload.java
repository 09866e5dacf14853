package dev.wick.bench;

import dev.wick.Arguments;
import dev.wick.DType;
import dev.wick.Device;
import dev.wick.Model;
import dev.wick.ModuleBuilder;
import dev.wick.Operator;
import dev.wick.Pipeline;
import dev.wick.Tensor;
import dev.wick.TorchScriptModel;
import java.io.IOException;
import java.lang.foreign.MemorySegment;
import java.nio.file.Path;

/** One model in a pipeline, and what the pipeline does by itself: its copies, and its computation; one thread. */
final class PipelineWorkload implements AutoCloseable {
    /** Of a sample: as many batches as take so long. */
    private static final double SAMPLE_NANOSECONDS = 3e8;
    private static final int MOST_BATCHES = 2000;
    private static final int FIRST_BATCHES = 3;
    /** Rows and columns of the balanced workload: 32 MiB of float16 in and out. */
    private static final int SIDE = 4096;
    private static final int FIRST_PRODUCTS = 8;
    private static final int MOST_PRODUCTS = 500;

    private final String name;
    private final int batch;
    /** Of the balanced workload; else 0. */
    private final int products;
    private final Pipeline pipeline;
    private final Tensor input;
    private final PipelineParts parts;
    private final Tensor result;
    private int batches = FIRST_BATCHES;

    private PipelineWorkload(String name, TorchScriptModel model, Tensor input, DType compute, int batch, int products) {
        this.name = name;
        this.batch = batch;
        this.products = products;
        this.input = input;
        boolean cuda = model.device().type() == Device.Type.CUDA;
        Pipeline.Builder builder = Pipeline.of(model, "forward").input(input.dtype(), input.shape());
        if (compute != null) {
            builder.compute(compute).output(input.dtype());
        }
        this.pipeline = (cuda ? builder.cudaGraph() : builder).build();
        try {
            fillSlots();
            this.result = first();
            this.parts = cuda ? new CudaParts(model, input, compute, result) : new CpuParts(model, input);
        } catch (RuntimeException | Error e) {
            pipeline.close();
            throw e;
        } catch (InterruptedException e) {
            pipeline.close();
            throw new IllegalStateException(e);
        }
    }

    /** A model on a batch of one image, computed in float16 on a GPU. */
    static PipelineWorkload of(Device device, String name, Path archive, Path image, long[] shape, int batch)
            throws IOException {
        long[] sizes = shape.clone();
        sizes[0] = batch;
        Tensor images = Tensor.empty(DType.FLOAT32, sizes);
        try (TorchScriptModel model = Model.load(archive, device); Tensor one = Tensor.empty(DType.FLOAT32, shape)) {
            BenchFiles.readNpy(image, one);
            for (int i = 0; i < batch; i++) {
                try (Tensor at = images.slice(0, i, i + 1)) {
                    at.copyFrom(one);
                }
            }
            return new PipelineWorkload(name, model, images, device.type() == Device.Type.CUDA ? DType.FLOAT16 : null,
                    batch, 0);
        }
    }

    /** As many products of large matrices as take the time of copying one there and another back. */
    static PipelineWorkload balanced(Device device) {
        int products = FIRST_PRODUCTS;
        try (PipelineWorkload first = chain(device, products)) {
            first.parts.compute(FIRST_BATCHES);
            first.parts.copy(FIRST_BATCHES);
            double ofProduct = first.parts.compute(FIRST_BATCHES) / products;
            products = Math.clamp(Math.round(first.parts.copy(FIRST_BATCHES) / ofProduct), 1, MOST_PRODUCTS);
        }
        return chain(device, products);
    }

    private static PipelineWorkload chain(Device device, int products) {
        Tensor rows = noise(1);
        try (ModuleBuilder builder = ModuleBuilder.of("Chain"); Tensor weight = noise(1 / Math.sqrt(SIDE));
                TorchScriptModel here = builder.buffer("weight", weight).define("""
                        def forward(self, x):
                            for i in range(%d):
                                x = torch.matmul(x, self.weight)
                            return x
                        """.formatted(products)).build();
                TorchScriptModel model = here.to(device).model()) {
            return new PipelineWorkload("balanced", model, rows, null, SIDE, products);
        }
    }

    /** Of a deviation that keeps the size of what it is multiplied with. */
    private static Tensor noise(double deviation) {
        try (Tensor normal = Operator.call("aten::randn", new long[] {SIDE, SIDE},
                Arguments.keyword("generator", Arguments.generator(1))).tensor();
                Tensor scaled = Operator.call("aten::mul", normal, deviation).tensor()) {
            return scaled.to(DType.FLOAT16);
        }
    }

    private void fillSlots() {
        Pipeline.Slot[] slots = new Pipeline.Slot[pipeline.slots()];
        for (int i = 0; i < slots.length; i++) {
            slots[i] = pipeline.tryAcquire();
            MemorySegment.copy(input.segment(), 0, slots[i].input(0).segment(), 0, input.byteSize());
        }
        for (Pipeline.Slot slot : slots) {
            slot.close();
        }
    }

    private Tensor first() throws InterruptedException {
        pipeline.submit(pipeline.acquire());
        try (Pipeline.Slot slot = pipeline.take()) {
            return slot.output(0).copy();
        }
    }

    /** Settles how many batches a sample has. */
    void settle() throws InterruptedException {
        measure();
        double ofBatch = measure(FIRST_BATCHES);
        batches = Math.clamp(Math.round(SAMPLE_NANOSECONDS / ofBatch), parts.fewestBatches(), MOST_BATCHES);
    }

    void write(String out) throws IOException {
        BenchFiles.writeSpread(result, Path.of(out + "." + name + ".pipeline.f32"));
        try (Tensor computed = parts.result()) {
            BenchFiles.writeSpread(computed, Path.of(out + "." + name + ".compute.f32"));
        }
    }

    /** One sample of each, after each other. */
    RoundReport measure() throws InterruptedException {
        double copy = parts.copy(batches);
        double compute = parts.compute(batches);
        double piped = measure(batches);
        RoundReport report = new RoundReport().text("workload", name).number("batch", batch).number("batches", batches)
                .number("slots", pipeline.slots()).number("inputBytes", input.byteSize())
                .number("outputBytes", result.byteSize()).number("products", products)
                .number("pipelineNs", piped).number("computeNs", compute);
        return copy < 0 ? report : report.number("copyNs", copy);
    }

    /** Nanoseconds of a batch in the pipeline. */
    private double measure(int count) throws InterruptedException {
        long start = System.nanoTime();
        for (int i = 0; i < count; i++) {
            Pipeline.Slot slot = pipeline.tryAcquire();
            if (slot == null) {
                pipeline.take().close();
                slot = pipeline.acquire();
            }
            pipeline.submit(slot);
        }
        while (pipeline.inFlight() > 0) {
            pipeline.take().close();
        }
        return (System.nanoTime() - start) / (double) count;
    }

    @Override
    public void close() {
        pipeline.close();
        parts.close();
        result.close();
        input.close();
    }
}
