package dev.wick.study.shift;

import java.nio.file.Path;

/**
 * One picture and both models' answers.
 *
 * @param shift  its place among the shifts
 * @param truth  its class's place among those that models chose from
 * @param resnet the trained classifier's answer
 * @param clip   CLIP's
 */
public record ComparedPicture(Path file, int shift, int truth, ModelAnswer resnet, ModelAnswer clip) {
    /** One model's answer. */
    public ModelAnswer answer(ComparedModel model) {
        return model == ComparedModel.RESNET ? resnet : clip;
    }

    /** Whether a model's best answer is right. */
    public boolean isRight(ComparedModel model) {
        return answer(model).isFirst(truth);
    }
}
