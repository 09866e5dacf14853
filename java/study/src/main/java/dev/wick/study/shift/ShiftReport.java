package dev.wick.study.shift;

import dev.wick.study.metric.Accuracy;
import dev.wick.study.metric.Bootstrap;
import dev.wick.study.report.HtmlPage;
import dev.wick.study.report.HtmlPage.Column;
import dev.wick.study.report.Sizes;
import dev.wick.study.report.StudyReport;
import dev.wick.study.report.Thumbnail;
import dev.wick.vision.image.PictureException;
import dev.wick.vision.image.PictureFailure;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.stream.Collectors;
import java.util.stream.IntStream;

/** Writes a comparison as a report; one thread. */
final class ShiftReport {
    /** A terminal's width, behind which lines would break. */
    private static final int WIDTH = 120;
    private static final int WARNING_WIDTH = WIDTH - "warning: ".length();
    private static final int CLASSES_IN_TEXT = 30;
    /** Beyond this bars by class are too thin; the table has them. */
    private static final int CLASSES_IN_CHART = 20;
    private static final int SHIFTS_IN_CHARTS = 6;
    /** Pictures that one model alone gets right, on the page and in the text. */
    private static final int EXAMPLES = 8;
    private static final int FAILURES = 20;
    private static final int SHIFT_NAME = 16;
    private static final int CLASS_NAME = 24;
    private static final int FILE_NAME = 34;
    private static final String ELLIPSIS = "\u2026";
    private static final List<ComparedModel> MODELS = List.of(ComparedModel.values());

    private final ShiftFolders folders;
    private final ShiftPictures pictures;
    private final ClassScope scope;
    private final ShiftComparison comparison;
    private final List<PictureFailure> failures;
    private final Map<String, String> preprocessing;
    private final long seed;
    private final int shown;
    private final StudyReport report;

    ShiftReport(ShiftFolders folders, ShiftPictures pictures, ClassScope scope, ShiftComparison comparison,
            List<PictureFailure> failures, Map<String, String> preprocessing, long seed, int shown) {
        this.folders = folders;
        this.pictures = pictures;
        this.scope = scope;
        this.comparison = comparison;
        this.failures = failures;
        this.preprocessing = preprocessing;
        this.seed = seed;
        this.shown = shown;
        this.report = new StudyReport("ResNet beside CLIP under distribution shift: "
                + counted(comparison.pictures().size(), "picture", "pictures") + ", "
                + counted(comparison.shifts().size(), "shift", "shifts"));
    }

    StudyReport report() {
        scored();
        accuracy();
        gaps();
        outcomes();
        byClass();
        examples();
        sample();
        leftOut();
        data();
        return report;
    }

    // How

    private void scored() {
        List<Integer> common = comparison.commonClasses();
        report.paragraph("Scores are compared between " + switch (scope) {
            case PRESENT -> "the " + comparison.classes().size() + " classes that there are pictures of";
            case COMMON -> "the " + comparison.classes().size() + " classes that every shift has pictures of";
            case ALL -> "all " + comparison.classes().size() + " classes";
        } + " (chance " + StudyReport.percent(1.0 / comparison.classes().size()) + ").");
        report.paragraph("The classifier's outputs: " + cut(pictures.classes().origin(), 70) + ".");
        preprocessing.forEach((model, recipe) -> recipe.lines().forEach(line -> report.paragraph(model + " sees: " + line)));
        report.fact("Classes", comparison.classes().size() + " are scored (" + scope + "); the classifier has "
                + pictures.classes().size() + ": " + pictures.classes().origin());
        report.fact("Preprocessing", preprocessing.entrySet().stream().map(each -> each.getKey() + ": " + each.getValue()
                .replace("\n", ", ")).collect(Collectors.joining("\n")));
        report.fact("Intervals", "95 %, percentile bootstrap of " + Sizes.count(Bootstrap.RESAMPLES)
                + " resamples of the pictures, seed " + seed);
        List<Integer> partial = comparison.partialClasses();
        if (!partial.isEmpty()) {
            report.warning(counted(partial.size(), "class is", "classes are") + " not in every shift; figures are over the "
                    + common.size() + " that are. Left out:");
            report.table(null, List.of(Column.text("class"), Column.text("has no pictures in")), partial.stream()
                    .limit(FAILURES).map(place -> List.of(name(place), cut(lacking(place), 80))).toList());
            if (partial.size() > FAILURES) {
                report.paragraph("and " + (partial.size() - FAILURES) + " more, which JSON has.");
            }
            if (scope == ClassScope.PRESENT) {
                report.paragraph("They were among the answers all the same; the scope 'common' leaves them out there too.");
            }
        }
    }

