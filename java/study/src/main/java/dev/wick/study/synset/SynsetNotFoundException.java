package dev.wick.study.synset;

import dev.wick.error.WickException;
import java.util.List;
import java.util.function.Supplier;

/** A query that is no word, id, sense key or name in WordNet 3.0; the message says what it was taken for. */
public final class SynsetNotFoundException extends WickException {
    private static final long serialVersionUID = 1L;

    private final transient Supplier<List<String>> suggestions;

    SynsetNotFoundException(String message) {
        this(message, List::of);
    }

    SynsetNotFoundException(String message, Supplier<List<String>> suggestions) {
        super(message);
        this.suggestions = suggestions;
    }

    /** Words with nearly the same letters, looked for when this is called: the nearest first, at most five. */
    public List<String> suggestions() {
        return suggestions == null ? List.of() : suggestions.get();
    }
}
