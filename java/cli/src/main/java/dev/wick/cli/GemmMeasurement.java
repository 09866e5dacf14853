package dev.wick.cli;

import dev.wick.Arguments;
import dev.wick.Cuda;
import dev.wick.CudaStream;
import dev.wick.DType;
import dev.wick.Device;
import dev.wick.Gemm;
import dev.wick.Operator;
import dev.wick.Tensor;
import dev.wick.TensorDifference;
import dev.wick.TensorScope;
import dev.wick.binding.CallSettings;
import dev.wick.binding.CudaNumerics;
import dev.wick.binding.GemmEpilogue;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;

/**
 * Measures a prepared gemm beside {@code aten::matmul}, one size and type at a time; one thread.
 *
 * @param device     to run on
 * @param batch      matrices
 * @param transposeA whether A is stored transposed
 * @param transposeB whether B is stored transposed
 * @param epilogue   after the product
 * @param rounds     samples of each side
 * @param warmUp     calls of each side before the first sample
 * @param budget     of a cell, in nanoseconds
 */
record GemmMeasurement(Device device, int batch, boolean transposeA, boolean transposeB, GemmEpilogue epilogue,
        int rounds, int warmUp, long budget) {
    /** Of the noise that matrices are filled with. */
    static final long SEED = 1;
    /** Beyond this the two are not the same product: rounding takes less, at any size that fits a device. */
    static final double MOST_DIFFERENCE = 0.05;
    /** Calls before the first sample go on for so long: short ones are slow until the JVM has compiled them. */
    private static final long WARM_UP_NANOSECONDS = 500_000_000;
    /** Of one sample. Fewer than CUDA lets wait in a stream, so that enqueueing is not held up. */
    private static final int MOST_CALLS = 200;

    /** Measures one cell. */
    GemmCell measure(GemmSize size, GemmType type, Watchdog watchdog, CellProgress progress) {
        String cell = type + ", " + size;
        long begin = System.nanoTime();
        progress.doing(cell + ": preparing");
        watchdog.begin("preparing " + cell, Watchdog.limit(budget));
        boolean cuda = device.type() == Device.Type.CUDA;
        CudaNumerics before = cuda ? Cuda.numerics() : null;
        try (CudaStream stream = cuda ? CudaStream.take(device) : null; TensorScope _ = TensorScope.open()) {
            if (cuda) {
                // Both sides may do the same.
                Cuda.setNumerics(before.withTf32(type == GemmType.TF32));
            }
            Tensor a = matrices(type.dtype(), size.m(), size.k(), transposeA, SEED);
            Tensor b = matrices(type.dtype(), size.k(), size.n(), transposeB, SEED + 1);
            Tensor bias = epilogue.hasBias() ? noise(type.dtype(), SEED + 2, size.n()) : null;
            Gemm.Builder builder = Gemm.of(a, b).compute(type.compute()).allowReducedPrecisionReduction(true)
                    .epilogue(epilogue, bias);
            if (cuda) {
                builder.on(stream);
                // The matrices were made on the default stream.
                Cuda.synchronize(device);
            }
            if (transposeA) {
                builder.transposeA();
            }
            if (transposeB) {
                builder.transposeB();
            }
            try (Gemm gemm = builder.prepare()) {
                Matmul matmul = new Matmul(transposeA ? transposed(a) : a, transposeB ? transposed(b) : b, epilogue,
                        bias, cuda ? stream.noGrad() : CallSettings.NO_GRAD);
                gemm.run();
                if (cuda) {
                    stream.synchronize();
                }
                double difference = difference(gemm.result(), matmul);
                if (!(difference <= MOST_DIFFERENCE)) {
                    throw new CliException(String.format(Locale.ROOT, "the gemm and aten::matmul differ by %.2g of the "
                            + "largest element: this is not the same product", difference), "please report it");
                }
                return measure(size, type, gemm, matmul::run, stream, difference, begin, watchdog, progress);
            }
        } finally {
            watchdog.end();
            if (cuda) {
                Cuda.setNumerics(before);
            }
        }
    }

    private GemmCell measure(GemmSize size, GemmType type, Gemm gemm, Runnable matmul, CudaStream stream,
            double difference, long begin, Watchdog watchdog, CellProgress progress) {
        try (CallTimer timer = CallTimer.of(stream)) {
            return measure(size, type, gemm, matmul, timer, difference, begin, watchdog, progress);
        }
    }

    private GemmCell measure(GemmSize size, GemmType type, Gemm gemm, Runnable matmul, CallTimer timer,
            double difference, long begin, Watchdog watchdog, CellProgress progress) {
        String cell = type + ", " + size;
        progress.doing(cell);
        double once = 0;
        long warmed = System.nanoTime();
        for (int i = 0; i == 0 || System.nanoTime() - begin < budget / 2
                && (i < warmUp || System.nanoTime() - warmed < WARM_UP_NANOSECONDS); i++) {
            watchdog.begin(cell, Watchdog.limit(budget));
            once = Math.max(timer.time(gemm::run, 1).nanoseconds(), timer.time(matmul, 1).nanoseconds());
        }
        int calls = (int) Math.clamp(timer.sampleNanoseconds() / Math.max(1, once), 1, MOST_CALLS);
        List<CallTimer.Timing> ofGemm = new ArrayList<>();
        List<CallTimer.Timing> ofMatmul = new ArrayList<>();
        while (ofGemm.size() < rounds && (ofGemm.isEmpty() || System.nanoTime() - begin < budget)) {
            watchdog.begin(cell, Watchdog.limit(budget));
            // Neither side is always the one that finds the caches as the other left them.
            boolean gemmFirst = ofGemm.size() % 2 == 0;
            if (gemmFirst) {
                ofGemm.add(timer.time(gemm::run, calls));
            }
            ofMatmul.add(timer.time(matmul, calls));
            if (!gemmFirst) {
                ofGemm.add(timer.time(gemm::run, calls));
            }
            progress.ran();
        }
        return new GemmCell(size, type, batch, calls, ofGemm, ofMatmul, ofGemm.size() < rounds, difference,
                gemm.bufferBytes());
    }

    // The matrices

    private Tensor matrices(DType dtype, long rows, long columns, boolean transposed, long seed) {
        long first = transposed ? columns : rows;
        long second = transposed ? rows : columns;
        return batch == 1 ? noise(dtype, seed, first, second) : noise(dtype, seed, batch, first, second);
    }

    private Tensor noise(DType dtype, long seed, long... shape) {
        try (Tensor normal = Operator.call("aten::randn", shape,
                Arguments.keyword("generator", Arguments.generator(seed))).tensor(); Tensor typed = normal.to(dtype)) {
            return typed.to(device);
        }
    }

    private static Tensor transposed(Tensor tensor) {
        return tensor.dimensions() == 2 ? tensor.permute(1, 0) : tensor.permute(0, 2, 1);
    }

    /** Over the largest element, since small ones are as inexact as large ones. */
    private static double difference(Tensor result, Matmul matmul) {
        try (Tensor product = matmul.product()) {
            if (result.device().type() == Device.Type.CUDA) {
                Cuda.synchronize(result.device());
            }
            TensorDifference difference = TensorDifference.between(result, product);
            return difference.maximum() == 0 ? 0 : difference.maximum() / difference.referenceMaximum();
        }
    }
}