    private String lacking(int place) {
        return IntStream.range(0, comparison.shifts().size()).filter(shift -> comparison.count(shift, place) == 0)
                .mapToObj(comparison.shifts()::get).collect(Collectors.joining(", "));
    }

    // Figures

    private void accuracy() {
        report.section("Accuracy by shift");
        List<Column> columns = new ArrayList<>(List.of(Column.text("shift"), Column.number("pictures")));
        for (ComparedModel model : MODELS) {
            columns.addAll(List.of(Column.number(model + " top-1"), Column.number("95 %"), Column.number("top-5"),
                    Column.number("95 %")));
        }
        report.table(null, columns, rows(shift -> {
            List<String> row = new ArrayList<>(List.of(Sizes.count(comparison.score(ComparedModel.CLIP, shift).pictures())));
            for (ComparedModel model : MODELS) {
                ShiftComparison.Score score = comparison.score(model, shift);
                row.addAll(List.of(share(score.top1()), interval(score.top1Interval()), share(score.top5()),
                        interval(score.top5Interval())));
            }
            return row;
        }));
        report.paragraph("Percent; brackets: 95 % of " + Sizes.count(Bootstrap.RESAMPLES)
                + " bootstrap resamples of the n pictures in the column beside (percentiles, seed " + seed + ").");
        report.percentages("Top-1 by shift", comparison.shifts(), series(shift -> model -> comparison.score(model, shift)
                .top1()));
        if (comparison.classes().size() > Accuracy.TOP) {
            report.percentages("Top-5 by shift", comparison.shifts(), series(shift -> model -> comparison
                    .score(model, shift).top5()));
        } else {
            report.paragraph("Top-5 of " + comparison.classes().size() + " classes has them all.");
        }
        if (!comparison.partialClasses().isEmpty()) {
            report.table("Over all classes that a shift has", List.of(Column.text("shift"), Column.number("pictures"),
                    Column.number("ResNet top-1"), Column.number("top-5"), Column.number("CLIP top-1"),
                    Column.number("top-5")), rows(shift -> {
                        ShiftComparison.Score resnet = comparison.allClasses(ComparedModel.RESNET, shift);
                        ShiftComparison.Score clip = comparison.allClasses(ComparedModel.CLIP, shift);
                        return List.of(Sizes.count(resnet.pictures()), share(resnet.top1()), share(resnet.top5()),
                                share(clip.top1()), share(clip.top5()));
                    }));
        }
    }

    private void gaps() {
        if (comparison.shifts().size() < 2) {
            report.warning("there is one shift alone, so that there is no robustness gap.");
            return;
        }
        String reference = cut(comparison.shifts().get(comparison.reference()), SHIFT_NAME);
        report.section("Robustness gap from " + reference);
        List<Column> columns = new ArrayList<>(List.of(Column.text("shift")));
        for (ComparedModel model : MODELS) {
            columns.addAll(List.of(Column.number(model + " top-1"), Column.number("95 %"), Column.number("relative"),
                    Column.number("top-5")));
        }
        List<List<String>> rows = new ArrayList<>();
        for (int shift = 0; shift < comparison.shifts().size(); shift++) {
            if (shift != comparison.reference()) {
                List<String> row = new ArrayList<>(List.of(cut(comparison.shifts().get(shift), SHIFT_NAME)));
                for (ComparedModel model : MODELS) {
                    ShiftComparison.Gap gap = comparison.gap(model, shift);
                    row.addAll(List.of(points(gap.top1()), interval(gap.interval()), StudyReport.percent(gap.relative()),
                            points(gap.top5())));
                }
                rows.add(row);
            }
        }
        report.table(null, columns, rows);
        report.paragraph("Points: accuracy on " + reference + " minus that on the shift; relative: as a share of the former.");
    }

