package dev.wick.study.measurement;

import dev.wick.DType;
import dev.wick.Tensor;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.util.Random;

/** Inputs for models whose answers do not matter; any thread. */
public final class Noise {
    private static final int INTEGERS_BELOW = 10;

    private Noise() {
    }

    /**
     * A tensor of normal noise; of integers from 0 to 9 for an integer dtype, of both truth values for BOOL.
     *
     * @param dtype float32, an integer dtype or BOOL
     * @return in host memory, the caller's
     */
    public static Tensor of(DType dtype, Random random, long... shape) {
        Tensor tensor = Tensor.empty(dtype == DType.FLOAT32 ? DType.FLOAT32 : DType.INT64, shape);
        MemorySegment memory = tensor.segment();
        if (dtype == DType.FLOAT32) {
            for (long at = 0; at < memory.byteSize(); at += Float.BYTES) {
                memory.set(ValueLayout.JAVA_FLOAT, at, (float) random.nextGaussian());
            }
            return tensor;
        }
        for (long at = 0; at < memory.byteSize(); at += Long.BYTES) {
            memory.set(ValueLayout.JAVA_LONG, at, random.nextInt(dtype == DType.BOOL ? 2 : INTEGERS_BELOW));
        }
        try (tensor) {
            return dtype == DType.INT64 ? tensor.copy() : tensor.to(dtype);
        }
    }
}
