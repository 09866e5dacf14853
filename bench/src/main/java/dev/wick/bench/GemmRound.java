package dev.wick.bench;

import dev.wick.Arguments;
import dev.wick.Cuda;
import dev.wick.CudaEvent;
import dev.wick.CudaStream;
import dev.wick.DType;
import dev.wick.Device;
import dev.wick.Gemm;
import dev.wick.Operator;
import dev.wick.Tensor;
import dev.wick.binding.CublasComputeType;
import java.io.IOException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.stream.Stream;

/**
 * Products of square matrices, at a driver's pace: {@code DEVICE SIZE,... TYPE,... CALLS,... OUT}, with as many calls a
 * sample for each size as CALLS says.
 *
 * <p>A round prints a line for each size and type: microseconds of one call among many on an idle device, until it was
 * enqueued, between two events of the device's clock, and until all was done. Before the first, elements of each result
 * are written to {@code OUT.TYPE-SIZE.f32}. native/benchmarks/gemm_harness.cpp is the other side: same operands, same
 * handle and workspace of LibTorch's.
 */
public final class GemmRound {
    /** Of the noise that operands are filled with; as the harness has it. */
    private static final long SEED = 1;
    /** C2 compiles a method after some ten thousand calls. */
    private static final int COMPILING_CALLS = 15_000;
    private static final int COMPILING_SIZE = 16;

    private GemmRound() {
    }

    private enum Type {
        FP32(DType.FLOAT32, CublasComputeType.FLOAT32), TF32(DType.FLOAT32, CublasComputeType.FLOAT32_FAST_TF32),
        FP16(DType.FLOAT16, CublasComputeType.FLOAT32), BF16(DType.BFLOAT16, CublasComputeType.FLOAT32),
        FP64(DType.FLOAT64, CublasComputeType.FLOAT64);

        private final DType dtype;
        private final CublasComputeType compute;

        Type(DType dtype, CublasComputeType compute) {
            this.dtype = dtype;
            this.compute = compute;
        }

        String text() {
            return name().toLowerCase(Locale.ROOT);
        }
    }

    /** A prepared product of matrices of its own; stream and events are null on the CPU. */
    private record Product(int size, Type type, int calls, Tensor a, Tensor b, Gemm gemm, CudaStream stream,
            CudaEvent start, CudaEvent stop) implements AutoCloseable {

        static Product of(Device device, CudaStream stream, int size, Type type, int calls) {
            Tensor a = noise(device, type.dtype, SEED, size);
            Tensor b = noise(device, type.dtype, SEED + 1, size);
            Gemm.Builder builder = Gemm.of(a, b).compute(type.compute).allowReducedPrecisionReduction(true);
            if (stream == null) {
                return new Product(size, type, calls, a, b, builder.prepare(), null, null, null);
            }
            // The matrices were made on the default stream.
            Cuda.synchronize(device);
            return new Product(size, type, calls, a, b, builder.on(stream).prepare(), stream, CudaEvent.timed(device),
                    CudaEvent.timed(device));
        }

        private static Tensor noise(Device device, DType dtype, long seed, int size) {
            try (Tensor normal = Operator.call("aten::randn", new long[] {size, size},
                    Arguments.keyword("generator", Arguments.generator(seed))).tensor();
                    Tensor typed = normal.to(dtype)) {
                return typed.to(device);
            }
        }

        /** Prints the line of one sample. */
        void measure() {
            long begin;
            long enqueued;
            if (stream == null) {
                begin = System.nanoTime();
                run();
                enqueued = 0;
            } else {
                stream.synchronize();
                start.record(stream);
                begin = System.nanoTime();
                run();
                enqueued = System.nanoTime();
                stop.record(stream);
                stream.synchronize();
            }
            long done = System.nanoTime();
            RoundReport report = new RoundReport().text("dtype", type.text()).number("m", size).number("n", size)
                    .number("k", size).number("calls", calls).number("total_us", (done - begin) / 1e3 / calls);
            if (stream != null) {
                report.number("enqueue_us", (enqueued - begin) / 1e3 / calls)
                        .number("gpu_us", stop.nanosecondsSince(start) / 1e3 / calls);
            }
            report.print();
        }

        private void run() {
            for (int i = 0; i < calls; i++) {
                gemm.run();
            }
        }

        void write(Path file) throws IOException {
            gemm.run();
            if (stream != null) {
                stream.synchronize();
            }
            BenchFiles.writeSpread(gemm.result(), file);
        }

        @Override
        public void close() {
            gemm.close();
            a.close();
            b.close();
            if (stream != null) {
                start.close();
                stop.close();
            }
        }
    }

    public static void main(String... args) throws Exception {
        Device device = Device.parse(args[0]);
        List<Integer> sizes = Stream.of(args[1].split(",")).map(Integer::parseInt).toList();
        List<Type> types = Stream.of(args[2].split(",")).map(type -> Type.valueOf(type.toUpperCase(Locale.ROOT)))
                .toList();
        List<Integer> calls = Stream.of(args[3].split(",")).map(Integer::parseInt).toList();
        List<Product> products = new ArrayList<>();
        try (CudaStream stream = device.type() == Device.Type.CUDA ? CudaStream.take(device) : null) {
            try {
                compileJava(device, stream);
                for (int i = 0; i < sizes.size(); i++) {
                    for (Type type : types) {
                        Product product = Product.of(device, stream, sizes.get(i), type, calls.get(i));
                        products.add(product);
                        product.write(Path.of(args[4] + "." + type.text() + "-" + sizes.get(i) + ".f32"));
                    }
                }
                Paced.rounds(() -> products.forEach(Product::measure));
            } finally {
                products.forEach(Product::close);
            }
        }
    }

    private static void compileJava(Device device, CudaStream stream) {
        try (Product small = Product.of(device, stream, COMPILING_SIZE, Type.FP32, 1)) {
            for (int i = 0; i < COMPILING_CALLS; i++) {
                small.gemm().run();
            }
            if (stream != null) {
                stream.synchronize();
            }
        }
    }
}
