package dev.wick.study.zeroshot;

import dev.wick.Optimization;
import dev.wick.study.StudyProgress;
import dev.wick.study.UnfinishedRuns;
import dev.wick.study.embedding.PictureEncoding;
import dev.wick.study.metric.Accuracy;
import dev.wick.study.metric.TopK;
import dev.wick.study.report.HtmlPage;
import dev.wick.study.report.HtmlPage.Column;
import dev.wick.study.report.Sizes;
import dev.wick.study.report.StudyReport;
import dev.wick.study.report.Thumbnail;
import dev.wick.vision.BatchEncoder;
import dev.wick.vision.ClipModel;
import dev.wick.vision.image.ImageBatches;
import dev.wick.vision.image.PictureFailure;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.function.Function;

/** CLIP as a classifier by labels alone: what pictures are most like, and how often that is right; one thread. */
public final class ZeroShotStudy {
    /** Beyond this a page would be too heavy; tables and JSON have all pictures. */
    private static final int MOST_PICTURES = 60;
    /** Beyond this a confusion matrix is unreadable; the most frequent confusions are listed. */
    private static final int MOST_CLASSES_IN_MATRIX = 40;
    private static final int CONFUSIONS = 20;
    private static final int CLASSES_IN_TEXT = 30;

    private final ClipModel clip;
    private final ZeroShotClassifier classifier;
    private final int batch;
    private final Optimization optimization;
    private final StudyProgress progress;
    private UnfinishedRuns runs = UnfinishedRuns.none();
    private String identity = "";

    /**
     * Prepares it.
     *
     * @param batch        pictures that are encoded at once
     * @param optimization of the image tower
     */
    public ZeroShotStudy(ClipModel clip, ZeroShotClassifier classifier, int batch, Optimization optimization,
            StudyProgress progress) {
        this.clip = clip;
        this.classifier = classifier;
        this.batch = batch;
        this.optimization = optimization;
        this.progress = progress;
    }

    /**
     * Keeps features of pictures until it ends, so that one that is killed goes on.
     *
     * @param name all that features depend on beside the pictures: model, dtype, device, optimisation, release
     */
    public ZeroShotStudy keeping(UnfinishedRuns where, String name) {
        runs = where;
        identity = name;
        return this;
    }

    /** One picture's answers. */
    private record Answered(Path file, float[] cosines, float[] probabilities) {
    }

    /**
     * The best labels of pictures whose classes are not known.
     *
     * @param top how many labels a picture gets
     */
    public StudyReport pictures(List<Path> files, int top) {
        List<Answered> answered = new ArrayList<>();
        return encode(files, (file, row) -> {
            float[] cosines = classifier.cosines(row);
            answered.add(new Answered(file, cosines, classifier.probabilities(cosines)));
        }, summary -> pictures(answered, summary, top));
    }

    private StudyReport pictures(List<Answered> answered, ImageBatches.Summary summary, int top) {
        StudyReport report = new StudyReport("Zero-shot classification of " + counted(summary.pictures(), "picture")
                + " by " + counted(classifier.labels().size(), "label"));
        List<List<String>> rows = new ArrayList<>();
        List<Object> data = new ArrayList<>();
        List<HtmlPage.Picture> pictures = new ArrayList<>();
        for (Answered each : answered) {
            int[] best = TopK.indices(each.cosines(), top);
            List<Object> labels = new ArrayList<>();
            List<HtmlPage.Answer> answers = new ArrayList<>();
            for (int rank = 0; rank < best.length; rank++) {
                String label = classifier.labels().names().get(best[rank]);
                float probability = each.probabilities()[best[rank]];
                float cosine = each.cosines()[best[rank]];
                rows.add(List.of(rank == 0 ? each.file().toString() : "", label, StudyReport.percent(probability),
                        String.format(Locale.ROOT, "%.4f", cosine)));
                Map<String, Object> answer = new LinkedHashMap<>();
                answer.put("label", label);
                answer.put("probability", (double) probability);
                answer.put("cosine", (double) cosine);
                labels.add(answer);
                answers.add(new HtmlPage.Answer(label, probability, null));
            }
            Map<String, Object> picture = new LinkedHashMap<>();
            picture.put("file", each.file().toString());
            picture.put("labels", labels);
            data.add(picture);
            if (pictures.size() < MOST_PICTURES) {
                pictures.add(new HtmlPage.Picture(Thumbnail.of(each.file()), each.file().toString(),
                        List.of(new HtmlPage.Answers(null, answers))));
            }
        }
        report.table(null, List.of(Column.text("picture"), Column.text("label"), Column.number("probability"),
                Column.number("cosine")), rows);
        report.pictures(pictures);
        if (answered.size() > pictures.size()) {
            report.paragraph("Shown are the first " + pictures.size() + " pictures; the table has all.");
        }
        failures(report, summary);
        report.data("pictures", data);
        return report;
    }