    private void outcomes() {
        report.section("Who is right");
        report.table(null, List.of(Column.text("shift"), Column.number("both"), Column.number("ResNet alone"),
                Column.number("CLIP alone"), Column.number("neither"), Column.number("same answer")), rows(shift -> {
                    ShiftComparison.Outcomes outcomes = comparison.outcomes(shift);
                    return List.of(Sizes.count(outcomes.both()), Sizes.count(outcomes.onlyResnet()),
                            Sizes.count(outcomes.onlyClip()), Sizes.count(outcomes.neither()),
                            StudyReport.percent(outcomes.agreement()));
                }));
    }

    private void byClass() {
        List<Integer> common = comparison.commonClasses();
        int shifts = comparison.shifts().size();
        List<Column> columns = new ArrayList<>(List.of(Column.text("class"), Column.number("pictures")));
        int width = CLASS_NAME + 10;
        for (String shift : comparison.shifts()) {
            for (ComparedModel model : MODELS) {
                String heading = cut(shift, SHIFT_NAME) + " " + model;
                columns.add(Column.number(heading));
                width += heading.length() + 2;
            }
        }
        List<List<String>> rows = new ArrayList<>();
        for (int place : common) {
            List<String> row = new ArrayList<>(List.of(name(place), Sizes.count(IntStream.range(0, shifts)
                    .mapToLong(shift -> comparison.count(shift, place)).sum())));
            for (int shift = 0; shift < shifts; shift++) {
                for (ComparedModel model : MODELS) {
                    row.add(share(comparison.top1(model, shift, place)));
                }
            }
            rows.add(row);
        }
        report.section("Top-1 by class");
        if (rows.size() <= CLASSES_IN_TEXT && width <= WIDTH) {
            report.table(null, columns, rows);
        } else {
            report.paragraph(counted(rows.size(), "class", "classes") + " by " + shifts + " shifts: on the page and in JSON.");
            report.longTable(null, columns, rows);
        }
        if (common.size() <= CLASSES_IN_CHART) {
            List<String> names = common.stream().map(this::name).toList();
            for (int i = 0; i < Math.min(shifts, SHIFTS_IN_CHARTS); i++) {
                int shift = i;
                report.percentages("Top-1 by class: " + comparison.shifts().get(shift), names, MODELS.stream()
                        .map(model -> StudyReport.Series.percentages(model.toString(), common.stream()
                                .map(place -> comparison.top1(model, shift, place)).toList())).toList());
            }
        }
    }

    // Pictures

    private void examples() {
        for (ComparedModel model : MODELS) {
            List<ComparedPicture> all = comparison.onlyRight(model);
            report.section(model + " alone is right");
            if (all.isEmpty()) {
                report.paragraph("On no picture.");
                continue;
            }
            List<ComparedPicture> some = comparison.sample(all, EXAMPLES, seed);
            report.table(some.size() == all.size() ? null : some.size() + " of " + Sizes.count(all.size())
                    + " pictures, drawn over shifts and classes; JSON has all", List.of(Column.text("picture"),
                            Column.text("shift"), Column.text("class"), Column.text("ResNet"), Column.text("CLIP")),
                    some.stream().map(each -> List.of(tail(each.file().toString(), FILE_NAME),
                            cut(comparison.shifts().get(each.shift()), 10), cut(name(each.truth()), 18), answer(each.resnet()),
                            answer(each.clip()))).toList());
            report.pictures(drawn(some));
        }
    }

