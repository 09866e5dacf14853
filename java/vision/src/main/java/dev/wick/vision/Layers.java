package dev.wick.vision;

import dev.wick.DType;
import dev.wick.ModuleBuilder;
import dev.wick.Operator;
import dev.wick.Tensor;
import java.util.Locale;

/**
 * Adds to a module the layers that architectures share, under PyTorch's names, with its defaults and first weights; one
 * thread.
 *
 * <p>The tensors belong to the caller's {@link dev.wick.TensorScope}.
 */
final class Layers {
    /** Before the names of all classes. */
    private static final String NAMESPACE = "wick.vision.";

    private final Initialization initialization;

    Layers(Initialization initialization) {
        this.initialization = initialization;
    }

    /** The name of a TorchScript class of Wick's. */
    static String className(String name) {
        return NAMESPACE + name;
    }

    /**
     * Adds a {@code Conv2d} without bias, over squares.
     *
     * @return its weight, for an architecture that draws it again
     */
    Tensor convolution(ModuleBuilder parent, String name, long inputs, long outputs, long kernel, long stride, long padding) {
        Tensor weight = parameter(Tensor.empty(DType.FLOAT32, outputs, inputs, kernel, kernel));
        initialization.kaimingUniform(weight);
        parent.child(name, className("Conv2d")).parameter("weight", weight).define(String.format(Locale.ROOT, """
                def forward(self, x: Tensor) -> Tensor:
                    return torch.conv2d(x, self.weight, None, [%1$d, %1$d], [%2$d, %2$d], [1, 1], 1)
                """, stride, padding));
        return weight;
    }

    /** Adds a {@code BatchNorm2d}: by the batch's own statistics in training, by the running ones otherwise. */
    void batchNormalization(ModuleBuilder parent, String name, long channels) {
        parent.child(name, className("BatchNorm2d"))
                .parameter("weight", parameter(filled(1, channels)))
                .parameter("bias", parameter(filled(0, channels)))
                .buffer("running_mean", filled(0, channels))
                .buffer("running_var", filled(1, channels))
                .buffer("num_batches_tracked", Tensor.zeros(DType.INT64))
                .define("""
                def forward(self, x: Tensor) -> Tensor:
                    if self.training:
                        self.num_batches_tracked.add_(1)
                    return torch.batch_norm(x, self.weight, self.bias, self.running_mean, self.running_var,
                                            self.training, 0.1, 1e-05, True)
                """);
    }

    /** Adds a {@code Linear} with a bias. */
    void linear(ModuleBuilder parent, String name, long inputs, long outputs) {
        Tensor weight = parameter(Tensor.empty(DType.FLOAT32, outputs, inputs));
        Tensor bias = parameter(Tensor.empty(DType.FLOAT32, outputs));
        initialization.kaimingUniform(weight);
        initialization.uniform(bias, 1 / Math.sqrt(Initialization.fanIn(weight)));
        parent.child(name, className("Linear")).parameter("weight", weight).parameter("bias", bias).define("""
                def forward(self, x: Tensor) -> Tensor:
                    return torch.linear(x, self.weight, self.bias)
                """);
    }

    /** Begins a {@code Sequential}, whose children are to be "0", "1", ...; {@link #inSequence} finishes it. */
    static ModuleBuilder sequential(ModuleBuilder parent, String name) {
        return parent.child(name, className("Sequential"));
    }

    /** Gives a {@code Sequential} its method, once its children are there. */
    static void inSequence(ModuleBuilder sequential, int children) {
        // Written out: TorchScript has no loop over children of different classes.
        StringBuilder source = new StringBuilder("def forward(self, x: Tensor) -> Tensor:\n");
        for (int i = 0; i < children; i++) {
            source.append("    x = getattr(self, \"").append(i).append("\").forward(x)\n");
        }
        sequential.define(source.append("    return x\n").toString());
    }

    private static Tensor filled(double value, long size) {
        Tensor tensor = Tensor.empty(DType.FLOAT32, size);
        Operator.call("aten::fill_", tensor, value).close();
        return tensor;
    }

    private static Tensor parameter(Tensor tensor) {
        Operator.call("aten::requires_grad_", tensor, true).close();
        return tensor;
    }
}