    /**
     * How often the best label is right.
     *
     * @param top how many labels a picture on the page gets
     */
    public StudyReport accuracy(ClassFolders folders, int top) {
        Accuracy accuracy = new Accuracy(classifier.labels().names());
        Map<Path, Integer> truths = folders.truths();
        List<Answered> shown = new ArrayList<>();
        List<Object> data = new ArrayList<>();
        // Pictures from all over the folders; in uneven steps, since folders repeat themselves.
        long all = folders.count();
        long[] seen = new long[1];
        return encode(folders.files(), (file, row) -> {
            float[] cosines = classifier.cosines(row);
            int truth = truths.get(file);
            boolean right = accuracy.add(truth, cosines);
            int best = TopK.indices(cosines, 1)[0];
            Map<String, Object> picture = new LinkedHashMap<>();
            picture.put("file", file.toString());
            picture.put("class", classifier.labels().names().get(truth));
            picture.put("answer", classifier.labels().names().get(best));
            picture.put("right", right);
            data.add(picture);
            long before = seen[0]++ * MOST_PICTURES / all;
            if (all <= MOST_PICTURES || seen[0] * MOST_PICTURES / all > before) {
                shown.add(new Answered(file, cosines, classifier.probabilities(cosines)));
            }
        }, summary -> accuracy(folders, accuracy, shown, data, summary, top));
    }

    private StudyReport accuracy(ClassFolders folders, Accuracy accuracy, List<Answered> shown, List<Object> data,
            ImageBatches.Summary summary, int top) {
        Map<Path, Integer> truths = folders.truths();
        StudyReport report = new StudyReport("Zero-shot accuracy on " + counted(summary.pictures(), "picture") + " of "
                + counted(folders.labels().size() - folders.empty().size(), "class", "classes"));
        report.table(null, List.of(Column.text("pictures"), Column.number("top-1"), Column.number("top-5"),
                Column.number("mean per class"), Column.number("chance")),
                List.of(List.of(Sizes.count(accuracy.count()), StudyReport.percent(accuracy.top1()),
                        StudyReport.percent(accuracy.top5()), StudyReport.percent(accuracy.meanPerClass()),
                        StudyReport.percent(1.0 / folders.labels().size()))));
        byClass(report, accuracy);
        confusions(report, accuracy);
        report.section("Pictures");
        report.pictures(shown.stream().map(each -> {
            int truth = truths.get(each.file());
            List<HtmlPage.Answer> answers = new ArrayList<>();
            for (int label : TopK.indices(each.cosines(), top)) {
                answers.add(new HtmlPage.Answer(classifier.labels().names().get(label), each.probabilities()[label],
                        label == truth));
            }
            return new HtmlPage.Picture(Thumbnail.of(each.file()), classifier.labels().names().get(truth) + ": "
                    + each.file().getFileName(), List.of(new HtmlPage.Answers(null, answers)));
        }).toList());
        if (!folders.empty().isEmpty()) {
            report.warning(counted(folders.empty().size(), "label") + " without pictures: "
                    + String.join("; ", folders.empty().subList(0, Math.min(10, folders.empty().size())))
                    + (folders.empty().size() > 10 ? "; ..." : ""));
        }
        if (folders.ignored() > 0) {
            report.paragraph(counted(folders.ignored(), "file") + " beside the pictures left out.");
        }
        failures(report, summary);
        report.data("accuracy", accuracy.toMap()).data("pictures", data).data("labelsWithoutPictures", folders.empty());
        return report;
    }

