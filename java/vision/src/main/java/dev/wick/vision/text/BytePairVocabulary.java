package dev.wick.vision.text;

import dev.wick.error.BadArgumentException;
import java.io.IOException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Collections;
import java.util.HashMap;
import java.util.List;
import java.util.Map;

/**
 * The tokens of CLIP's byte-pair encoding and the merges that make them; any thread.
 *
 * <p>In the published layout ids 0 to 255 are the bytes, 256 to 511 the bytes that end a word ({@code </w>}), then
 * comes one token for each merge in order of rank, then {@value #START_OF_TEXT} and {@value #END_OF_TEXT}.
 */
public final class BytePairVocabulary {
    /** The published vocabulary's size: 512 bytes, 48,894 merges, two marks. */
    public static final int PUBLISHED_SIZE = 49_408;

    static final String START_OF_TEXT = "<|startoftext|>";
    static final String END_OF_TEXT = "<|endoftext|>";
    static final String END_OF_WORD = "</w>";
    static final int SMALLEST_SIZE = 2 * 256 + 2;
    /** What a space is in byte-level encodings without {@value #END_OF_WORD}; no word of CLIP's has one. */
    private static final char SPACE = ByteAlphabet.character(' ');

    private final String[] tokens;
    private final Map<String, Integer> ids;
    private final List<String> merges;
    /** Pairs of ids, each at its hash or after it, and the merge's rank beside it; half of the places are empty. */
    private final long[] pairs;
    private final int[] ranks;
    /** From a merge's rank to the id of what it makes. */
    private final int[] products;

    /**
     * Checks that merges and tokens belong together.
     *
     * @param tokens by id; null for the published layout of these merges
     */
    BytePairVocabulary(String source, List<String> merges, String[] tokens) {
        this.tokens = tokens == null ? publishedLayout(source, merges) : tokens;
        this.merges = List.copyOf(merges);
        this.ids = HashMap.newHashMap(this.tokens.length);
        for (int id = 0; id < this.tokens.length; id++) {
            if (ids.put(this.tokens[id], id) != null) {
                throw new VocabularyUnreadableException(source, "the token '" + this.tokens[id] + "' is there twice");
            }
        }
        requireMarks(source);
        requireWordEnds(source);
        this.pairs = new long[Integer.highestOneBit(Math.max(1, merges.size())) << 2];
        this.ranks = new int[pairs.length];
        Arrays.fill(ranks, -1);
        this.products = new int[merges.size()];
        boolean[] made = new boolean[this.tokens.length];
        for (int b = 0; b < 256; b++) {
            made[idOf(source, String.valueOf(ByteAlphabet.character(b)))] = true;
            made[idOf(source, ByteAlphabet.character(b) + END_OF_WORD)] = true;
        }
        for (int rank = 0; rank < products.length; rank++) {
            String[] pair = pair(source, rank, merges.get(rank));
            int left = part(source, rank, pair[0], made);
            int right = part(source, rank, pair[1], made);
            int product = idOf(source, pair[0] + pair[1]);
            if (made[product]) {
                throw new VocabularyUnreadableException(source, "merge " + (rank + 1) + " ('" + merges.get(rank)
                        + "') makes a token that is there already");
            }
            made[product] = true;
            products[rank] = product;
            int place = place(left, right);
            pairs[place] = key(left, right);
            ranks[place] = rank;
        }
    }

    /**
     * Reads a vocabulary: OpenAI's {@code bpe_simple_vocab_16e6.txt.gz}, the same as plain text (of which the published
     * number of merges is taken), a shorter list of merges in that format (a line with {@code #version}, then one merge
     * a line), or a {@code tokenizer.json} of CLIP's as Hugging Face writes it, of which tokens and merges are taken.
     *
     * @throws IOException                   when the file cannot be read
     * @throws VocabularyUnreadableException when it is none of these; at most 32 MiB are ever unpacked
     */
    public static BytePairVocabulary read(Path file) throws IOException {
        return VocabularyFile.read(file);
    }

    /**
     * The vocabulary of merges by rank, each as {@code "left right"}, in the published layout.
     *
     * @throws VocabularyUnreadableException when a merge has other than two parts, or joins what no merge before it
     *                                       made
     */
    public static BytePairVocabulary ofMerges(List<String> merges) {
        return new BytePairVocabulary("given merges", merges, null);
    }

    /**
     * Writes it as {@link #read} reads it, packed when the name ends in {@code .gz}. The file is there whole or not at
     * all.
     *
     * @throws BadArgumentException when it came from a tokenizer.json whose ids are not in the published layout
     */
    public void write(Path file) throws IOException {
        if (!Arrays.equals(tokens, publishedLayout("it", merges))) {
            throw new BadArgumentException("a list of merges cannot hold this vocabulary: its ids are in an order of "
                    + "their own");
        }
        VocabularyFile.write(file, merges);
    }

