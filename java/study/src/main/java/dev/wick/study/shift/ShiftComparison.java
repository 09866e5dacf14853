package dev.wick.study.shift;

import dev.wick.study.metric.Bootstrap;
import java.util.ArrayList;
import java.util.List;
import java.util.SplittableRandom;
import java.util.stream.IntStream;

/**
 * The figures of two models' answers: accuracy, gap, and who is right, by shift; immutable.
 *
 * <p>All but {@link #allClasses} are over the classes that every shift has pictures of, so that shifts are compared on equal
 * classes.
 */
public final class ShiftComparison {
    private static final int MODELS = ComparedModel.values().length;

    private final List<String> shifts;
    private final List<String> classes;
    private final int reference;
    private final List<ComparedPicture> pictures;
    private final boolean[] common;
    /** [shift][class]. */
    private final long[][] counts;
    /** [model][shift][class]: pictures whose best answer is right. */
    private final long[][][] right;
    /** [model][shift][class]: pictures whose class is among the five best. */
    private final long[][][] inTop;
    private final Score[][] scores;
    private final Gap[][] gaps;

    /**
     * How often a model is right.
     *
     * @param pictures     that were asked for
     * @param top1         share of those whose best answer is right; NaN of no pictures
     * @param top5         share of those with the right class among the five best
     * @param top1Interval the middle 95% of {@link Bootstrap#RESAMPLES} resamples of the pictures; null of no pictures
     * @param top5Interval the same of top-5
     */
    public record Score(long pictures, double top1, double top5, Bootstrap.Interval top1Interval,
            Bootstrap.Interval top5Interval) {
    }

    /**
     * What a model loses from the reference to a shift.
     *
     * @param top1     reference's accuracy minus the shift's, between -1 and 1
     * @param relative the same as a share of the reference's; NaN where that is 0
     * @param top5     the same as {@code top1} for top-5
     * @param interval the middle 95% of the resampled {@code top1}; null where a side has no pictures
     */
    public record Gap(double top1, double relative, double top5, Bootstrap.Interval interval) {
    }

    /**
     * Who is right.
     *
     * @param both        pictures that both models get right
     * @param onlyResnet  those that the trained classifier alone gets right
     * @param onlyClip    those that CLIP alone gets right
     * @param neither     those that none gets right
     * @param sameAnswer  those with one and the same best answer, right or wrong
     */
    public record Outcomes(long both, long onlyResnet, long onlyClip, long neither, long sameAnswer) {
        /** All of them. */
        public long pictures() {
            return both + onlyResnet + onlyClip + neither;
        }

        /** The share of equal best answers; NaN of no pictures. */
        public double agreement() {
            return (double) sameAnswer / pictures();
        }
    }

    /**
     * Counts.
     *
     * @param shifts    their names
     * @param reference the place of the one that gaps are measured from
     * @param classes   names of those that models chose from
     * @param seed      of the resamples
     */
    public ShiftComparison(List<String> shifts, int reference, List<String> classes, List<ComparedPicture> pictures,
            long seed) {
        this.shifts = List.copyOf(shifts);
        this.reference = reference;
        this.classes = List.copyOf(classes);
        this.pictures = List.copyOf(pictures);
        counts = new long[shifts.size()][classes.size()];
        right = new long[MODELS][shifts.size()][classes.size()];
        inTop = new long[MODELS][shifts.size()][classes.size()];
        for (ComparedPicture each : pictures) {
            counts[each.shift()][each.truth()]++;
            for (ComparedModel model : ComparedModel.values()) {
                right[model.ordinal()][each.shift()][each.truth()] += each.isRight(model) ? 1 : 0;
                inTop[model.ordinal()][each.shift()][each.truth()] += each.answer(model).has(each.truth()) ? 1 : 0;
            }
        }
        common = new boolean[classes.size()];
        for (int i = 0; i < common.length; i++) {
            int place = i;
            common[i] = IntStream.range(0, shifts.size()).allMatch(shift -> counts[shift][place] > 0);
        }
        scores = new Score[MODELS][shifts.size()];
        gaps = new Gap[MODELS][shifts.size()];
        SplittableRandom random = new SplittableRandom(seed);
        for (int model = 0; model < MODELS; model++) {
            double[][] resampled = new double[shifts.size()][];
            for (int shift = 0; shift < shifts.size(); shift++) {
                long count = sum(counts[shift], true);
                long hits = sum(right[model][shift], true);
                long hits5 = sum(inTop[model][shift], true);
                // Each of its own stream, so that one shift's draws do not depend on another's pictures.
                resampled[shift] = Bootstrap.shares(hits, count, random.split());
                double[] resampled5 = Bootstrap.shares(hits5, count, random.split());
                scores[model][shift] = new Score(count, (double) hits / count, (double) hits5 / count,
                        count == 0 ? null : Bootstrap.interval(resampled[shift]),
                        count == 0 ? null : Bootstrap.interval(resampled5));
            }
            for (int shift = 0; shift < shifts.size(); shift++) {
                Score from = scores[model][reference];
                Score to = scores[model][shift];
                double gap = from.top1() - to.top1();
                gaps[model][shift] = new Gap(gap, from.top1() == 0 ? Double.NaN : gap / from.top1(), from.top5() - to.top5(),
                        shift == reference || from.pictures() == 0 || to.pictures() == 0 ? null
                                : Bootstrap.interval(Bootstrap.differences(resampled[reference], resampled[shift])));
            }
        }
    }

