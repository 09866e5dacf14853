package dev.wick.study.embedding;

import dev.wick.study.StudyProgress;
import dev.wick.vision.BatchEncoder;
import dev.wick.vision.image.ImageBatches;
import dev.wick.vision.image.ImagePreprocessor;
import dev.wick.vision.image.PictureFailure;
import java.nio.file.Path;
import java.util.List;
import java.util.function.Consumer;

/** Sends pictures through a model, batch by batch, decoding on all cores; one thread. */
public final class PictureEncoding {
    private final BatchEncoder encoder;
    private final ImagePreprocessor preprocessor;
    private StudyProgress progress = StudyProgress.NONE;
    private Consumer<PictureFailure> failures = _ -> { };
    private String step = "encoding pictures";

    /** Encodes with an encoder, which stays the caller's, and a recipe of the same size. */
    public PictureEncoding(BatchEncoder encoder, ImagePreprocessor preprocessor) {
        this.encoder = encoder;
        this.preprocessor = preprocessor;
    }

    /** Who is told how far it is, under a name. */
    public PictureEncoding progress(String name, StudyProgress listener) {
        step = name;
        progress = listener;
        return this;
    }

    /** Who is told of each picture that could not be read and is left out. */
    public PictureEncoding failures(Consumer<PictureFailure> listener) {
        failures = listener;
        return this;
    }

    /** Takes a picture's row. */
    @FunctionalInterface
    public interface Rows {
        /** One picture's output. */
        void row(Path file, float[] row);
    }

    /** Encodes the pictures in their order. */
    public ImageBatches.Summary encode(List<Path> files, Rows rows) {
        return ImageBatches.of(preprocessor, encoder.batch()).into(encoder.input()).failures(failures)
                .progress(at -> progress.at(step, at.done(), files.size()))
                .forEach(files, batch -> {
                    float[][] outputs = encoder.run(batch.size());
                    for (int i = 0; i < outputs.length; i++) {
                        rows.row(batch.files().get(i), outputs[i]);
                    }
                });
    }
}
