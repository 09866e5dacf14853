package dev.wick.cli;

import dev.wick.Operator;
import dev.wick.Tensor;
import dev.wick.TensorDifference;
import dev.wick.TensorScope;
import java.util.HashSet;
import java.util.List;
import java.util.Set;

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
            long[] ours = topIndices(output);
            long[] theirs = topIndices(reference);
            long common = 0;
            for (int row = 0; row < ours.length; row += TOP) {
                Set<Long> wanted = new HashSet<>();
                for (int i = row; i < row + TOP; i++) {
                    wanted.add(theirs[i]);
                }
                for (int i = row; i < row + TOP; i++) {
                    common += wanted.contains(ours[i]) ? 1 : 0;
                }
            }
            return (double) common / ours.length;
        }
    }

    private static long[] topIndices(Tensor tensor) {
        Tensor exact = tensor.to(dev.wick.DType.FLOAT32);
        return Operator.call("aten::topk", exact, (long) TOP).get(1).tensor().toLongArray();
    }
}
