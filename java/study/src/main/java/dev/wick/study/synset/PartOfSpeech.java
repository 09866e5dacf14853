package dev.wick.study.synset;

import java.util.Optional;

/** What kind of word a synset holds, in WordNet's order. */
public enum PartOfSpeech {
    /** Letter n. */
    NOUN('n', "noun"),
    /** Letter v. */
    VERB('v', "verb"),
    /** Letter a; WordNet's satellite adjectives, letter s, are adjectives too. */
    ADJECTIVE('a', "adjective"),
    /** Letter r. */
    ADVERB('r', "adverb");

    private static final char SATELLITE = 's';

    private final char letter;
    private final String label;

    PartOfSpeech(char letter, String label) {
        this.letter = letter;
        this.label = label;
    }

    /** WordNet's letter. */
    public char letter() {
        return letter;
    }

    /** The part of speech of a letter, in either case; empty for letters that WordNet does not use. */
    public static Optional<PartOfSpeech> ofLetter(char letter) {
        char lower = Character.toLowerCase(letter);
        for (PartOfSpeech each : values()) {
            if (each.letter == lower) {
                return Optional.of(each);
            }
        }
        return lower == SATELLITE ? Optional.of(ADJECTIVE) : Optional.empty();
    }

    /** The English word for it. */
    @Override
    public String toString() {
        return label;
    }
}
