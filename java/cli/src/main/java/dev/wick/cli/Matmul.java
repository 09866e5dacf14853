package dev.wick.cli;

import dev.wick.Arguments;
import dev.wick.Operator;
import dev.wick.Tensor;
import dev.wick.binding.CallSettings;
import dev.wick.binding.GemmEpilogue;

/** What PyTorch makes of a gemm: {@code aten::matmul}, and one operator after another on what it gives; one thread. */
final class Matmul {
    private final Operator matmul = Operator.of("aten::matmul", "");
    private final Operator add = Operator.of("aten::add_", "Tensor");
    private final Operator relu = Operator.of("aten::relu_", "");
    private final Operator gelu = Operator.of("aten::gelu_", "");
    private final Tensor left;
    private final Tensor right;
    private final Tensor bias;
    private final GemmEpilogue activation;
    private final CallSettings settings;

    /**
     * A product of two tensors.
     *
     * @param bias     null where the epilogue has none
     * @param settings of every operator
     */
    Matmul(Tensor left, Tensor right, GemmEpilogue epilogue, Tensor bias, CallSettings settings) {
        this.settings = settings;
        this.left = left;
        this.right = right;
        this.bias = bias;
        this.activation = epilogue.activation();
    }

    /** The product, which is the caller's to close. */
    Tensor product() {
        Tensor product = matmul.apply(settings, left, right).tensor();
        if (bias != null) {
            add.apply(settings, product, bias).close();
        }
        switch (activation) {
            case RELU -> relu.apply(settings, product).close();
            case GELU -> gelu.apply(settings, product, Arguments.keyword("approximate", "tanh")).close();
            default -> {
                // Nothing follows.
            }
        }
        return product;
    }

    /** Makes it and lets it go. */
    void run() {
        product().close();
    }
}
