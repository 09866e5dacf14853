package dev.wick.study.zeroshot;

import dev.wick.Optimization;
import dev.wick.error.BadArgumentException;
import dev.wick.study.StudyProgress;
import dev.wick.study.UnfinishedRuns;
import dev.wick.study.embedding.PictureEncoding;
import dev.wick.study.metric.Accuracy;
import dev.wick.study.report.HtmlPage.Column;
import dev.wick.study.report.StudyReport;
import dev.wick.vision.BatchEncoder;
import dev.wick.vision.ClipModel;
import dev.wick.vision.image.ImageBatches;
import dev.wick.vision.text.Tokenizer;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;

/**
 * Which prompt templates serve best on labelled pictures: each by itself, and all of them together; one thread.
 *
 * <p>Pictures are encoded once.
 */
public final class PromptStudy {
    private final ClipModel clip;
    private final Tokenizer tokenizer;
    private final TextFeatureCache cache;
    private final String identity;
    private final StudyProgress progress;
    private UnfinishedRuns runs = UnfinishedRuns.none();
    private String pictureIdentity = "";

    /**
     * Prepares it.
     *
     * @param identity what the model and the tokenizer are, for the cache
     */
    public PromptStudy(ClipModel clip, Tokenizer tokenizer, TextFeatureCache cache, String identity,
            StudyProgress progress) {
        this.clip = clip;
        this.tokenizer = tokenizer;
        this.cache = cache;
        this.identity = identity;
        this.progress = progress;
    }

    /**
     * Keeps features of pictures until it ends, so that one that is killed goes on.
     *
     * @param name all that features depend on beside the pictures: model, dtype, device, optimisation, release
     */
    public PromptStudy keeping(UnfinishedRuns where, String name) {
        runs = where;
        pictureIdentity = name;
        return this;
    }

    private record Ranked(String name, Accuracy accuracy) {
    }

    /** Ranks templates by top-1, then by top-5. */
    public StudyReport rank(ClassFolders folders, PromptTemplates templates, int batch, Optimization optimization) {
        List<Path> files = new ArrayList<>();
        List<float[]> features = new ArrayList<>();
        ImageBatches.Summary summary;
        PictureEncoding encoding;
        try (BatchEncoder encoder = clip.images((int) Math.min(batch, folders.count()), optimization)) {
            encoding = new PictureEncoding(encoder, clip.preprocessor()).progress("encoding pictures", progress)
                    .keeping(runs, pictureIdentity);
            summary = encoding.encode(folders.files(), (file, row) -> {
                files.add(file);
                features.add(row);
            });
        }
        if (files.isEmpty()) {
            throw new BadArgumentException("none of the " + folders.count() + " pictures can be read");
        }
        Map<Path, Integer> truths = folders.truths();
        List<Ranked> ranked = new ArrayList<>();
        List<String> sentences = templates.sentences();
        for (int i = 0; i < sentences.size(); i++) {
            progress.at("trying templates", i, sentences.size());
            ranked.add(new Ranked(sentences.get(i),
                    accuracy(folders, new PromptTemplates(List.of(sentences.get(i))), files,
                    features, truths)));
        }
        ranked.sort(Comparator.comparingDouble((Ranked each) -> -each.accuracy().top1())
                .thenComparingDouble(each -> -each.accuracy().top5()));
        Ranked together = sentences.size() == 1 ? null
                : new Ranked("all " + sentences.size() + " together",
                accuracy(folders, templates, files, features, truths));
        StudyReport report = report(folders, ranked, together, summary);
        encoding.describe(report, folders.count());
        encoding.forget();
        return report;
    }

    private Accuracy accuracy(ClassFolders folders, PromptTemplates templates, List<Path> files, List<float[]> features,
            Map<Path, Integer> truths) {
        ZeroShotClassifier classifier = ZeroShotClassifier.of(clip, tokenizer, folders.labels(), templates,
                LogitScale.MODEL, cache, identity, StudyProgress.NONE);
        Accuracy accuracy = new Accuracy(folders.labels().names());
        for (int i = 0; i < files.size(); i++) {
            accuracy.add(truths.get(files.get(i)), classifier.cosines(features.get(i)));
        }
        return accuracy;
    }

    private static StudyReport report(ClassFolders folders, List<Ranked> ranked, Ranked together,
            ImageBatches.Summary summary) {
        StudyReport report = new StudyReport("Prompt templates on "
                + ZeroShotStudy.counted(summary.pictures(), "picture") + " of "
                + ZeroShotStudy.counted(folders.labels().size(), "class", "classes"));
        List<Ranked> all = new ArrayList<>(together == null ? List.of() : List.of(together));
        all.addAll(ranked);
        report.table(null, List.of(Column.text("template"), Column.number("top-1"), Column.number("top-5"),
                Column.number("mean per class")), all.stream().map(each -> List.of(each.name(),
                        StudyReport.percent(each.accuracy().top1()), StudyReport.percent(each.accuracy().top5()),
                        StudyReport.percent(each.accuracy().meanPerClass()))).toList());
        if (together != null) {
            double best = ranked.getFirst().accuracy().top1();
            double worst = ranked.getLast().accuracy().top1();
            report.paragraph(String.format(java.util.Locale.ROOT,
                    "The best template is %.1f points above the worst; all of them together are %+.1f points from the "
                            + "best.",
                    100 * (best - worst), 100 * (together.accuracy().top1() - best)));
        }
        report.percentages("Top-1 by template", all.stream().map(Ranked::name).toList(),
                List.of(StudyReport.Series.percentages("top-1", all.stream().map(each -> each.accuracy().top1())
                .toList())));
        ZeroShotStudy.failures(report, summary);
        report.data("templates", all.stream().map(each -> {
            Map<String, Object> map = new LinkedHashMap<>();
            map.put("template", each.name());
            map.put("top1", each.accuracy().top1());
            map.put("top5", each.accuracy().top5());
            map.put("meanPerClass", each.accuracy().meanPerClass());
            return map;
        }).toList());
        return report;
    }
}
