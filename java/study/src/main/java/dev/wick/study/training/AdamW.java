package dev.wick.study.training;

import dev.wick.Arguments;
import dev.wick.DType;
import dev.wick.ModuleBuilder;
import dev.wick.Operator;
import dev.wick.Tensor;
import dev.wick.TensorScope;
import dev.wick.TorchScriptModel;
import dev.wick.binding.CallSettings;
import dev.wick.error.BadArgumentException;
import java.util.ArrayList;
import java.util.List;

/**
 * AdamW by LibTorch's fused kernel, with its state; one thread.
 *
 * <p>It is a TorchScript module of its own, which holds parameters, moments and gradients, so that a step crosses into
 * native code twice and makes no object of Java's for each parameter.
 */
final class AdamW implements AutoCloseable {
    private static final int DECAYED_DIMENSIONS = 2;
    private static final String SOURCE = """
            def differentiate(self, loss: Tensor):
                self.gradients = torch.grad([loss], self.weights)

            def step(self, rate: float, beta1: float, beta2: float, decay: float, epsilon: float):
                gradients: List[Tensor] = []
                for gradient in self.gradients:
                    gradients.append(gradient.contiguous())
                n = self.decayed
                torch._fused_adamw_(self.weights[:n], gradients[:n], self.means[:n], self.squares[:n], [], self.steps[:n],
                                    lr=rate, beta1=beta1, beta2=beta2, weight_decay=decay, eps=epsilon, amsgrad=False,
                                    maximize=False)
                torch._fused_adamw_(self.weights[n:], gradients[n:], self.means[n:], self.squares[n:], [], self.steps[n:],
                                    lr=rate, beta1=beta1, beta2=beta2, weight_decay=0.0, eps=epsilon, amsgrad=False,
                                    maximize=False)
                self.gradients = self.gradients[:0]
            """;

    private final TorchScriptModel module;
    private final TrainingSettings settings;

    /** Those of the parameters that require a gradient are trained. */
    AdamW(Iterable<Tensor> parameters, TrainingSettings settings) {
        this.settings = settings;
        List<Tensor> decayed = new ArrayList<>();
        List<Tensor> others = new ArrayList<>();
        for (Tensor parameter : parameters) {
            if (parameter.requiresGrad()) {
                if (parameter.dtype() != DType.FLOAT32 || !parameter.isContiguous()) {
                    throw new BadArgumentException("expected parameters of contiguous float32 to train, got " + parameter
                            + ": halves lose the small steps of AdamW; train in float32 and convert afterwards");
                }
                (parameter.dimensions() < DECAYED_DIMENSIONS ? others : decayed).add(parameter);
            }
        }
        int decaying = decayed.size();
        decayed.addAll(others);
        if (decayed.isEmpty()) {
            throw new BadArgumentException("no parameter of the model requires a gradient: there is nothing to train");
        }
        try (TensorScope _ = TensorScope.open(); ModuleBuilder builder = ModuleBuilder.of("wick.study.AdamW")) {
            List<Tensor> steps = new ArrayList<>();
            decayed.forEach(weight -> steps.add(Operator.call("aten::zeros", new long[0],
                    Arguments.keyword("dtype", DType.FLOAT32), Arguments.keyword("device", weight.device())).tensor()));
            builder.attribute("weights", decayed).attribute("means", zerosLike(decayed))
                    .attribute("squares", zerosLike(decayed)).attribute("steps", steps)
                    .attribute("gradients", zerosLike(decayed.subList(0, 1))).attribute("decayed", decaying);
            module = builder.define(SOURCE).build();
        }
    }

    private static List<Tensor> zerosLike(List<Tensor> tensors) {
        return tensors.stream().map(each -> Operator.call("aten::zeros_like", each).tensor()).toList();
    }

    /** Finds the gradients of a loss, which is of no use afterwards. */
    void differentiate(Tensor loss) {
        module.call(CallSettings.GRAD, "differentiate", loss).close();
    }

    /** Changes the parameters by the gradients found last. */
    void step(double learningRate) {
        module.call(CallSettings.NO_GRAD, "step", learningRate, settings.beta1(), settings.beta2(), settings.weightDecay(),
                settings.epsilon()).close();
    }

    @Override
    public void close() {
        module.close();
    }
}
