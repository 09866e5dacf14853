package dev.wick.study.zeroshot;

import dev.wick.error.BadArgumentException;
import dev.wick.vision.ClipModel;

/**
 * What cosines are multiplied by before the softmax; immutable.
 *
 * @param factor NaN for the model's own
 */
public record LogitScale(double factor) {
    /** The model's own, {@code exp(logit_scale)}. */
    public static final LogitScale MODEL = new LogitScale(Double.NaN);
    /** The cosines as they are, as in the softmax of the raw similarities: probabilities are then nearly all alike. */
    public static final LogitScale NONE = new LogitScale(1);

    /** {@code model}, {@code none} or a number above 0. */
    public static LogitScale parse(String text) {
        return switch (text) {
            case "model" -> MODEL;
            case "none" -> NONE;
            default -> {
                try {
                    double factor = Double.parseDouble(text);
                    if (factor > 0 && Double.isFinite(factor)) {
                        yield new LogitScale(factor);
                    }
                } catch (NumberFormatException e) {
                    // Said below.
                }
                throw new BadArgumentException("expected 'model', 'none' or a number above 0 as logit scale, got '"
                        + text + "'");
            }
        };
    }

    /** The factor for a model. */
    public double of(ClipModel clip) {
        return Double.isNaN(factor) ? clip.logitScale() : factor;
    }
}
