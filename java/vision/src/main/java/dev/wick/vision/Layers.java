package dev.wick.vision;

import dev.wick.DType;
import dev.wick.Operator;
import dev.wick.Tensor;
import dev.wick.vision.ArchitectureSummary.Kind;
import dev.wick.vision.ArchitectureSummary.Layer;
import dev.wick.vision.ArchitectureSummary.Tower;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Locale;

/**
 * Adds to a module the layers that architectures share, under PyTorch's names, with its defaults and first weights, and
 * notes what each computes; one thread.
 *
 * <p>What runs through the layers is followed: {@link #side()} is the height and width of the pictures that the next
 * convolution takes, which whoever branches or pools sets again.
 */
final class Layers {
    /** Before the names of all classes. */
    private static final String NAMESPACE = "wick.vision.";

    private final Initialization initialization;
    private final List<Layer> noted = new ArrayList<>();
    private Tower tower = Tower.IMAGE;
    private String stage = "";
    private long side;

    /** @param side height and width of the picture */
    Layers(Initialization initialization, long side) {
        this.initialization = initialization;
        this.side = side;
    }

    /** The name of a TorchScript class of Wick's. */
    static String className(String name) {
        return NAMESPACE + name;
    }

    /** Layers that follow belong to this stage. */
    void stage(Tower ofTower, String name) {
        tower = ofTower;
        stage = name;
    }

    /** Height and width of what the next convolution takes. */
    long side() {
        return side;
    }

    /** Sets height and width of what the next convolution takes. */
    void side(long next) {
        side = next;
    }

    /** All layers so far. */
    List<Layer> noted() {
        return noted;
    }

    /** Notes a layer. */
    void note(ModulePart parent, String name, Kind kind, long[] shape, long parameters, long multiplyAdds,
            long... output) {
        noted.add(new Layer(tower, stage, parent.qualified(name), kind, boxed(shape), boxed(output), parameters,
                multiplyAdds));
    }

    private static List<Long> boxed(long[] sizes) {
        return Arrays.stream(sizes).boxed().toList();
    }

    /**
     * Adds a {@code Conv2d} without bias, over squares.
     *
     * @return its weight, for an architecture that draws it again
     */
    Weight convolution(ModulePart parent, String name, long inputs, long outputs, long kernel, long stride,
            long padding) {
        return convolution(parent, name, inputs, outputs, kernel, stride, padding, 1, false).getFirst();
    }

    /**
     * Adds a {@code Conv2d} over squares.
     *
     * @return its weight and, if it has one, its bias
     */
    List<Weight> convolution(ModulePart parent, String name, long inputs, long outputs, long kernel, long stride,
            long padding, long groups, boolean biased) {
        ModulePart module = parent.child(name, className("Conv2d"));
        Weight weight = module.parameter("weight", outputs, inputs / groups, kernel, kernel);
        initialization.kaimingUniform(weight);
        List<Weight> weights = new ArrayList<>(List.of(weight));
        if (biased) {
            weights.add(bias(module, weight));
        }
        module.define(String.format(Locale.ROOT, """
                def forward(self, x: Tensor) -> Tensor:
                    return torch.conv2d(x, self.weight, %1$s, [%2$d, %2$d], [%3$d, %3$d], [1, 1], %4$d)
                """, biased ? "self.bias" : "None", stride, padding, groups));
        side = (side + 2 * padding - kernel) / stride + 1;
        note(parent, name, Kind.CONVOLUTION, weight.shape(), elements(weights), side * side * weight.elementCount(),
                outputs, side, side);
        return weights;
    }

    private Weight bias(ModulePart module, Weight weight) {
        Weight bias = module.parameter("bias", weight.shape()[0]);
        initialization.uniform(bias, 1 / Math.sqrt(weight.fanIn()));
        return bias;
    }

    private static long elements(List<Weight> weights) {
        return weights.stream().mapToLong(Weight::elementCount).sum();
    }