    private String answer(ModelAnswer answer) {
        return answer.best().length == 0 ? HtmlPage.NOTHING : cut(name(answer.best()[0]), 16) + " "
                + String.format(Locale.ROOT, "%.1f %%", 100 * answer.probabilities()[0]);
    }

    private void sample() {
        if (shown == 0) {
            return;
        }
        List<ComparedPicture> some = comparison.sample(comparison.pictures(), shown, seed);
        report.section("Five best answers");
        report.paragraph((some.size() == comparison.pictures().size() ? "All " + some.size() + " pictures are"
                : some.size() + " of " + Sizes.count(comparison.pictures().size())
                        + " pictures, drawn over shifts and classes with seed " + seed + ", are") + " on the page; JSON has all.");
        report.pictures(drawn(some));
    }

    private List<HtmlPage.Picture> drawn(List<ComparedPicture> some) {
        List<HtmlPage.Picture> drawn = new ArrayList<>();
        for (ComparedPicture each : some) {
            try {
                drawn.add(new HtmlPage.Picture(Thumbnail.of(each.file()), comparison.shifts().get(each.shift()) + ", "
                        + comparison.classes().get(each.truth()) + ": " + each.file().getFileName(),
                        MODELS.stream().map(model -> answers(model, each)).toList()));
            } catch (PictureException e) {
                // It was there a moment ago; its figures stand.
                report.warning(cut(tail(each.file().toString(), 60) + " is not shown: " + e.reason(), WARNING_WIDTH));
            }
        }
        return drawn;
    }

    private HtmlPage.Answers answers(ComparedModel model, ComparedPicture picture) {
        ModelAnswer answer = picture.answer(model);
        return new HtmlPage.Answers(model.toString(), IntStream.range(0, answer.best().length)
                .mapToObj(rank -> new HtmlPage.Answer(comparison.classes().get(answer.best()[rank]),
                        answer.probabilities()[rank], answer.best()[rank] == picture.truth())).toList());
    }

    // What is missing

    private void leftOut() {
        listed("shift without pictures of these classes", "shifts without pictures of these classes", pictures.empty());
        listed("class folder is no class that is known", "class folders are no classes that are known", pictures.unknown());
        listed("class folder has a name of several classes (name it by its id)",
                "class folders have names of several classes (name them by their ids)", pictures.ambiguous());
        listed("class folder has no pictures", "class folders have no pictures", folders.withoutPictures());
        listed("class has several folders, which are counted together",
                "classes have several folders, which are counted together", pictures.merged());
        for (ComparedModel model : MODELS) {
            long none = comparison.pictures().stream().filter(each -> each.answer(model).best().length == 0).count();
            if (none > 0) {
                report.warning(model + " gave scores that are no numbers for " + counted(none, "picture", "pictures")
                        + "; they count as wrong.");
            }
        }
        if (folders.again() > 0) {
            report.warning(counted(folders.again(), "file", "files") + " left out to which links lead a second time.");
        }
        if (folders.ignored() > 0) {
            report.paragraph(counted(folders.ignored(), "entry", "entries")
                    + " left out: neither in a folder of these, nor called as pictures are.");
        }
        unread("folder or link was not followed:", "folders and links were not followed:", folders.unreadable());
        unread("picture could not be read and was left out:", "pictures could not be read and were left out:", failures);
    }

    private void listed(String one, String many, List<String> names) {
        if (!names.isEmpty()) {
            report.warning(cut(counted(names.size(), one, many) + ": " + String.join(", ", names.subList(0,
                    Math.min(FAILURES, names.size()))) + (names.size() > FAILURES ? ", " + ELLIPSIS : ""), WARNING_WIDTH));
        }
    }

    private void unread(String one, String many, List<PictureFailure> all) {
        if (!all.isEmpty()) {
            report.warning(counted(all.size(), one, many));
            report.table(null, List.of(Column.text("file"), Column.text("reason")), all.stream().limit(FAILURES)
                    .map(each -> List.of(tail(each.file().toString(), 56), cut(each.reason(), 60))).toList());
            if (all.size() > FAILURES) {
                report.paragraph("and " + Sizes.count(all.size() - FAILURES) + " more, which JSON has.");
            }
        }
    }

