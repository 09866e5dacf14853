package dev.wick.study.precision;

import dev.wick.study.metric.TopK;
import dev.wick.vision.Features;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.function.UnaryOperator;

/**
 * How far a model's answers are from those held to be right; immutable.
 *
 * @param inputs             that were compared
 * @param probabilityMaximum largest absolute difference of a probability; NaN if there was one
 * @param probabilityMean    mean absolute difference over all probabilities
 * @param top5               mean share of the five most probable that both have; NaN where there are no more than five
 * @param top1               share of the inputs whose most probable is the same
 * @param cosineMinimum      smallest cosine of an output with its reference
 * @param cosineMean         mean of these cosines
 * @param nanOutputs         elements of the outputs that are NaN
 */
public record Agreement(int inputs, double probabilityMaximum, double probabilityMean, double top5, double top1,
        double cosineMinimum, double cosineMean, long nanOutputs) {
    private static final int TOP = 5;

    /**
     * Compares.
     *
     * @param outputs       [inputs][width], at least one
     * @param references    at least as many rows
     * @param probabilities of an output
     */
    static Agreement of(float[][] outputs, float[][] references, UnaryOperator<float[]> probabilities) {
        double maximum = 0;
        double sum = 0;
        long count = 0;
        double top5 = 0;
        int top1 = 0;
        double cosineMinimum = Double.POSITIVE_INFINITY;
        double cosines = 0;
        long nans = 0;
        for (int i = 0; i < outputs.length; i++) {
            float[] ours = probabilities.apply(outputs[i]);
            float[] theirs = probabilities.apply(references[i]);
            for (int j = 0; j < ours.length; j++) {
                double difference = Math.abs((double) ours[j] - theirs[j]);
                // Math.max keeps a NaN.
                maximum = Math.max(maximum, difference);
                sum += difference;
            }
            count += ours.length;
            top5 += ours.length > TOP ? TopK.agreement(ours, theirs, TOP) : Double.NaN;
            top1 += TopK.indices(ours, 1)[0] == TopK.indices(theirs, 1)[0] ? 1 : 0;
            double cosine = cosine(outputs[i], references[i]);
            cosineMinimum = Math.min(cosineMinimum, cosine);
            cosines += cosine;
            for (float element : outputs[i]) {
                nans += Float.isNaN(element) ? 1 : 0;
            }
        }
        int inputs = outputs.length;
        return new Agreement(inputs, maximum, sum / count, top5 / inputs, (double) top1 / inputs, cosineMinimum,
                cosines / inputs, nans);
    }

    private static double cosine(float[] a, float[] b) {
        return Features.dot(a, b) / Math.sqrt(Features.dot(a, a) * Features.dot(b, b));
    }

    Map<String, Object> toMap() {
        Map<String, Object> map = new LinkedHashMap<>();
        map.put("inputs", inputs);
        map.put("probabilityMaxAbsDiff", probabilityMaximum);
        map.put("probabilityMeanAbsDiff", probabilityMean);
        map.put("top5Agreement", Double.isNaN(top5) ? null : (Double) top5);
        map.put("top1Agreement", top1);
        map.put("cosineMin", cosineMinimum);
        map.put("cosineMean", cosineMean);
        map.put("nanOutputs", nanOutputs);
        return map;
    }
}
