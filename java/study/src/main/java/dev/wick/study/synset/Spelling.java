package dev.wick.study.synset;

import java.util.Comparator;
import java.util.HashMap;
import java.util.List;
import java.util.Map;

/** Finds words with nearly the same letters; any thread. */
final class Spelling {
    private static final int MOST = 5;
    private static final int LETTERS_PER_MISTAKE = 4;
    private static final int LONGEST = 60;

    private Spelling() {
    }

    private record Near(String word, int distance, boolean sameStart, int senses) {
        private static final Comparator<Near> ORDER = Comparator.comparingInt(Near::distance)
                .thenComparing(Near::sameStart, Comparator.reverseOrder())
                .thenComparing(Near::senses, Comparator.reverseOrder()).thenComparing(Near::word);
    }

    /**
     * The nearest lemmas, at most five: fewest mistakes first, then those with the same first letter and more senses.
     */
    static List<String> nearest(String word, Lexicon lexicon) {
        if (word.length() < 2 || word.length() > LONGEST) {
            return List.of();
        }
        int most = 1 + word.length() / LETTERS_PER_MISTAKE;
        Map<String, Near> near = new HashMap<>();
        lexicon.forEachLemma((lemma, senses) -> {
            int distance = distance(word, lemma, most);
            if (distance <= most && distance < word.length() - 1) {
                near.merge(lemma, new Near(lemma, distance, lemma.charAt(0) == word.charAt(0), senses),
                        (a, b) -> new Near(lemma, distance, a.sameStart, a.senses + b.senses));
            }
        });
        int fewest = near.values().stream().mapToInt(Near::distance).min().orElse(0);
        return near.values().stream().filter(each -> each.distance <= fewest + 1).sorted(Near.ORDER).limit(MOST)
                .map(Near::word).toList();
    }

    /**
     * How many letters must be changed, put in, left out or exchanged with their neighbour, each place at most once
     * (optimal string alignment); more than {@code most} where it is more.
     */
    static int distance(String a, String b, int most) {
        if (Math.abs(a.length() - b.length()) > most) {
            return most + 1;
        }
        int[] before = new int[b.length() + 1];
        int[] last = new int[b.length() + 1];
        int[] row = new int[b.length() + 1];
        for (int j = 0; j <= b.length(); j++) {
            last[j] = j;
        }
        for (int i = 1; i <= a.length(); i++) {
            row[0] = i;
            int least = i;
            for (int j = 1; j <= b.length(); j++) {
                boolean same = a.charAt(i - 1) == b.charAt(j - 1);
                row[j] = Math.min(Math.min(row[j - 1], last[j]) + 1, last[j - 1] + (same ? 0 : 1));
                if (i > 1 && j > 1 && a.charAt(i - 1) == b.charAt(j - 2) && a.charAt(i - 2) == b.charAt(j - 1)) {
                    row[j] = Math.min(row[j], before[j - 2] + 1);
                }
                least = Math.min(least, row[j]);
            }
            if (least > most) {
                return most + 1;
            }
            int[] free = before;
            before = last;
            last = row;
            row = free;
        }
        return last[b.length()];
    }
}
