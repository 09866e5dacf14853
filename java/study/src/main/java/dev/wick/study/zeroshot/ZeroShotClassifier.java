package dev.wick.study.zeroshot;

import dev.wick.error.BadArgumentException;
import dev.wick.study.StudyProgress;
import dev.wick.study.metric.TopK;
import dev.wick.vision.ClipModel;
import dev.wick.vision.Features;
import dev.wick.vision.text.Tokenizer;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;

/**
 * Compares features of pictures with those of labels; immutable, any thread.
 *
 * <p>A label's features are the mean of its prompts' normalised features, normalised again. The score of a label is the
 * cosine of its features and the picture's.
 */
public final class ZeroShotClassifier {
    private final Labels labels;
    private final float[][] features;
    private final double scale;

    /**
     * Takes features.
     *
     * @param features [labels][embedding size], normalised
     * @param scale    of cosines before the softmax
     */
    public ZeroShotClassifier(Labels labels, float[][] features, double scale) {
        if (features.length != labels.size()) {
            throw new BadArgumentException("expected features of " + labels.size() + " labels, got " + features.length);
        }
        this.labels = labels;
        this.features = features;
        this.scale = scale;
    }

    /**
     * Encodes the labels' prompts.
     *
     * @param identity what the model and the tokenizer are, for the cache
     */
    public static ZeroShotClassifier of(ClipModel clip, Tokenizer tokenizer, Labels labels, PromptTemplates templates,
            LogitScale scale, TextFeatureCache cache, String identity, StudyProgress progress) {
        String key = String.join("\n", identity, clip.dtype().torchName(), clip.device().toString(),
                Integer.toString(templates.sentences().size()), String.join("\n", templates.sentences()),
                String.join("\n", labels.names()));
        float[][] features = cache.get(key, () -> encode(clip, tokenizer, labels, templates, progress));
        return new ZeroShotClassifier(labels, features, scale.of(clip));
    }

    private static float[][] encode(ClipModel clip, Tokenizer tokenizer, Labels labels, PromptTemplates templates,
            StudyProgress progress) {
        List<String> prompts = new ArrayList<>();
        labels.names().forEach(label -> prompts.addAll(templates.of(label)));
        float[][] rows = clip.encodeTexts(tokenizer, prompts,
                done -> progress.at("encoding labels", done, prompts.size()));
        int each = templates.sentences().size();
        float[][] features = new float[labels.size()][];
        for (int label = 0; label < features.length; label++) {
            float[][] normalized = Arrays.stream(rows, label * each, (label + 1) * each).map(Features::normalized)
                    .toArray(float[][]::new);
            features[label] = Features.normalized(Features.mean(normalized));
        }
        return features;
    }

    /** The labels, in the order of the scores. */
    public Labels labels() {
        return labels;
    }

    /** What cosines are multiplied by before the softmax. */
    public double scale() {
        return scale;
    }

    /**
     * The cosine of a picture's features with each label's.
     *
     * @param picture as the image tower gives them
     */
    public float[] cosines(float[] picture) {
        float[] normalized = Features.normalized(picture);
        float[] cosines = new float[features.length];
        for (int label = 0; label < cosines.length; label++) {
            cosines[label] = (float) Features.dot(features[label], normalized);
        }
        return cosines;
    }

    /** The softmax of scaled cosines. */
    public float[] probabilities(float[] cosines) {
        float[] logits = new float[cosines.length];
        for (int i = 0; i < logits.length; i++) {
            logits[i] = (float) (scale * cosines[i]);
        }
        return TopK.softmax(logits);
    }
}
