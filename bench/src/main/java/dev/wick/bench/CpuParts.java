package dev.wick.bench;

import dev.wick.Optimization;
import dev.wick.Runner;
import dev.wick.Tensor;
import dev.wick.TorchScriptModel;

/** On the CPU: a runner, and no copies. */
final class CpuParts implements PipelineParts {
    private final Runner runner;

    CpuParts(TorchScriptModel model, Tensor input) {
        // As it is: a pipeline does not optimise either.
        runner = Runner.of(model, "forward").input(input).optimize(Optimization.NONE).build();
    }

    @Override
    public double copy(int batches) {
        return -1;
    }

    @Override
    public double compute(int batches) {
        long start = System.nanoTime();
        for (int i = 0; i < batches; i++) {
            runner.run();
        }
        return (System.nanoTime() - start) / (double) batches;
    }

    @Override
    public int fewestBatches() {
        return 1;
    }

    @Override
    public Tensor result() {
        return runner.output(0).copy();
    }

    @Override
    public void close() {
        runner.close();
    }
}
