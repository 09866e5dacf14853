package dev.wick.study.metric;

import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;

/**
 * Counts a classifier's right and wrong answers: in all, by class, and which class was taken for which; one thread.
 *
 * <p>Top-5 is the k largest scores for {@code k = min(5, classes)}.
 */
public final class Accuracy {
    /** The k of top-k beside top-1. */
    public static final int TOP = 5;

    private final List<String> classes;
    private final long[][] confusion;
    private final long[] inTop;

    /**
     * Nothing counted yet.
     *
     * @param classes their names, in the order of the scores
     */
    public Accuracy(List<String> classes) {
        this.classes = List.copyOf(classes);
        this.confusion = new long[classes.size()][classes.size()];
        this.inTop = new long[classes.size()];
    }

    /**
     * Counts one answer.
     *
     * @param truth  the right class
     * @param scores one for each class
     * @return whether the largest score is the right class's
     */
    public boolean add(int truth, float[] scores) {
        if (scores.length != classes.size()) {
            throw new IllegalArgumentException("expected " + classes.size() + " scores, got " + scores.length);
        }
        int[] best = TopK.indices(scores, TOP);
        confusion[truth][best[0]]++;
        for (int place : best) {
            if (place == truth) {
                inTop[truth]++;
            }
        }
        return best[0] == truth;
    }

    /** The names of the classes. */
    public List<String> classes() {
        return classes;
    }

    /** How many answers were counted. */
    public long count() {
        long count = 0;
        for (int i = 0; i < classes.size(); i++) {
            count += count(i);
        }
        return count;
    }

    /** How many of them were of a class. */
    public long count(int truth) {
        long count = 0;
        for (long cell : confusion[truth]) {
            count += cell;
        }
        return count;
    }

    /** The share of answers whose largest score was right; NaN when nothing was counted. */
    public double top1() {
        long right = 0;
        for (int i = 0; i < classes.size(); i++) {
            right += confusion[i][i];
        }
        return (double) right / count();
    }

    /** The share of answers with the right class among the largest five scores; NaN when nothing was counted. */
    public double top5() {
        long right = 0;
        for (long each : inTop) {
            right += each;
        }
        return (double) right / count();
    }

    /** {@link #top1} of one class alone; NaN when it had no pictures. */
    public double top1(int truth) {
        return (double) confusion[truth][truth] / count(truth);
    }

    /** {@link #top5} of one class alone; NaN when it had no pictures. */
    public double top5(int truth) {
        return (double) inTop[truth] / count(truth);
    }

    /** The mean of the classes' own {@link #top1}, which weighs small classes like large ones; classes without pictures are left out. */
    public double meanPerClass() {
        double sum = 0;
        int seen = 0;
        for (int i = 0; i < classes.size(); i++) {
            if (count(i) > 0) {
                sum += top1(i);
                seen++;
            }
        }
        return sum / seen;
    }

    /** How often pictures of one class were taken for another. */
    public long confused(int truth, int answer) {
        return confusion[truth][answer];
    }

    /**
     * A class that was taken for another.
     *
     * @param truth  the right class
     * @param answer what it was taken for
     * @param count  how often
     */
    public record Confusion(String truth, String answer, long count) {
    }

    /** The confusions, the most frequent first. */
    public List<Confusion> worst(int most) {
        List<Confusion> all = new ArrayList<>();
        for (int i = 0; i < classes.size(); i++) {
            for (int j = 0; j < classes.size(); j++) {
                if (i != j && confusion[i][j] > 0) {
                    all.add(new Confusion(classes.get(i), classes.get(j), confusion[i][j]));
                }
            }
        }
        all.sort((a, b) -> Long.compare(b.count(), a.count()));
        return List.copyOf(all.subList(0, Math.min(most, all.size())));
    }

    /** All of it under the names that reports have. */
    public Map<String, Object> toMap() {
        Map<String, Object> map = new LinkedHashMap<>();
        map.put("pictures", count());
        map.put("top1", top1());
        map.put("top5", top5());
        map.put("meanPerClass", meanPerClass());
        List<Map<String, Object>> each = new ArrayList<>();
        for (int i = 0; i < classes.size(); i++) {
            Map<String, Object> row = new LinkedHashMap<>();
            row.put("class", classes.get(i));
            row.put("pictures", count(i));
            row.put("top1", top1(i));
            row.put("top5", top5(i));
            each.add(row);
        }
        map.put("classes", each);
        map.put("confusions", worst(Integer.MAX_VALUE).stream().map(confusion -> {
            Map<String, Object> row = new LinkedHashMap<>();
            row.put("class", confusion.truth());
            row.put("takenFor", confusion.answer());
            row.put("count", confusion.count());
            return row;
        }).toList());
        return map;
    }
}