    // JSON

    private void data() {
        report.data("shifts", comparison.shifts()).data("reference", comparison.shifts().get(comparison.reference()));
        report.data("scope", scope.toString()).data("outputs", pictures.classes().size())
                .data("outputClasses", pictures.classes().origin());
        Map<String, String> recipes = new LinkedHashMap<>();
        preprocessing.forEach((model, recipe) -> recipes.put(model, recipe.replace("\n", ", ")));
        report.data("preprocessing", recipes).data("seed", seed).data("resamples", Bootstrap.RESAMPLES);
        report.data("commonClasses", comparison.commonClasses().stream().map(comparison.classes()::get).toList());
        report.data("partialClasses", comparison.partialClasses().stream().map(place -> {
            Map<String, Object> map = new LinkedHashMap<>();
            map.put("class", comparison.classes().get(place));
            map.put("lacks", lacking(place));
            return map;
        }).toList());
        report.data("byShift", IntStream.range(0, comparison.shifts().size()).mapToObj(this::shiftData).toList());
        report.data("byClass", IntStream.range(0, comparison.classes().size()).mapToObj(this::classData).toList());
        report.data("pictures", comparison.pictures().stream().map(this::pictureData).toList());
        Map<String, Object> leftOut = new LinkedHashMap<>();
        leftOut.put("emptyShifts", pictures.empty());
        leftOut.put("unknownFolders", pictures.unknown());
        leftOut.put("ambiguousFolders", pictures.ambiguous());
        leftOut.put("foldersWithoutPictures", folders.withoutPictures());
        leftOut.put("mergedFolders", pictures.merged());
        leftOut.put("linkedAgain", folders.again());
        leftOut.put("otherEntries", folders.ignored());
        leftOut.put("unreadableFolders", failureData(folders.unreadable()));
        report.data("leftOut", leftOut).data("unreadable", failureData(failures));
    }

    private Map<String, Object> shiftData(int shift) {
        Map<String, Object> map = new LinkedHashMap<>();
        map.put("shift", comparison.shifts().get(shift));
        for (ComparedModel model : MODELS) {
            ShiftComparison.Score score = comparison.score(model, shift);
            ShiftComparison.Score all = comparison.allClasses(model, shift);
            ShiftComparison.Gap gap = comparison.gap(model, shift);
            Map<String, Object> of = new LinkedHashMap<>();
            of.put("pictures", score.pictures());
            of.put("top1", score.top1());
            of.put("top1Interval", intervalData(score.top1Interval()));
            of.put("top5", score.top5());
            of.put("top5Interval", intervalData(score.top5Interval()));
            of.put("allClasses", Map.of("pictures", all.pictures(), "top1", all.top1(), "top5", all.top5()));
            Map<String, Object> gapMap = new LinkedHashMap<>();
            gapMap.put("top1", gap.top1());
            gapMap.put("top1Interval", intervalData(gap.interval()));
            gapMap.put("relative", gap.relative());
            gapMap.put("top5", gap.top5());
            of.put("gap", gapMap);
            map.put(key(model), of);
        }
        ShiftComparison.Outcomes outcomes = comparison.outcomes(shift);
        Map<String, Object> of = new LinkedHashMap<>();
        of.put("both", outcomes.both());
        of.put("onlyResnet", outcomes.onlyResnet());
        of.put("onlyClip", outcomes.onlyClip());
        of.put("neither", outcomes.neither());
        of.put("agreement", outcomes.agreement());
        for (ComparedModel model : MODELS) {
            of.put(model == ComparedModel.CLIP ? "onlyClipFiles" : "onlyResnetFiles", comparison.onlyRight(model).stream()
                    .filter(each -> each.shift() == shift).map(each -> each.file().toString()).toList());
        }
        map.put("outcomes", of);
        return map;
    }

