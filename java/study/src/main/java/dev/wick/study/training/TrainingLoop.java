package dev.wick.study.training;

import dev.wick.Device;
import dev.wick.Tensor;
import dev.wick.TensorScope;
import dev.wick.TorchScriptModel;
import java.lang.foreign.MemorySegment;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;

/** The steps of a training, whatever its loss is; one thread. */
final class TrainingLoop {
    private TrainingLoop() {
    }

    /** What is learned. */
    interface Objective {
        /** The mean loss of a batch, recorded for gradients; a scalar in the open scope. */
        Tensor loss(List<Tensor> batch);

        /** After the parameters have changed. */
        default void stepped(Map<String, Tensor> parameters) {
        }
    }

    static TrainingResult run(TorchScriptModel model, TrainingSettings settings, BatchSource source,
            Objective objective, TrainingProgress progress) {
        try (TensorScope _ = TensorScope.open()) {
            Map<String, Tensor> parameters = model.parameters();
            Device device = parameters.isEmpty() ? Device.CPU : parameters.values().iterator().next().device();
            List<Tensor> host = new ArrayList<>();
            List<MemorySegment> memory = new ArrayList<>();
            for (BatchSource.Part part : source.parts()) {
                Tensor tensor = Tensor.zeros(part.dtype(), part.shape());
                host.add(tensor);
                memory.add(tensor.segment());
            }
            long examples = source.parts().getFirst().examples();
            try (AdamW optimizer = new AdamW(parameters.values(), settings)) {
                model.train(true);
                return new Steps(settings, source, objective, progress, parameters, device, host, List.copyOf(memory),
                        optimizer, examples).run();
            } finally {
                model.train(false);
            }
        }
    }

    /** One training under way. */
    private record Steps(TrainingSettings settings, BatchSource source, Objective objective, TrainingProgress progress,
            Map<String, Tensor> parameters, Device device, List<Tensor> host, List<MemorySegment> memory,
            AdamW optimizer, long examples) {

        TrainingResult run() {
            long start = System.nanoTime();
            double firstLoss = Double.NaN;
            for (long step = 0;; step++) {
                source.fill(step, memory);
                double rate = settings.learningRate(step);
                double loss = step(step, rate);
                if (step == 0) {
                    firstLoss = loss;
                }
                long done = step + 1;
                double seconds = (System.nanoTime() - start) / 1e9;
                boolean more = progress.stepped(done, loss, rate, done * examples / seconds);
                if (!more || done == settings.steps()) {
                    return new TrainingResult(done, firstLoss, loss, seconds, done < settings.steps());
                }
            }
        }

        private double step(long step, double rate) {
            double value;
            try (TensorScope _ = TensorScope.open()) {
                Tensor loss = objective.loss(device.equals(Device.CPU) ? host
                        : host.stream().map(each -> each.to(device)).toList());
                optimizer.differentiate(loss);
                value = loss.item();
            }
            if (!Double.isFinite(value)) {
                throw new TrainingException("the loss of step " + (step + 1) + " is " + value
                        + ", at a learning rate of " + rate + ": the parameters are those before it; a lower rate or a longer warm-up may help");
            }
            optimizer.step(rate);
            objective.stepped(parameters);
            return value;
        }
    }
}
