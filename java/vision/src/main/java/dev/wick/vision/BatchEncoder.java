package dev.wick.vision;

import dev.wick.DType;
import dev.wick.Optimization;
import dev.wick.Runner;
import dev.wick.Tensor;
import dev.wick.TorchScriptModel;
import dev.wick.error.BadArgumentException;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;

/**
 * One method of a model, prepared for batches of one size, each row of which gives a row of floats; one thread.
 *
 * <p>It is a {@link Runner}: on a CUDA device its memory is page-locked, and a run waits once.
 */
public final class BatchEncoder implements AutoCloseable {
    private final Runner runner;
    private final int batch;
    private final int width;

    /**
     * Prepares it.
     *
     * @param input shape of one row's input
     * @throws BadArgumentException if the method does not give one row of floats for each of the batch
     */
    static BatchEncoder of(TorchScriptModel model, String method, int batch, DType dtype, Optimization optimization,
            long... input) {
        if (batch < 1) {
            throw new BadArgumentException("expected a batch of at least 1, got " + batch);
        }
        long[] shape = new long[input.length + 1];
        shape[0] = batch;
        System.arraycopy(input, 0, shape, 1, input.length);
        Runner runner = Runner.of(model, method).input(dtype, shape).output(DType.FLOAT32).optimize(optimization)
                .build();
        try {
            Tensor output = runner.output(0);
            if (output.dimensions() != 2 || output.size(0) != batch) {
                throw new BadArgumentException("expected '" + method + "' to give " + batch + " rows for " + batch
                        + " inputs, got the shape " + java.util.Arrays.toString(output.shape()));
            }
            return new BatchEncoder(runner, batch, Math.toIntExact(output.size(1)));
        } catch (RuntimeException e) {
            runner.close();
            throw e;
        }
    }

    private BatchEncoder(Runner runner, int batch, int width) {
        this.runner = runner;
        this.batch = batch;
        this.width = width;
    }

    /** Rows of a run. */
    public int batch() {
        return batch;
    }

    /** Floats of a row of the output. */
    public int width() {
        return width;
    }

    /** Memory of the inputs, row after row; what a run does not need stays as it was. */
    public MemorySegment input() {
        return runner.input(0).segment();
    }

    /** How the model was prepared. */
    public Runner.Preparation preparation() {
        return runner.preparation();
    }

    /**
     * Runs once.
     *
     * @param rows how many of the inputs are meant, from 1 to the batch
     * @return theirs, [rows][width]; copies
     */
    public float[][] run(int rows) {
        if (rows < 1 || rows > batch) {
            throw new BadArgumentException("expected 1 to " + batch + " rows, got " + rows);
        }
        runner.run();
        MemorySegment output = runner.output(0).segment();
        float[][] result = new float[rows][width];
        for (int row = 0; row < rows; row++) {
            MemorySegment.copy(output, ValueLayout.JAVA_FLOAT, (long) row * width * Float.BYTES, result[row], 0, width);
        }
        return result;
    }

    @Override
    public void close() {
        runner.close();
    }
}
