package dev.wick.vision;

import dev.wick.ModuleBuilder;
import dev.wick.Tensor;
import dev.wick.TorchScriptModel;
import dev.wick.binding.CallSettings;
import dev.wick.error.BadArgumentException;
import java.util.ArrayList;
import java.util.List;

/**
 * The random draws that initialise a model's parameters: noted in order, then made by one generator of LibTorch's; one
 * thread.
 *
 * <p>Where draws and order are those of a Python constructor, the weights are the ones it gives after {@code
 * torch.manual_seed(seed)}. A tensor may be drawn twice: PyTorch's layers initialise themselves, and models do it
 * again.
 */
final class Initialization {
    /**
     * One call for all draws: an argument of an operator can only be a fresh generator, which would give each tensor
     * the same beginning. CPU generators draw on one thread, so that thread counts do not matter.
     */
    private static final String DRAW = """
            def draw(self, seed: int, tensors: List[Tensor], uniform: List[bool], scales: List[float]):
                generator = torch.Generator(seed=seed)
                for i in range(len(tensors)):
                    if uniform[i]:
                        tensors[i].uniform_(-scales[i], scales[i], generator=generator)
                    else:
                        tensors[i].normal_(0.0, scales[i], generator=generator)
            """;

    private final List<Tensor> tensors = new ArrayList<>();
    private final List<Boolean> uniform = new ArrayList<>();
    private final List<Double> scales = new ArrayList<>();

    /** Notes a uniform draw from -bound to bound. */
    void uniform(Tensor tensor, double bound) {
        note(tensor, true, bound);
    }

    /** Notes a normal draw around 0. */
    void normal(Tensor tensor, double standardDeviation) {
        note(tensor, false, standardDeviation);
    }

    /** Notes {@code kaiming_uniform_(weight, a=sqrt(5))}, what convolutions and linear layers begin with. */
    void kaimingUniform(Tensor weight) {
        // In PyTorch's steps, since 1 / sqrt(fanIn), which it comes to, is rounded otherwise.
        double slope = Math.sqrt(5);
        double gain = Math.sqrt(2.0 / (1 + slope * slope));
        uniform(weight, Math.sqrt(3.0) * (gain / Math.sqrt(fanIn(weight))));
    }

    /** Notes {@code kaiming_normal_(weight, mode="fan_out", nonlinearity="relu")}. */
    void kaimingNormalFanOut(Tensor weight) {
        normal(weight, Math.sqrt(2.0) / Math.sqrt(weight.size(0) * receptiveField(weight)));
    }

    /** Inputs that reach one output of a weight of shape [outputs, inputs, kernel...]. */
    static long fanIn(Tensor weight) {
        return weight.size(1) * receptiveField(weight);
    }

    private static long receptiveField(Tensor weight) {
        return weight.elementCount() / (weight.size(0) * weight.size(1));
    }

    private void note(Tensor tensor, boolean isUniform, double scale) {
        tensors.add(tensor);
        uniform.add(isUniform);
        scales.add(scale);
    }

    /** Makes the draws. */
    void draw(long seed) {
        if (seed < 0 || seed > Architecture.MAXIMUM_SEED) {
            throw new BadArgumentException("expected a seed from 0 to " + Architecture.MAXIMUM_SEED + ", got " + seed);
        }
        try (ModuleBuilder builder = ModuleBuilder.of("wick.vision.Initialization");
                TorchScriptModel generator = builder.define(DRAW).build()) {
            // Parameters require gradients: they may be written only where none is recorded.
            generator.call(CallSettings.NO_GRAD, "draw", seed, tensors, uniform, scales);
        }
    }
}
