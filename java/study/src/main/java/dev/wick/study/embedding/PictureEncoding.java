package dev.wick.study.embedding;

import dev.wick.study.StudyProgress;
import dev.wick.study.UnfinishedRuns;
import dev.wick.study.report.Sizes;
import dev.wick.study.report.StudyReport;
import dev.wick.vision.BatchEncoder;
import dev.wick.vision.image.ImageBatches;
import dev.wick.vision.image.ImagePreprocessor;
import dev.wick.vision.image.PictureFailure;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.function.Consumer;

/**
 * Sends pictures through a model, batch by batch, decoding on all cores; one thread.
 *
 * <p>With {@link #keeping} it leaves what it has to the next one that is asked for the same, until {@link #forget}.
 */
public final class PictureEncoding {
    private final BatchEncoder encoder;
    private final ImagePreprocessor preprocessor;
    private StudyProgress progress = StudyProgress.NONE;
    private Consumer<PictureFailure> failures = _ -> { };
    private String step = "encoding pictures";
    private UnfinishedRuns runs = UnfinishedRuns.none();
    private String identity = "";
    private KeptRows kept;
    private long resumed;

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

    /**
     * Keeps rows, and begins with those that an earlier one left.
     *
     * @param name all that rows depend on beside the pictures and their recipe: model, dtype, device, optimisation, release
     */
    public PictureEncoding keeping(UnfinishedRuns where, String name) {
        runs = where;
        identity = name;
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
        kept = KeptRows.of(runs, identity + "\n" + preprocessor + "\n" + preprocessor.normalization(), encoder.width(), files);
        try (KeptRows before = kept) {
            List<PictureFailure> known = before.failures();
            resumed = before.read(rows) + known.size();
            known.forEach(failures);
            List<Path> left = before.left();
            ImageBatches.Summary now = ImageBatches.of(preprocessor, encoder.batch()).into(encoder.input())
                    .failures(failure -> {
                        before.fail(failure);
                        failures.accept(failure);
                    })
                    .progress(at -> progress.at(step, resumed + at.done(), files.size()))
                    .forEach(left, batch -> {
                        float[][] outputs = encoder.run(batch.size());
                        before.add(batch.files(), outputs);
                        for (int i = 0; i < outputs.length; i++) {
                            rows.row(batch.files().get(i), outputs[i]);
                        }
                    });
            List<PictureFailure> all = new ArrayList<>(known);
            all.addAll(now.failures());
            return new ImageBatches.Summary(files.size() - known.size() - now.failed(), now.batches(),
                    known.size() + now.failed(), all);
        }
    }

    /** How many pictures were taken over from one that ended early. */
    public long resumed() {
        return resumed;
    }

    /** Says how many those were, if there are any. */
    public void describe(StudyReport report, long pictures) {
        report.data("resumed", resumed);
        if (resumed > 0) {
            report.paragraph("Went on where an earlier run ended: " + Sizes.count(resumed) + " of " + Sizes.count(pictures)
                    + " pictures were encoded by it.");
        }
    }

    /** Removes what was kept: whoever asked has no more use for it. */
    public void forget() {
        if (kept != null) {
            kept.forget();
        }
    }
}
