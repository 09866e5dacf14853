package dev.wick.vision;

import dev.wick.Operator;
import dev.wick.Tensor;
import dev.wick.binding.CallSettings;

/**
 * A parameter of a model that is being made or described; one thread.
 *
 * @param shape  its sizes
 * @param tensor null in a description
 */
record Weight(long[] shape, Tensor tensor) {
    long elementCount() {
        long count = 1;
        for (long size : shape) {
            count *= size;
        }
        return count;
    }

    /** Inputs that reach one output of a weight of shape [outputs, inputs, kernel...]. */
    long fanIn() {
        return elementCount() / shape[0];
    }

    /** Outputs that one input reaches. */
    long fanOut() {
        return elementCount() / shape[1];
    }

    /** Sets all elements; does nothing in a description. */
    void fill(double value) {
        if (tensor != null) {
            // Parameters require gradients: they may be written only where none is recorded.
            Operator.call(CallSettings.NO_GRAD, "aten::fill_", tensor, value).close();
        }
    }
}
