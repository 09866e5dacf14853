package dev.wick.study.training;

/** Is told of every step of a training, by the thread that trains. */
@FunctionalInterface
public interface TrainingProgress {
    /** Hears nothing and goes on. */
    TrainingProgress NONE = (_, _, _, _) -> true;

    /**
     * After a step.
     *
     * @param step              steps done so far, from 1
     * @param loss              of the step's batch, before it was learned from
     * @param learningRate      of the step
     * @param examplesPerSecond of wall time, over all steps so far
     * @return whether to go on; false ends the training here, with the model as it is
     */
    boolean stepped(long step, double loss, double learningRate, double examplesPerSecond);
}