    /**
     * Adds a {@code BatchNorm2d}: by the batch's own statistics in training, by the running ones otherwise.
     *
     * @return its weight, which is 1
     */
    Weight batchNormalization(ModulePart parent, String name, long channels) {
        ModulePart module = parent.child(name, className("BatchNorm2d"));
        Weight weight = affine(module, channels);
        module.buffer("running_mean", () -> filled(0, channels));
        module.buffer("running_var", () -> filled(1, channels));
        module.buffer("num_batches_tracked", () -> Tensor.zeros(DType.INT64));
        module.define("""
                def forward(self, x: Tensor) -> Tensor:
                    if self.training:
                        self.num_batches_tracked.add_(1)
                    return torch.batch_norm(x, self.weight, self.bias, self.running_mean, self.running_var,
                                            self.training, 0.1, 1e-05, True)
                """);
        note(parent, name, Kind.BATCH_NORMALIZATION, weight.shape(), 2 * channels, 0, channels, side, side);
        return weight;
    }

    private static Weight affine(ModulePart module, long channels) {
        Weight weight = module.parameter("weight", channels);
        weight.fill(1);
        module.parameter("bias", channels).fill(0);
        return weight;
    }

    /**
     * Adds a {@code LayerNorm} over the last dimension, computed in the dtype of its own weights: FP32 in a model whose
     * other weights are halves, as CLIP is published.
     *
     * @param positions rows that it normalises
     */
    void layerNormalization(ModulePart parent, String name, long width, long positions) {
        ModulePart module = parent.child(name, className("LayerNorm"));
        Weight weight = affine(module, width);
        module.define(String.format(Locale.ROOT, """
                def forward(self, x: Tensor) -> Tensor:
                    wide = x.to(self.weight.dtype)
                    return torch.layer_norm(wide, [%d], self.weight, self.bias, 1e-05, True).to(x.dtype)
                """, width));
        note(parent, name, Kind.LAYER_NORMALIZATION, weight.shape(), 2 * width, 0, positions, width);
    }

    /**
     * Adds a {@code Linear} with a bias.
     *
     * @param positions rows that it is applied to
     * @return its weight and its bias, for an architecture that draws them again
     */
    List<Weight> linear(ModulePart parent, String name, long inputs, long outputs, long positions) {
        ModulePart module = parent.child(name, className("Linear"));
        Weight weight = module.parameter("weight", outputs, inputs);
        initialization.kaimingUniform(weight);
        Weight bias = bias(module, weight);
        module.define("""
                def forward(self, x: Tensor) -> Tensor:
                    return torch.linear(x, self.weight, self.bias)
                """);
        note(parent, name, Kind.LINEAR, weight.shape(), weight.elementCount() + outputs,
                positions * weight.elementCount(), positions, outputs);
        return List.of(weight, bias);
    }

    /** Adds a module with one method of one tensor and no parameters. */
    static void function(ModulePart parent, String name, String className, String expression) {
        parent.child(name, className(className)).define(
                "def forward(self, x: Tensor) -> Tensor:\n    return " + expression + "\n");
    }

    /** Begins a {@code Sequential}, whose children are to be "0", "1", ...; {@link #inSequence} finishes it. */
    static ModulePart sequential(ModulePart parent, String name) {
        return parent.child(name, className("Sequential"));
    }

    /** Gives a {@code Sequential} its method, once its children "0", "1", ... are there. */
    static void inSequence(ModulePart sequential, int children) {
        String[] names = new String[children];
        Arrays.setAll(names, Integer::toString);
        inSequence(sequential, names);
    }

    /** Gives a {@code Sequential} its method, once its children are there. */
    static void inSequence(ModulePart sequential, String... children) {
        // Written out: TorchScript has no loop over children of different classes.
        StringBuilder source = new StringBuilder("def forward(self, x: Tensor) -> Tensor:\n");
        for (String child : children) {
            source.append("    x = getattr(self, \"").append(child).append("\").forward(x)\n");
        }
        sequential.define(source.append("    return x\n").toString());
    }

    private static Tensor filled(double value, long size) {
        Tensor tensor = Tensor.empty(DType.FLOAT32, size);
        Operator.call("aten::fill_", tensor, value).close();
        return tensor;
    }
}
