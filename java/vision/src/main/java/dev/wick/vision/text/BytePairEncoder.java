package dev.wick.vision.text;

import java.nio.charset.StandardCharsets;
import java.util.PriorityQueue;
import java.util.concurrent.atomic.AtomicReferenceArray;

/**
 * Merges the bytes of words into tokens, the pair of the lowest rank first; any thread.
 *
 * <p>It remembers short words it has seen, at most {@value #REMEMBERED}: a word's hash says its place, the latest takes
 * it.
 */
final class BytePairEncoder {
    private static final int REMEMBERED = 1 << 15;
    private static final int LONGEST_REMEMBERED = 48;

    private final BytePairVocabulary vocabulary;
    private final int[] inside = new int[256];
    private final int[] last = new int[256];
    private final AtomicReferenceArray<Word> remembered = new AtomicReferenceArray<>(REMEMBERED);

    private record Word(String text, int[] ids) {
    }

    BytePairEncoder(BytePairVocabulary vocabulary) {
        this.vocabulary = vocabulary;
        for (int b = 0; b < 256; b++) {
            String character = String.valueOf(ByteAlphabet.character(b));
            inside[b] = vocabulary.id(character);
            last[b] = vocabulary.id(character + BytePairVocabulary.END_OF_WORD);
        }
    }

    /** The ids of one word, which nobody may write into. */
    int[] encode(String word) {
        if (word.length() > LONGEST_REMEMBERED) {
            return merged(word);
        }
        int hash = word.hashCode();
        int place = (hash ^ hash >>> 15) & REMEMBERED - 1;
        Word known = remembered.getPlain(place);
        if (known != null && known.text.equals(word)) {
            return known.ids;
        }
        int[] ids = word.equals(BytePairVocabulary.START_OF_TEXT) ? new int[] {vocabulary.startOfText()}
                : word.equals(BytePairVocabulary.END_OF_TEXT) ? new int[] {vocabulary.endOfText()} : merged(word);
        // A record's fields are final: whoever sees the entry sees them whole.
        remembered.setPlain(place, new Word(word, ids));
        return ids;
    }

    private int[] merged(String word) {
        byte[] bytes = word.getBytes(StandardCharsets.UTF_8);
        int count = bytes.length;
        int[] ids = new int[count];
        for (int i = 0; i < count; i++) {
            ids[i] = (i < count - 1 ? inside : last)[Byte.toUnsignedInt(bytes[i])];
        }
        // The tokens that are left form a list through the array: what a merge took away is -1.
        int[] next = new int[count];
        int[] previous = new int[count];
        for (int i = 0; i < count; i++) {
            next[i] = i + 1;
            previous[i] = i - 1;
        }
        // By rank, then from left to right. A merge makes pairs of higher ranks only, since its token is new.
        PriorityQueue<Long> pairs = new PriorityQueue<>(Math.max(1, count));
        for (int i = 0; i + 1 < count; i++) {
            offer(pairs, ids, i, i + 1);
        }
        int left = count;
        while (!pairs.isEmpty()) {
            long pair = pairs.poll();
            int rank = (int) (pair >>> Integer.SIZE);
            int at = (int) pair;
            if (ids[at] < 0 || next[at] >= count || vocabulary.rank(ids[at], ids[next[at]]) != rank) {
                continue;
            }
            int gone = next[at];
            ids[at] = vocabulary.product(rank);
            ids[gone] = -1;
            left--;
            next[at] = next[gone];
            if (next[at] < count) {
                previous[next[at]] = at;
                offer(pairs, ids, at, next[at]);
            }
            if (previous[at] >= 0) {
                offer(pairs, ids, previous[at], at);
            }
        }
        if (left == count) {
            return ids;
        }
        int[] result = new int[left];
        for (int i = 0, out = 0; i < count; i = next[i]) {
            result[out++] = ids[i];
        }
        return result;
    }

    private void offer(PriorityQueue<Long> pairs, int[] ids, int at, int next) {
        int rank = vocabulary.rank(ids[at], ids[next]);
        if (rank >= 0) {
            pairs.add((long) rank << Integer.SIZE | at);
        }
    }
}
