package dev.wick.cli;

import dev.wick.DType;
import dev.wick.Operator;
import dev.wick.Tensor;
import dev.wick.TensorDifference;
import dev.wick.TensorScope;
import dev.wick.study.metric.TopK;
import java.util.Arrays;
import java.util.List;

/**
 * How far outputs are from those that are held to be right; immutable.
 *
 * @param maximum       largest absolute difference over all outputs
 * @param mean          mean absolute difference over all elements of all outputs
 * @param top5Agreement over the rows of the first output's last dimension, the mean share of the five largest elements'
 *                      indices that both have; null when it has fewer than five elements, or is not floating
 * @param nanOutputs    elements that are NaN, in all outputs
 */
record OutputComparison(double maximum, double mean, Double top5Agreement, long nanOutputs) {
    private static final int TOP = 5;

    static OutputComparison of(List<Tensor> outputs, List<Tensor> references) {
        double maximum = 0;
        double sum = 0;
        long count = 0;
        long nans = 0;
        for (int i = 0; i < outputs.size(); i++) {
            TensorDifference difference = TensorDifference.between(outputs.get(i), references.get(i));
            // Math.max keeps a NaN.
            maximum = Math.max(maximum, difference.maximum());
            sum += difference.mean() * outputs.get(i).elementCount();
            count += outputs.get(i).elementCount();
            nans += nans(outputs.get(i));
        }
        return new OutputComparison(maximum, count == 0 ? 0 : sum / count, top5(outputs.getFirst(),
                references.getFirst()), nans);
    }

    private static long nans(Tensor tensor) {
        if (!tensor.dtype().isFloating()) {
            return 0;
        }
        try (TensorScope _ = TensorScope.open()) {
            Tensor marks = Operator.call("aten::isnan", tensor).tensor();
            return Operator.call("aten::sum", marks).tensor().itemLong();
        }
    }

    private static Double top5(Tensor output, Tensor reference) {
        if (!output.dtype().isFloating() || output.dimensions() == 0 || output.size(-1) < TOP
                || output.elementCount() == 0) {
            return null;
        }
        try (TensorScope _ = TensorScope.open()) {
            float[] ours = output.to(DType.FLOAT32).toFloatArray();
            float[] theirs = reference.to(DType.FLOAT32).toFloatArray();
            int width = Math.toIntExact(output.size(-1));
            double sum = 0;
            for (int row = 0; row < ours.length; row += width) {
                sum += TopK.agreement(Arrays.copyOfRange(ours, row, row + width),
                        Arrays.copyOfRange(theirs, row, row + width), TOP);
            }
            return sum * width / ours.length;
        }
    }
}
