package dev.wick.study.synset;

import dev.wick.error.WickException;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.Collection;
import java.util.Deque;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Optional;
import java.util.Set;
import java.util.function.Function;
import java.util.stream.Stream;

/**
 * WordNet 3.0, read by extJWNL from {@code extjwnl-data-wn30}; any thread, and look-ups take turns.
 *
 * <p>The first look-up opens it; then it stays, about 38 MB of heap, as long as the JVM. Nothing is fetched, written or
 * printed. extJWNL logs through SLF4J, whose binding (or {@code slf4j-nop}) is the application's to choose: without
 * one, SLF4J itself says so on stderr.
 *
 * <p>Hypernyms and hyponyms include those of instances: Einstein is an instance of a physicist.
 */
public final class WordNet {
    private WordNet() {
    }

    /** The synset of an id; empty when none begins at its offset. */
    public static Optional<Synset> synset(SynsetId id) {
        return Lexicon.get().synset(id);
    }

    /**
     * The one synset of an id ({@code 02084071-n}, {@code 02084071n}, {@code n02084071}), a sense key
     * ({@code dog%1:05:00::}) or a name ({@code dog.n.01}).
     *
     * @throws SynsetNotFoundException when it is none of these, or there is no such synset
     */
    public static Synset synset(String id) {
        return new SynsetQuery(id, null).synset().orElseThrow(() -> new SynsetNotFoundException("'" + id
                + "' is no id of a synset (02084071-n, n02084071), no sense key (dog%1:05:00::) and no name "
                + "(dog.n.01)"))
                .synset();
    }

    /** {@link #find(String, PartOfSpeech)} among all parts of speech. */
    public static List<Sense> find(String query) {
        return find(query, null);
    }

    /**
     * Everything that a text may mean.
     *
     * @param query        what {@link #synset(String)} takes, eight digits, or a word or phrase in any inflection, in
     *                     any case, with spaces or underscores between its words
     * @param partOfSpeech the only one to look in; null for all
     * @return at least one sense; those of a word by part of speech, as it stands before what it may be an inflection
     *         of, the most frequent sense first
     * @throws SynsetNotFoundException when it means nothing
     */
    public static List<Sense> find(String query, PartOfSpeech partOfSpeech) {
        return new SynsetQuery(query, partOfSpeech).senses();
    }

    /** Whether the text, as it stands or inflected, is a word or phrase of WordNet's. */
    public static boolean hasWord(String text) {
        return !new SynsetQuery(text, null).wordSenses().isEmpty();
    }

    /** What it is a kind of, or an instance of. */
    public static List<Synset> hypernyms(Synset synset) {
        return all(synset.hypernyms());
    }

    /** Its kinds and instances. */
    public static List<Synset> hyponyms(Synset synset) {
        return all(synset.hyponyms());
    }

    /** Other hyponyms of its hypernyms, each once; not the synset itself. */
    public static List<Synset> siblings(Synset synset) {
        return all(hypernyms(synset).stream().flatMap(parent -> parent.hyponyms().stream()).distinct()
                .filter(id -> !id.equals(synset.id())).toList());
    }

    /**
     * All ways up from a synset.
     *
     * @return at least one; each begins with a root and ends with the synset. Where WordNet runs in a circle (two verbs
     *         do), a way ends before it would repeat itself
     */
    public static List<List<Synset>> chains(Synset synset) {
        List<List<Synset>> chains = new ArrayList<>();
        climb(synset, new ArrayDeque<>(), chains);
        return chains;
    }

    private static void climb(Synset synset, Deque<Synset> below, List<List<Synset>> chains) {
        below.push(synset);
        List<SynsetId> above = synset.hypernyms().stream()
                .filter(id -> below.stream().noneMatch(passed -> passed.id().equals(id))).toList();
        if (above.isEmpty()) {
            chains.add(List.copyOf(below));
        }
        for (SynsetId id : above) {
            climb(present(id), below, chains);
        }
        below.pop();
    }

    /** Whether a synset is another or, on any way up, a kind of it. */
    public static boolean isUnder(Synset synset, Synset ancestor) {
        return ancestry(synset, WordNet::present).contains(ancestor.id());
    }

    /** A synset and everything above it. */
    static Set<SynsetId> ancestry(Synset synset, Function<SynsetId, Synset> read) {
        Set<SynsetId> found = new LinkedHashSet<>();
        Deque<Synset> next = new ArrayDeque<>(List.of(synset));
        while (!next.isEmpty()) {
            Synset each = next.poll();
            if (found.add(each.id())) {
                each.hypernyms().stream().map(read).forEach(next::add);
            }
        }
        return found;
    }

    private static List<Synset> all(Collection<SynsetId> ids) {
        return ids.stream().map(WordNet::present).toList();
    }

    /** A synset that WordNet itself names. */
    static Synset present(SynsetId id) {
        return synset(id).orElseThrow(() -> new WickException("WordNet names " + id + ", which is not in it"));
    }

    /** All parts of speech, or the one. */
    static Stream<PartOfSpeech> among(PartOfSpeech only) {
        return only == null ? Stream.of(PartOfSpeech.values()) : Stream.of(only);
    }
}
