package dev.wick.study.synset;

import java.util.ArrayList;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Locale;
import java.util.Optional;
import java.util.Set;
import java.util.function.Predicate;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/** What a text may mean: tells ids, sense keys, names and words apart; one thread. */
final class SynsetQuery {
    private static final Pattern OFFSET = Pattern.compile("[0-9]{8}");
    private static final Pattern SENSE_KEY = Pattern.compile("[^%]+%[0-9]:[0-9]{2}:[0-9]{2}:[^:]*:[^:]*");
    private static final Pattern NAME = Pattern.compile("(.+)\\.([nvasr])\\.([0-9]{1,4})", Pattern.CASE_INSENSITIVE);
    /** WordNet's longest entry has 71 characters; a text that is longer is none, however it is inflected. */
    private static final int LONGEST = 100;
    private static final int LONGEST_SHOWN = 60;
    /** Base forms of a phrase are those of its words in every combination. */
    private static final int MOST_COMBINATIONS = 512;

    private final String text;
    private final PartOfSpeech only;
    private final Lexicon lexicon;

    SynsetQuery(String text, PartOfSpeech only) {
        this.text = text.strip();
        this.only = only;
        this.lexicon = Lexicon.get();
    }

    /** Everything that it means. */
    List<Sense> senses() {
        if (text.isEmpty()) {
            throw new SynsetNotFoundException("an empty query means nothing");
        }
        Optional<Sense> one = synset();
        if (one.isPresent()) {
            return List.of(one.get());
        }
        if (OFFSET.matcher(text).matches()) {
            return atOffset();
        }
        List<Sense> senses = wordSenses();
        if (senses.isEmpty()) {
            throw unknown(text);
        }
        return senses;
    }

    /** The one synset of an id, sense key or name; empty when the text looks like none of these. */
    Optional<Sense> synset() {
        Optional<SynsetId> id = SynsetId.parse(text);
        if (id.isPresent()) {
            Synset found = lexicon.synset(id.get()).orElseThrow(() -> new SynsetNotFoundException(
                    "no " + id.get().partOfSpeech() + " of WordNet 3.0 has the id " + id.get()));
            return Optional.of(first(wanted(found)));
        }
        if (SENSE_KEY.matcher(text).matches()) {
            String key = text.toLowerCase(Locale.ROOT);
            Synset found = lexicon.ofSenseKey(key).flatMap(lexicon::synset)
                    .orElseThrow(() -> new SynsetNotFoundException(
                    "WordNet 3.0 has no sense key " + shown(text)));
            String lemma = key.substring(0, key.indexOf('%')).replace('_', ' ');
            return Optional.of(new Sense(lemma, number(lemma, wanted(found)), found));
        }
        Matcher name = NAME.matcher(text);
        if (!name.matches()) {
            return Optional.empty();
        }
        PartOfSpeech partOfSpeech = PartOfSpeech.ofLetter(name.group(2).charAt(0)).orElseThrow();
        String lemma = normalised(name.group(1));
        List<SynsetId> ids = lexicon.offsets(lemma, partOfSpeech);
        if (ids.isEmpty()) {
            // Some words have such an end of their own.
            if (!wordSenses().isEmpty()) {
                return Optional.empty();
            }
            throw unknown(name.group(1));
        }
        int number = Integer.parseInt(name.group(3));
        if (number < 1 || number > ids.size()) {
            throw new SynsetNotFoundException("'" + lemma + "' as " + article(partOfSpeech) + " has " + ids.size()
                    + (ids.size() == 1 ? " sense" : " senses") + ", no sense " + number);
        }
        return Optional.of(new Sense(lemma, number, wanted(WordNet.present(ids.get(number - 1)))));
    }

    private List<Sense> atOffset() {
        List<Sense> found = WordNet.among(only).map(each -> new SynsetId(each, Integer.parseInt(text)))
                .flatMap(id -> lexicon.synset(id).stream()).map(this::first).toList();
        if (found.isEmpty()) {
            throw new SynsetNotFoundException("no " + (only == null ? "synset" : only)
                    + " of WordNet 3.0 has the offset "
                    + text);
        }
        return found;
    }