    private static void byClass(StudyReport report, Accuracy accuracy) {
        List<List<String>> rows = new ArrayList<>();
        List<String> names = new ArrayList<>();
        List<Double> shares = new ArrayList<>();
        for (int i = 0; i < accuracy.classes().size(); i++) {
            if (accuracy.count(i) > 0) {
                names.add(accuracy.classes().get(i));
                shares.add(accuracy.top1(i));
                rows.add(List.of(accuracy.classes().get(i), Sizes.count(accuracy.count(i)),
                        StudyReport.percent(accuracy.top1(i)), StudyReport.percent(accuracy.top5(i))));
            }
        }
        List<Column> columns = List.of(Column.text("class"), Column.number("pictures"), Column.number("top-1"),
                Column.number("top-5"));
        report.section("By class");
        if (rows.size() <= CLASSES_IN_TEXT) {
            report.table(null, columns, rows);
            report.percentages("Top-1 by class", names, List.of(StudyReport.Series.percentages("top-1", shares)));
        } else {
            report.longTable(null, columns, rows);
        }
    }

    private static void confusions(StudyReport report, Accuracy accuracy) {
        List<Accuracy.Confusion> worst = accuracy.worst(CONFUSIONS);
        report.section("Confusion");
        if (worst.isEmpty()) {
            report.paragraph("No picture was taken for another class.");
            return;
        }
        report.table("The most frequent", List.of(Column.text("class"), Column.text("taken for"),
                Column.number("pictures")),
                worst.stream().map(each -> List.of(each.truth(), each.answer(), Sizes.count(each.count()))).toList());
        int classes = accuracy.classes().size();
        if (classes <= MOST_CLASSES_IN_MATRIX) {
            long[][] counts = new long[classes][classes];
            for (int i = 0; i < classes; i++) {
                for (int j = 0; j < classes; j++) {
                    counts[i][j] = accuracy.confused(i, j);
                }
            }
            report.heatMap("Rows are the right classes, columns the answers", "", accuracy.classes(),
                    accuracy.classes(), counts);
        }
    }

    /** Encodes, makes a report of it, and forgets what was kept. */
    private StudyReport encode(List<Path> files, PictureEncoding.Rows rows, Function<ImageBatches.Summary, StudyReport> made) {
        try (BatchEncoder encoder = clip.images(Math.min(batch, Math.max(1, files.size())), optimization)) {
            PictureEncoding encoding = new PictureEncoding(encoder, clip.preprocessor())
                    .progress("encoding pictures", progress).keeping(runs, identity);
            StudyReport report = made.apply(encoding.encode(files, rows));
            encoding.describe(report, files.size());
            encoding.forget();
            return report;
        }
    }

    /** Says which pictures could not be read. */
    public static void failures(StudyReport report, ImageBatches.Summary summary) {
        report.data("unreadable", summary.failures().stream().map(each -> {
            Map<String, Object> failure = new LinkedHashMap<>();
            failure.put("file", each.file().toString());
            failure.put("reason", each.reason());
            return failure;
        }).toList());
        if (summary.failed() > 0) {
            report.warning(counted(summary.failed(), "picture") + " could not be read and "
                    + (summary.failed() == 1 ? "was"
                    : "were") + " left out:");
            report.table(null, List.of(Column.text("file"), Column.text("reason")), summary.failures().stream()
                    .limit(CONFUSIONS).map((PictureFailure each) -> List.of(each.file().toString(), each.reason()))
                    .toList());
        }
    }

    static String counted(long count, String noun) {
        return counted(count, noun, noun + "s");
    }

    static String counted(long count, String one, String many) {
        return Sizes.count(count) + " " + (count == 1 ? one : many);
    }
}
