package dev.wick.study.embedding;

import dev.wick.Optimization;
import dev.wick.study.StudyProgress;
import dev.wick.study.report.HtmlPage.Column;
import dev.wick.study.report.Sizes;
import dev.wick.study.report.StudyReport;
import dev.wick.vision.BatchEncoder;
import dev.wick.vision.ClipModel;
import dev.wick.vision.Features;
import dev.wick.vision.image.ImageBatches;
import dev.wick.vision.text.Tokenizer;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;

/** Writes CLIP's features of pictures or texts to a file, going on where an earlier run ended; one thread. */
public final class EmbeddingStudy {
    private static final int TEXTS_AT_ONCE = 1024;
    private static final int FAILURES_SHOWN = 20;

    private final ClipModel clip;
    private final boolean normalized;
    private final StudyProgress progress;

    /**
     * Prepares it.
     *
     * @param normalized whether rows are divided by their norms
     */
    public EmbeddingStudy(ClipModel clip, boolean normalized, StudyProgress progress) {
        this.clip = clip;
        this.normalized = normalized;
        this.progress = progress;
    }

    /**
     * Features of pictures.
     *
     * @param identity what the model is
     */
    public StudyReport pictures(List<Path> files, Path out, String identity, int batch, Optimization optimization)
            throws IOException {
        long started = System.nanoTime();
        try (EmbeddingJournal journal = open(out, "pictures of " + identity)) {
            List<Path> left = journal.left(files.stream().map(Path::toString).toList()).stream().map(Path::of).toList();
            if (!left.isEmpty()) {
                encode(left, files.size() - left.size(), files.size(), journal, batch, optimization);
            }
            return report(journal, out, "pictures", started);
        } catch (UncheckedIOException e) {
            throw e.getCause();
        }
    }

    private void encode(List<Path> left, long before, long all, EmbeddingJournal journal, int batch,
            Optimization optimization) {
        try (BatchEncoder encoder = clip.images(Math.min(batch, left.size()), optimization)) {
            ImageBatches.of(clip.preprocessor(), encoder.batch()).into(encoder.input())
                    .progress(at -> progress.at("encoding pictures", before + at.done(), all))
                    .failures(failure -> {
                        try {
                            journal.fail(failure.file().toString(), failure.reason());
                        } catch (IOException e) {
                            throw new UncheckedIOException(e);
                        }
                    })
                    .forEach(left, pictures -> add(journal, pictures.files().stream().map(Path::toString).toList(),
                            encoder.run(pictures.size())));
        }
    }

    /**
     * Features of texts, a row for each, whether it is there twice or not.
     *
     * @param identity what the model and the tokenizer are
     */
    public StudyReport texts(Tokenizer tokenizer, List<String> texts, Path out, String identity) throws IOException {
        long started = System.nanoTime();
        try (EmbeddingJournal journal = open(out, "texts of " + identity)) {
            for (int from = (int) journal.rows(); from < texts.size(); from += TEXTS_AT_ONCE) {
                int first = from;
                List<String> some = texts.subList(from, Math.min(texts.size(), from + TEXTS_AT_ONCE));
                add(journal, some, clip.encodeTexts(tokenizer, some,
                        done -> progress.at("encoding texts", first + done, texts.size())));
            }
            return report(journal, out, "texts", started);
        } catch (UncheckedIOException e) {
            throw e.getCause();
        }
    }

    private EmbeddingJournal open(Path out, String identity) throws IOException {
        return EmbeddingJournal.open(out, identity + ", " + clip.dtype().torchName() + (normalized ? ", normalised" : ""),
                clip.configuration().embeddingSize());
    }

    private void add(EmbeddingJournal journal, List<String> names, float[][] rows) {
        try {
            journal.add(names, normalized ? Arrays.stream(rows).map(Features::normalized).toArray(float[][]::new) : rows);
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    private StudyReport report(EmbeddingJournal journal, Path out, String what, long started) throws IOException {
        long rows = journal.rows();
        long resumed = journal.resumed();
        Map<String, String> failed = journal.failed();
        journal.finish();
        double seconds = (System.nanoTime() - started) / 1e9;
        StudyReport report = new StudyReport("Features of " + Sizes.count(rows) + " " + what);
        report.table(null, List.of(Column.text("file"), Column.number("rows"), Column.number("width"), Column.number("resumed"),
                Column.number("seconds")), List.of(List.of(out.toString(), Sizes.count(rows),
                        Integer.toString(clip.configuration().embeddingSize()), Sizes.count(resumed),
                        String.format(java.util.Locale.ROOT, "%.1f", seconds))));
        report.paragraph("The name of each row is in " + out + ".names.txt.");
        if (!failed.isEmpty()) {
            report.warning(Sizes.count(failed.size()) + " of the " + what + " could not be read and have no row:");
            List<List<String>> shown = new ArrayList<>();
            failed.entrySet().stream().limit(FAILURES_SHOWN).forEach(each -> shown.add(List.of(each.getKey(),
                    each.getValue())));
            report.table(null, List.of(Column.text("file"), Column.text("reason")), shown);
        }
        Map<String, Object> data = new LinkedHashMap<>();
        data.put("file", out.toString());
        data.put("rows", rows);
        data.put("width", clip.configuration().embeddingSize());
        data.put("normalised", normalized);
        data.put("resumed", resumed);
        data.put("unreadable", failed);
        report.data("features", data);
        return report;
    }
}