    /** A synset as the sense of its first word. */
    private Sense first(Synset synset) {
        String lemma = synset.words().getFirst().toLowerCase(Locale.ROOT);
        return new Sense(lemma, number(lemma, synset), synset);
    }

    private int number(String lemma, Synset synset) {
        return lexicon.offsets(lemma, synset.partOfSpeech()).indexOf(synset.id()) + 1;
    }

    private Synset wanted(Synset synset) {
        if (only != null && synset.partOfSpeech() != only) {
            throw new SynsetNotFoundException(shown(text) + " is " + article(synset.partOfSpeech()) + ", not "
                    + article(only));
        }
        return synset;
    }

    // Words

    /** The senses of the text as a word or phrase; none when it is none. */
    List<Sense> wordSenses() {
        String word = normalised(text);
        if (word.isEmpty() || word.length() > LONGEST) {
            return List.of();
        }
        return WordNet.among(only).flatMap(partOfSpeech -> lemmas(word, partOfSpeech).stream().flatMap(lemma -> {
            List<SynsetId> ids = lexicon.offsets(lemma, partOfSpeech);
            List<Sense> senses = new ArrayList<>();
            for (int i = 0; i < ids.size(); i++) {
                senses.add(new Sense(lemma, i + 1, WordNet.present(ids.get(i))));
            }
            return senses.stream();
        })).toList();
    }

    /** Lower case, single spaces. */
    private static String normalised(String text) {
        return text.replace('_', ' ').strip().replaceAll("\\s+", " ").toLowerCase(Locale.ROOT);
    }

    /**
     * What WordNet lists of a word: as it stands, then what it may be an inflection of; else of the word with other
     * hyphens or without full stops.
     */
    private Set<String> lemmas(String word, PartOfSpeech partOfSpeech) {
        Predicate<String> listed = form -> !lexicon.offsets(form, partOfSpeech).isEmpty();
        for (String spelling : List.of(word, word.replace('-', ' '), word.replace(' ', '-'),
                word.replaceAll("[ -]", ""), word.replace(".", ""))) {
            Set<String> lemmas = new LinkedHashSet<>();
            if (listed.test(spelling)) {
                lemmas.add(spelling);
            }
            baseForms(spelling, partOfSpeech).stream().filter(listed).forEach(lemmas::add);
            if (!lemmas.isEmpty()) {
                return lemmas;
            }
        }
        return Set.of();
    }

    private List<String> baseForms(String phrase, PartOfSpeech partOfSpeech) {
        List<String> whole = lexicon.baseForms(phrase, partOfSpeech);
        String[] words = phrase.split(" ");
        if (words.length < 2) {
            return whole;
        }
        List<String> forms = List.of("");
        for (String word : words) {
            Set<String> ofWord = new LinkedHashSet<>(List.of(word));
            ofWord.addAll(lexicon.baseForms(word, partOfSpeech));
            if (forms.size() * ofWord.size() > MOST_COMBINATIONS) {
                return whole;
            }
            forms = forms.stream().flatMap(form -> ofWord.stream()
                    .map(each -> form.isEmpty() ? each : form + " " + each))
                    .toList();
        }
        Set<String> all = new LinkedHashSet<>(whole);
        all.addAll(forms);
        return List.copyOf(all);
    }

    // What is said of what is not found

    private SynsetNotFoundException unknown(String words) {
        String word = normalised(words);
        if (only != null && !new SynsetQuery(words, null).wordSenses().isEmpty()) {
            return new SynsetNotFoundException("WordNet 3.0 has " + shown(word) + ", but not as " + article(only));
        }
        return new SynsetNotFoundException("WordNet 3.0 has no word or phrase " + shown(word),
                () -> Spelling.nearest(word, lexicon));
    }

    private static String shown(String text) {
        return "'" + (text.length() <= LONGEST_SHOWN ? text : text.substring(0, LONGEST_SHOWN) + "...") + "'";
    }

    private static String article(PartOfSpeech partOfSpeech) {
        return (partOfSpeech == PartOfSpeech.ADJECTIVE || partOfSpeech == PartOfSpeech.ADVERB ? "an " : "a ")
                + partOfSpeech;
    }
}