    private Map<String, Object> classData(int place) {
        Map<String, Object> map = new LinkedHashMap<>();
        map.put("class", comparison.classes().get(place));
        map.put("common", comparison.isCommon(place));
        map.put("shifts", IntStream.range(0, comparison.shifts().size())
                .filter(shift -> comparison.count(shift, place) > 0).mapToObj(shift -> {
                    Map<String, Object> of = new LinkedHashMap<>();
                    of.put("shift", comparison.shifts().get(shift));
                    of.put("pictures", comparison.count(shift, place));
                    for (ComparedModel model : MODELS) {
                        of.put(key(model), Map.of("top1", comparison.top1(model, shift, place), "top5",
                                comparison.top5(model, shift, place)));
                    }
                    return of;
                }).toList());
        return map;
    }

    private Map<String, Object> pictureData(ComparedPicture picture) {
        Map<String, Object> map = new LinkedHashMap<>();
        map.put("file", picture.file().toString());
        map.put("shift", comparison.shifts().get(picture.shift()));
        map.put("class", comparison.classes().get(picture.truth()));
        for (ComparedModel model : MODELS) {
            ModelAnswer answer = picture.answer(model);
            Map<String, Object> of = new LinkedHashMap<>();
            of.put("right", picture.isRight(model));
            of.put("answers", Arrays.stream(answer.best()).mapToObj(comparison.classes()::get).toList());
            of.put("probabilities", answer.probabilities());
            map.put(key(model), of);
        }
        return map;
    }

    private static List<Object> failureData(List<PictureFailure> all) {
        return all.stream().<Object>map(each -> {
            Map<String, Object> map = new LinkedHashMap<>();
            map.put("file", each.file().toString());
            map.put("reason", each.reason());
            return map;
        }).toList();
    }

    private static List<Double> intervalData(Bootstrap.Interval interval) {
        return interval == null ? null : List.of(interval.low(), interval.high());
    }

    private static String key(ComparedModel model) {
        return model.name().toLowerCase(Locale.ROOT);
    }

    // Texts

    /** One row for each shift, behind its name. */
    private List<List<String>> rows(java.util.function.IntFunction<List<String>> cells) {
        return IntStream.range(0, comparison.shifts().size()).mapToObj(shift -> {
            List<String> row = new ArrayList<>(List.of(cut(comparison.shifts().get(shift), SHIFT_NAME)));
            row.addAll(cells.apply(shift));
            return row;
        }).toList();
    }

    private List<StudyReport.Series> series(
            java.util.function.IntFunction<java.util.function.ToDoubleFunction<ComparedModel>> figure) {
        return MODELS.stream().map(model -> StudyReport.Series.percentages(model.toString(),
                IntStream.range(0, comparison.shifts().size()).mapToObj(shift -> figure.apply(shift).applyAsDouble(model))
                        .toList())).toList();
    }

    private String name(int place) {
        return cut(comparison.classes().get(place), CLASS_NAME);
    }

    private static String share(double share) {
        return Double.isNaN(share) ? HtmlPage.NOTHING : String.format(Locale.ROOT, "%.1f", 100 * share);
    }

    private static String points(double difference) {
        return Double.isNaN(difference) ? HtmlPage.NOTHING : String.format(Locale.ROOT, "%+.1f", 100 * difference);
    }

    private static String interval(Bootstrap.Interval interval) {
        return interval == null ? HtmlPage.NOTHING : "[" + share(interval.low()) + ", " + share(interval.high()) + "]";
    }

    private static String counted(long count, String one, String many) {
        return Sizes.count(count) + " " + (count == 1 ? one : many);
    }

    private static String cut(String text, int most) {
        return text.length() <= most ? text : text.substring(0, most - 1).strip() + ELLIPSIS;
    }

    /** The end of a path, which tells files apart. */
    private static String tail(String text, int most) {
        return text.length() <= most ? text : ELLIPSIS + text.substring(text.length() - most + 1);
    }
}
