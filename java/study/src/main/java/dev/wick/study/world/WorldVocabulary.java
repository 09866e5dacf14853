package dev.wick.study.world;

import dev.wick.vision.text.BytePairVocabulary;
import java.util.ArrayList;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.TreeMap;

/**
 * The merges under which every word of the drawn world's captions is one token, learned as byte-pair encoding learns
 * them: the commonest pair first, of equals the first in the alphabet; any thread.
 */
final class WorldVocabulary {
    private static final String END_OF_WORD = "</w>";

    private WorldVocabulary() {
    }

    static BytePairVocabulary learned() {
        List<List<String>> words = new ArrayList<>();
        for (String word : words()) {
            List<String> symbols = new ArrayList<>();
            for (int i = 0; i < word.length(); i++) {
                symbols.add(word.charAt(i) + (i == word.length() - 1 ? END_OF_WORD : ""));
            }
            words.add(symbols);
        }
        List<String> merges = new ArrayList<>();
        for (String pair = commonest(words); pair != null; pair = commonest(words)) {
            merges.add(pair);
            for (List<String> word : words) {
                merge(word, pair);
            }
        }
        return BytePairVocabulary.ofMerges(merges);
    }

    private static Set<String> words() {
        Set<String> words = new LinkedHashSet<>(List.of("a", "an", "the"));
        Captions.templates().forEach(template -> words.addAll(List.of(template.split(" "))));
        for (Shape each : Shape.values()) {
            words.add(each.word());
        }
        for (Colour each : Colour.values()) {
            words.add(each.word());
        }
        for (ObjectSize each : ObjectSize.values()) {
            words.add(each.word());
        }
        for (Texture each : Texture.values()) {
            words.add(each.word());
        }
        words.remove("");
        return words;
    }

    private static String commonest(List<List<String>> words) {
        Map<String, Integer> counts = new TreeMap<>();
        for (List<String> word : words) {
            for (int i = 1; i < word.size(); i++) {
                counts.merge(word.get(i - 1) + " " + word.get(i), 1, Integer::sum);
            }
        }
        String commonest = null;
        for (Map.Entry<String, Integer> each : counts.entrySet()) {
            if (commonest == null || each.getValue() > counts.get(commonest)) {
                commonest = each.getKey();
            }
        }
        return commonest;
    }

    private static void merge(List<String> word, String pair) {
        for (int i = 0; i + 1 < word.size(); i++) {
            if (pair.equals(word.get(i) + " " + word.get(i + 1))) {
                word.set(i, word.get(i) + word.remove(i + 1));
            }
        }
    }
}
