package dev.wick;

import java.util.Arrays;

/**
 * How far two tensors of the same shape are from each other, computed in float64; immutable.
 *
 * <p>Elements that are equal, or NaN in both, differ by 0; NaN against a number makes the figures NaN.
 *
 * @param maximum          largest absolute difference
 * @param mean             mean absolute difference
 * @param referenceMaximum largest absolute finite value of the reference
 */
public record TensorDifference(double maximum, double mean, double referenceMaximum) {

    /** Compares a tensor with the one that is held to be right. */
    public static TensorDifference between(Tensor tensor, Tensor reference) {
        if (!Arrays.equals(tensor.shape(), reference.shape())) {
            throw new dev.wick.error.BadArgumentException("expected shape " + Arrays.toString(reference.shape())
                    + ", got " + Arrays.toString(tensor.shape()));
        }
        if (tensor.elementCount() == 0) {
            return new TensorDifference(0, 0, 0);
        }
        try (TensorScope _ = TensorScope.open()) {
            Tensor left = tensor.to(Device.CPU).to(DType.FLOAT64);
            Tensor right = reference.to(Device.CPU).to(DType.FLOAT64);
            Tensor same = one("aten::logical_or", one("aten::eq", left, right),
                    one("aten::logical_and", one("aten::isnan", left), one("aten::isnan", right)));
            Tensor difference = one("aten::masked_fill", one("aten::abs", one("aten::sub", left, right)), same, 0.0);
            Tensor finite = one("aten::nan_to_num", right, 0.0, 0.0, 0.0);
            return new TensorDifference(one("aten::max", difference).item(), one("aten::mean", difference).item(),
                    one("aten::max", one("aten::abs", finite)).item());
        }
    }

    /** Whether every difference is at most {@code relative} of the reference's largest value, plus {@code absolute}. */
    public boolean within(double relative, double absolute) {
        return maximum <= relative * referenceMaximum + absolute;
    }

    private static Tensor one(String name, Object... arguments) {
        return Operator.call(name, arguments).tensor();
    }
}
