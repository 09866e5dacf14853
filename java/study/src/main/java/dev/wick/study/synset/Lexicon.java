package dev.wick.study.synset;

import dev.wick.error.WickException;
import java.io.IOException;
import java.io.InputStream;
import java.util.ArrayList;
import java.util.EnumMap;
import java.util.Iterator;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Optional;
import java.util.function.ObjIntConsumer;
import net.sf.extjwnl.JWNLException;
import net.sf.extjwnl.data.IndexWord;
import net.sf.extjwnl.data.POS;
import net.sf.extjwnl.data.Pointer;
import net.sf.extjwnl.data.PointerType;
import net.sf.extjwnl.data.Word;
import net.sf.extjwnl.dictionary.Dictionary;

/**
 * WordNet's files as extJWNL reads them; any thread, one after another: extJWNL's tables are not all made for more.
 *
 * <p>Opened by the first look-up, kept as long as the JVM: about 38 MB of heap.
 */
final class Lexicon {
    private static final String DATA = "/net/sf/extjwnl/data/wordnet/wn30/data.noun";
    private static final Map<PartOfSpeech, POS> THEIRS = new EnumMap<>(Map.of(PartOfSpeech.NOUN, POS.NOUN,
            PartOfSpeech.VERB, POS.VERB, PartOfSpeech.ADJECTIVE, POS.ADJECTIVE, PartOfSpeech.ADVERB, POS.ADVERB));
    private static Lexicon opened;

    private final Dictionary dictionary;

    private Lexicon(Dictionary dictionary) {
        this.dictionary = dictionary;
    }

    /** The one of this JVM; throws when WordNet's data are not there. */
    static synchronized Lexicon get() {
        if (opened == null) {
            opened = open();
        }
        return opened;
    }

    private static Lexicon open() {
        // extJWNL itself would end with a null pointer.
        if (Dictionary.class.getResource(DATA) == null) {
            throw new WickException("WordNet's data are missing: extjwnl-data-wn30 must be on the class path beside "
                    + "extjwnl; where extjwnl is a module, --patch-module extjwnl=extjwnl-data-wn30-1.2.jar adds them");
        }
        try (InputStream properties = Lexicon.class.getResourceAsStream("wordnet.xml")) {
            return new Lexicon(Dictionary.getInstance(properties));
        } catch (JWNLException | IOException e) {
            throw new WickException("WordNet cannot be read: " + e.getMessage(), e);
        }
    }

    /** The synset of an id; empty when none begins there. */
    synchronized Optional<Synset> synset(SynsetId id) {
        net.sf.extjwnl.data.Synset found;
        try {
            found = dictionary.getSynsetAt(THEIRS.get(id.partOfSpeech()), id.offset());
        } catch (JWNLException | RuntimeException e) {
            // In the middle of a line anything may stand, and extJWNL ends as its parsers happen to.
            return Optional.empty();
        }
        if (found == null || found.getOffset() != id.offset() || found.getWords().isEmpty()) {
            return Optional.empty();
        }
        String first = found.getWords().getFirst().getLemma();
        // Digits of a line that was entered too late can be an offset too: only the index knows.
        int number = offsets(first, id.partOfSpeech()).indexOf(id) + 1;
        try {
            return number == 0 ? Optional.empty() : Optional.of(copy(found, id, number));
        } catch (JWNLException e) {
            throw unreadable(e);
        }
    }

    private static Synset copy(net.sf.extjwnl.data.Synset found, SynsetId id, int number)
            throws JWNLException {
        List<String> words = found.getWords().stream().map(Word::getLemma).toList();
        List<SynsetId> hypernyms = new ArrayList<>();
        List<SynsetId> hyponyms = new ArrayList<>();
        for (Pointer pointer : found.getPointers()) {
            PointerType type = pointer.getType();
            if (type == PointerType.HYPERNYM || type == PointerType.INSTANCE_HYPERNYM) {
                hypernyms.add(target(pointer));
            } else if (type == PointerType.HYPONYM || type == PointerType.INSTANCES_HYPONYM) {
                hyponyms.add(target(pointer));
            }
        }
        boolean satellite = found instanceof net.sf.extjwnl.data.AdjectiveSynset adjective
                && adjective.isAdjectiveCluster();
        String name = words.getFirst().replace(' ', '_').toLowerCase(Locale.ROOT) + "."
                + (satellite ? 's' : id.partOfSpeech().letter()) + String.format(Locale.ROOT, ".%02d", number);
        return new Synset(id, name, words, found.getGloss(), hypernyms, hyponyms);
    }

    private static SynsetId target(Pointer pointer) throws JWNLException {
        return id(pointer.getTargetPOS(), pointer.getTargetOffset());
    }

    private static SynsetId id(POS theirs, long offset) {
        return new SynsetId(PartOfSpeech.ofLetter(theirs.getKey().charAt(0)).orElseThrow(), Math.toIntExact(offset));
    }

    /** The synsets of a lemma, the most frequent sense first; empty when it is none. */
    synchronized List<SynsetId> offsets(String lemma, PartOfSpeech partOfSpeech) {
        try {
            IndexWord word = dictionary.getIndexWord(THEIRS.get(partOfSpeech), lemma.toLowerCase(Locale.ROOT));
            List<SynsetId> ids = new ArrayList<>();
            if (word != null) {
                for (long offset : word.getSynsetOffsets()) {
                    ids.add(new SynsetId(partOfSpeech, Math.toIntExact(offset)));
                }
            }
            return ids;
        } catch (JWNLException e) {
            throw unreadable(e);
        }
    }

    /** Base forms of a single word that may be inflected; not all need be lemmas. */
    synchronized List<String> baseForms(String word, PartOfSpeech partOfSpeech) {
        try {
            return List.copyOf(dictionary.getMorphologicalProcessor()
                    .lookupAllBaseForms(THEIRS.get(partOfSpeech), word));
        } catch (JWNLException e) {
            throw unreadable(e);
        }
    }

    /** The synset of a sense key; empty when there is no such key. */
    synchronized Optional<SynsetId> ofSenseKey(String key) {
        try {
            Word word = dictionary.getWordBySenseKey(key);
            return word == null ? Optional.empty() : Optional.of(id(word.getPOS(), word.getSynset().getOffset()));
        } catch (JWNLException e) {
            throw unreadable(e);
        }
    }

    /** Shows every lemma of every part of speech, with the number of its senses. */
    synchronized void forEachLemma(ObjIntConsumer<String> action) {
        try {
            for (POS theirs : THEIRS.values()) {
                for (Iterator<IndexWord> words = dictionary.getIndexWordIterator(theirs); words.hasNext();) {
                    IndexWord word = words.next();
                    action.accept(word.getLemma(), word.getSynsetOffsets().length);
                }
            }
        } catch (JWNLException e) {
            throw unreadable(e);
        }
    }

    private static WickException unreadable(JWNLException failure) {
        return new WickException("WordNet cannot be read: " + failure.getMessage(), failure);
    }
}