    private long sum(long[] byClass, boolean commonAlone) {
        return IntStream.range(0, byClass.length).filter(each -> !commonAlone || common[each]).mapToLong(each -> byClass[each])
                .sum();
    }

    /** The names of the shifts. */
    public List<String> shifts() {
        return shifts;
    }

    /** The place of the shift that gaps are measured from. */
    public int reference() {
        return reference;
    }

    /** The names of the classes. */
    public List<String> classes() {
        return classes;
    }

    /** All pictures, those of classes that some shifts lack with them. */
    public List<ComparedPicture> pictures() {
        return pictures;
    }

    /** Whether every shift has pictures of a class. */
    public boolean isCommon(int place) {
        return common[place];
    }

    /** Classes that every shift has pictures of. */
    public List<Integer> commonClasses() {
        return IntStream.range(0, common.length).filter(each -> common[each]).boxed().toList();
    }

    /** Classes that some shifts have pictures of, and others not. */
    public List<Integer> partialClasses() {
        return IntStream.range(0, common.length).filter(each -> !common[each]
                && IntStream.range(0, shifts.size()).anyMatch(shift -> counts[shift][each] > 0)).boxed().toList();
    }

    /** Accuracy of a model on a shift. */
    public Score score(ComparedModel model, int shift) {
        return scores[model.ordinal()][shift];
    }

    /** The same over all classes that the shift has, without intervals. */
    public Score allClasses(ComparedModel model, int shift) {
        long count = sum(counts[shift], false);
        return new Score(count, (double) sum(right[model.ordinal()][shift], false) / count,
                (double) sum(inTop[model.ordinal()][shift], false) / count, null, null);
    }

    /** What a model loses on a shift; 0 on the reference. */
    public Gap gap(ComparedModel model, int shift) {
        return gaps[model.ordinal()][shift];
    }

    /** Pictures of a class in a shift. */
    public long count(int shift, int place) {
        return counts[shift][place];
    }

    /** A model's top-1 accuracy on one class of a shift; NaN without pictures. */
    public double top1(ComparedModel model, int shift, int place) {
        return (double) right[model.ordinal()][shift][place] / counts[shift][place];
    }

    /** The same of top-5. */
    public double top5(ComparedModel model, int shift, int place) {
        return (double) inTop[model.ordinal()][shift][place] / counts[shift][place];
    }

    /** Who is right on a shift. */
    public Outcomes outcomes(int shift) {
        long[] cells = new long[4];
        long same = 0;
        for (ComparedPicture each : pictures) {
            if (each.shift() == shift && common[each.truth()]) {
                cells[(each.isRight(ComparedModel.RESNET) ? 0 : 2) + (each.isRight(ComparedModel.CLIP) ? 0 : 1)]++;
                int[] best = each.clip().best();
                same += best.length > 0 && each.resnet().isFirst(best[0]) ? 1 : 0;
            }
        }
        return new Outcomes(cells[0], cells[1], cells[2], cells[3], same);
    }

    /** Pictures of common classes that one model gets right and the other wrong, in their order. */
    public List<ComparedPicture> onlyRight(ComparedModel model) {
        ComparedModel other = model == ComparedModel.RESNET ? ComparedModel.CLIP : ComparedModel.RESNET;
        return pictures.stream().filter(each -> common[each.truth()] && each.isRight(model) && !each.isRight(other)).toList();
    }

    /**
     * Some of the pictures, from as many shifts and classes as there is room for, drawn by a seed.
     *
     * @param from pictures of this comparison
     * @return at most {@code most}, in the order of {@code from}
     */
    public List<ComparedPicture> sample(List<ComparedPicture> from, int most, long seed) {
        SplittableRandom random = new SplittableRandom(seed);
        List<List<Integer>> cells = new ArrayList<>();
        IntStream.range(0, shifts.size() * classes.size()).forEach(_ -> cells.add(new ArrayList<>()));
        for (int i = 0; i < from.size(); i++) {
            cells.get(from.get(i).truth() * shifts.size() + from.get(i).shift()).add(i);
        }
        cells.removeIf(List::isEmpty);
        shuffle(cells, random);
        cells.forEach(cell -> shuffle(cell, random));
        List<Integer> drawn = new ArrayList<>();
        for (int round = 0; drawn.size() < Math.min(most, from.size()); round++) {
            for (List<Integer> cell : cells) {
                if (round < cell.size() && drawn.size() < most) {
                    drawn.add(cell.get(round));
                }
            }
        }
        return drawn.stream().sorted().map(from::get).toList();
    }

    private static <T> void shuffle(List<T> list, SplittableRandom random) {
        for (int i = list.size() - 1; i > 0; i--) {
            java.util.Collections.swap(list, i, random.nextInt(i + 1));
        }
    }
}
