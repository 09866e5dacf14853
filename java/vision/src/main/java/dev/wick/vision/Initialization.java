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
            def draw(self, seed: int, tensors: List[Tensor], uniform: List[bool], scales: List[float],
                     divisors: List[float]):
                generator = torch.Generator(seed=seed)
                for i in range(len(tensors)):
                    if uniform[i]:
                        tensors[i].uniform_(-scales[i], scales[i], generator=generator)
                    else:
                        tensors[i].normal_(0.0, scales[i], generator=generator)
                    if divisors[i] != 1.0:
                        tensors[i].div_(divisors[i])
            """;

    private final List<Tensor> tensors = new ArrayList<>();
    private final List<Boolean> uniform = new ArrayList<>();
    private final List<Double> scales = new ArrayList<>();
    private final List<Double> divisors = new ArrayList<>();
    private final List<Weight> zeros = new ArrayList<>();

    /** Notes a uniform draw from -bound to bound. */
    void uniform(Weight weight, double bound) {
        note(weight, true, bound, 1);
    }

    /** Notes a normal draw around 0. */
    void normal(Weight weight, double standardDeviation) {
        note(weight, false, standardDeviation, 1);
    }

    /**
     * Notes a standard normal draw that is divided afterwards: a standard deviation of 1 / divisor rounds otherwise.
     */
    void normalDivided(Weight weight, double divisor) {
        note(weight, false, 1, divisor);
    }

    /** Notes that a weight is set to 0 after all draws. */
    void zeroAtLast(Weight weight) {
        zeros.add(weight);
    }

    /** Notes {@code kaiming_uniform_(weight, a=sqrt(5))}, what convolutions and linear layers begin with. */
    void kaimingUniform(Weight weight) {
        // In PyTorch's steps, since 1 / sqrt(fanIn), which it comes to, is rounded otherwise.
        double slope = Math.sqrt(5);
        double gain = Math.sqrt(2.0 / (1 + slope * slope));
        uniform(weight, Math.sqrt(3.0) * (gain / Math.sqrt(weight.fanIn())));
    }

    /** Notes {@code kaiming_normal_(weight, mode="fan_out", nonlinearity="relu")}. */
    void kaimingNormalFanOut(Weight weight) {
        normal(weight, Math.sqrt(2.0) / Math.sqrt(weight.fanOut()));
    }

    /** Notes {@code xavier_uniform_(weight)}. */
    void xavierUniform(Weight weight) {
        uniform(weight, Math.sqrt(3.0) * Math.sqrt(2.0 / (weight.fanIn() + weight.fanOut())));
    }

    private void note(Weight weight, boolean isUniform, double scale, double divisor) {
        if (weight.tensor() == null) {
            return;
        }
        tensors.add(weight.tensor());
        uniform.add(isUniform);
        scales.add(scale);
        divisors.add(divisor);
    }

    /** Makes the draws. */
    void draw(long seed) {
        if (seed < 0 || seed > Architecture.MAXIMUM_SEED) {
            throw new BadArgumentException("expected a seed from 0 to " + Architecture.MAXIMUM_SEED + ", got " + seed);
        }
        try (ModuleBuilder builder = ModuleBuilder.of("wick.vision.Initialization");
                TorchScriptModel generator = builder.define(DRAW).build()) {
            // Parameters require gradients: they may be written only where none is recorded.
            generator.call(CallSettings.NO_GRAD, "draw", seed, tensors, uniform, scales, divisors);
            zeros.forEach(weight -> weight.fill(0));
        }
    }
}
