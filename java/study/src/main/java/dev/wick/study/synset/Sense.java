package dev.wick.study.synset;

/**
 * One meaning of a word; immutable.
 *
 * @param lemma  the word as WordNet lists it: a base form in lower case, with spaces
 * @param number of the sense among those of the lemma in this part of speech, from 1, the most frequent first
 * @param synset the meaning
 */
public record Sense(String lemma, int number, Synset synset) {
    /** Of the word. */
    public PartOfSpeech partOfSpeech() {
        return synset.partOfSpeech();
    }
}
