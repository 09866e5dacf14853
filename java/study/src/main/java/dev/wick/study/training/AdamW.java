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
 * AdamW by LibTorch's fused kernel, with its state, which belongs to the {@link TensorScope} open when it is made; one
 * thread.
 */
final class AdamW implements AutoCloseable {
    private static final int DECAYED_DIMENSIONS = 2;
    /**
     * Into the same tensors at every step, so that no object of Java's is made for each. A parameter that the loss
     * does not depend on is an error of {@code grad}.
     */
    private static final String DIFFERENTIATE = """
            def differentiate(self, loss: Tensor):
                found = torch.grad([loss], self.weights)
                for i in range(len(found)):
                    gradient = found[i]
                    if gradient is not None:
                        self.gradients[i].copy_(gradient)
            """;

    private final TrainingSettings settings;
    private final Tensor steps;
    private final Group decayed;
    private final Group others;
    private final TorchScriptModel gradients;
    private long done;

    /** Those of the parameters that require a gradient are trained. */
    AdamW(Iterable<Tensor> parameters, TrainingSettings settings) {
        this.settings = settings;
        decayed = new Group(settings.weightDecay());
        others = new Group(0);
        Tensor last = null;
        for (Tensor parameter : parameters) {
            if (parameter.requiresGrad()) {
                if (parameter.dtype() != DType.FLOAT32 || !parameter.isContiguous()) {
                    throw new BadArgumentException("expected parameters of contiguous float32 to train, got "
                            + parameter + ": halves lose the small steps of AdamW; train in float32 and convert afterwards");
                }
                (parameter.dimensions() < DECAYED_DIMENSIONS ? others : decayed).add(parameter);
                last = parameter;
            }
        }
        if (last == null) {
            throw new BadArgumentException("no parameter of the model requires a gradient: there is nothing to train");
        }
        steps = Operator.call("aten::zeros", new long[0], Arguments.keyword("dtype", DType.FLOAT32),
                Arguments.keyword("device", last.device())).tensor();
        List<Tensor> weights = new ArrayList<>(decayed.weights);
        weights.addAll(others.weights);
        try (ModuleBuilder builder = ModuleBuilder.of("wick.study.Gradients")) {
            gradients = builder.attribute("weights", weights).attribute("gradients", gradients())
                    .define(DIFFERENTIATE).build();
        }
    }

    /** Parameters of one weight decay, with their gradients and moments. */
    private static final class Group {
        private final double decay;
        private final List<Tensor> weights = new ArrayList<>();
        private final List<Tensor> gradients = new ArrayList<>();
        private final List<Tensor> means = new ArrayList<>();
        private final List<Tensor> squares = new ArrayList<>();

        Group(double decay) {
            this.decay = decay;
        }

        void add(Tensor weight) {
            weights.add(weight);
            gradients.add(Operator.call("aten::zeros_like", weight).tensor());
            means.add(Operator.call("aten::zeros_like", weight).tensor());
            squares.add(Operator.call("aten::zeros_like", weight).tensor());
        }

        void step(double learningRate, TrainingSettings settings, Tensor steps) {
            if (weights.isEmpty()) {
                return;
            }
            // Called from here: TorchScript takes an operator that writes into a list's tensors for dead code.
            Operator.call("aten::_fused_adamw_", weights, gradients, means, squares, List.of(),
                    weights.stream().map(_ -> steps).toList(), Arguments.keyword("lr", learningRate),
                    Arguments.keyword("beta1", settings.beta1()), Arguments.keyword("beta2", settings.beta2()),
                    Arguments.keyword("weight_decay", decay), Arguments.keyword("eps", settings.epsilon()),
                    Arguments.keyword("amsgrad", false), Arguments.keyword("maximize", false)).close();
        }
    }

    /** The gradients found last: of parameters that decay, then of the others, each in the order given. */
    List<Tensor> gradients() {
        List<Tensor> all = new ArrayList<>(decayed.gradients);
        all.addAll(others.gradients);
        return all;
    }

    /** Finds the gradients of a loss, whose graph is freed. */
    void differentiate(Tensor loss) {
        gradients.call(CallSettings.GRAD, "differentiate", loss).close();
    }

    /** Changes the parameters by the gradients found last. */
    void step(double learningRate) {
        done++;
        Operator.call("aten::fill_", steps, done).close();
        decayed.step(learningRate, settings, steps);
        others.step(learningRate, settings, steps);
    }

    @Override
    public void close() {
        gradients.close();
    }
}