    /**
     * The vocabulary of the first merges, with which it has the given size.
     *
     * @throws BadArgumentException when the size is below 514 (bytes and marks alone) or above {@link #size()}
     */
    public BytePairVocabulary withSize(int size) {
        if (size < SMALLEST_SIZE || size > tokens.length) {
            throw new BadArgumentException("a vocabulary made of this one has " + SMALLEST_SIZE + " to " + tokens.length
                    + " tokens, not " + size);
        }
        return size == tokens.length ? this
                : new BytePairVocabulary("of " + size + " tokens", merges.subList(0, size - SMALLEST_SIZE), null);
    }

    /** How many tokens there are. */
    public int size() {
        return tokens.length;
    }

    /** The merges by rank, each as {@code "left right"}. */
    public List<String> merges() {
        return merges;
    }

    /** A token as the vocabulary writes it: a character for each byte, {@code </w>} where a word ends. */
    public String token(int id) {
        if (id < 0 || id >= tokens.length) {
            throw new BadArgumentException("ids go from 0 to " + (tokens.length - 1) + ", got " + id);
        }
        return tokens[id];
    }

    /** The id of the mark before a text. */
    public int startOfText() {
        return ids.get(START_OF_TEXT);
    }

    /** The id of the mark after a text, the highest of all: CLIP's text tower finds its place by that. */
    public int endOfText() {
        return ids.get(END_OF_TEXT);
    }

    int id(String token) {
        return ids.get(token);
    }

    /** The rank of the merge of two tokens; -1 when there is none. */
    int rank(int left, int right) {
        return ranks[place(left, right)];
    }

    /** Where the pair is, or would be. */
    private int place(int left, int right) {
        long key = key(left, right);
        int mask = pairs.length - 1;
        int place = (int) (key * 0x9E3779B97F4A7C15L >>> Integer.SIZE) & mask;
        while (ranks[place] >= 0 && pairs[place] != key) {
            place = place + 1 & mask;
        }
        return place;
    }

    int product(int rank) {
        return products[rank];
    }

    private static long key(int left, int right) {
        return (long) left << Integer.SIZE | right;
    }

    private static String[] publishedLayout(String source, List<String> merges) {
        List<String> layout = new ArrayList<>(SMALLEST_SIZE + merges.size());
        for (int id = 0; id < 256; id++) {
            layout.add(String.valueOf(ByteAlphabet.ofToken(id)));
        }
        for (int id = 0; id < 256; id++) {
            layout.add(layout.get(id) + END_OF_WORD);
        }
        for (int rank = 0; rank < merges.size(); rank++) {
            layout.add(String.join("", pair(source, rank, merges.get(rank))));
        }
        Collections.addAll(layout, START_OF_TEXT, END_OF_TEXT);
        return layout.toArray(String[]::new);
    }

    private static String[] pair(String source, int rank, String merge) {
        int space = merge.indexOf(' ');
        if (space <= 0 || space == merge.length() - 1 || merge.indexOf(' ', space + 1) >= 0) {
            throw new VocabularyUnreadableException(source, "merge " + (rank + 1) + " is '" + shortened(merge)
                    + "' where two parts with a space between are expected");
        }
        return new String[] {merge.substring(0, space), merge.substring(space + 1)};
    }

    private int part(String source, int rank, String part, boolean[] made) {
        Integer id = ids.get(part);
        if (id == null || !made[id]) {
            throw new VocabularyUnreadableException(source, "merge " + (rank + 1) + " joins '" + shortened(part)
                    + "', which is neither a byte nor made by a merge before it");
        }
        return id;
    }

    private int idOf(String source, String token) {
        Integer id = ids.get(token);
        if (id == null) {
            throw new VocabularyUnreadableException(source, "there is no token '" + shortened(token) + "'");
        }
        return id;
    }

    private void requireMarks(String source) {
        for (String mark : new String[] {START_OF_TEXT, END_OF_TEXT}) {
            if (!ids.containsKey(mark)) {
                throw new VocabularyUnreadableException(source, "there is no token " + mark
                        + ": it is another model's, not CLIP's");
            }
        }
        if (endOfText() != tokens.length - 1) {
            throw new VocabularyUnreadableException(source, END_OF_TEXT + " has id " + endOfText()
                    + ", and not the highest, "
                    + (tokens.length - 1) + ", by which CLIP finds the end of a text");
        }
    }

    private void requireWordEnds(String source) {
        boolean spaces = merges.stream().anyMatch(merge -> merge.indexOf(SPACE) >= 0);
        if (spaces && merges.stream().noneMatch(merge -> merge.endsWith(END_OF_WORD))) {
            throw new VocabularyUnreadableException(source, "its merges mark where words begin ('" + SPACE
                    + "') and never where they end ('" + END_OF_WORD + "'): GPT-2's kind of encoding, not CLIP's");
        }
    }

    private static String shortened(String text) {
        return text.length() <= 40 ? text : text.substring(0, 40) + "...";
    }
}
