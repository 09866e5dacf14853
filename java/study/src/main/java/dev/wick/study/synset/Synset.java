package dev.wick.study.synset;

import java.util.List;

/**
 * Words that mean the same, and what that is; immutable.
 *
 * @param id        in WordNet 3.0
 * @param name      of its first word: {@code dog.n.01}; a satellite adjective has an s
 * @param words     synonyms in WordNet's order, as they are spelled, with spaces
 * @param gloss     the definition, with the examples WordNet gives in quotes
 * @param hypernyms what it is a kind of, or an instance of; empty at a root, for adjectives and for adverbs
 * @param hyponyms  its kinds and instances
 */
public record Synset(SynsetId id, String name, List<String> words, String gloss, List<SynsetId> hypernyms,
        List<SynsetId> hyponyms) {

    /** Keeps copies of the lists. */
    public Synset {
        words = List.copyOf(words);
        hypernyms = List.copyOf(hypernyms);
        hyponyms = List.copyOf(hyponyms);
    }

    /** Of all its words. */
    public PartOfSpeech partOfSpeech() {
        return id.partOfSpeech();
    }

    /** Its words with commas, as lists of ImageNet's classes have them: {@code tench, Tinca tinca}. */
    public String label() {
        return String.join(", ", words);
    }
}
