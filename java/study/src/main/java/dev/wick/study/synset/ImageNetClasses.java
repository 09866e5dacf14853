package dev.wick.study.synset;

import dev.wick.error.BadArgumentException;
import java.io.BufferedReader;
import java.io.IOException;
import java.io.InputStreamReader;
import java.io.UncheckedIOException;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Optional;

/**
 * The 1000 classes of ILSVRC-2012, by index and by synset; any thread.
 *
 * <p>Ids and their order come with Wick; words, glosses and hierarchy are WordNet's.
 */
public final class ImageNetClasses {
    private static final String RESOURCE = "imagenet-classes.txt";

    /** Made by the first use: a failure to read WordNet is thrown at each. */
    private static Tables tables;

    private ImageNetClasses() {
    }

    private record Tables(List<ImageNetClass> classes, Map<SynsetId, ImageNetClass> byId,
            Map<SynsetId, List<ImageNetClass>> under) {
    }

    private static synchronized Tables tables() {
        if (tables == null) {
            tables = read();
        }
        return tables;
    }

    /** All of them, in the order of their indices. */
    public static List<ImageNetClass> all() {
        return tables().classes();
    }

    /**
     * The class of a classifier's output.
     *
     * @param index 0 to 999
     */
    public static ImageNetClass byIndex(int index) {
        List<ImageNetClass> classes = all();
        if (index < 0 || index >= classes.size()) {
            throw new BadArgumentException("an index of an ImageNet class is 0 to " + (classes.size() - 1) + ", got "
                    + index);
        }
        return classes.get(index);
    }

    /** The class of an id such as {@code n01440764}; empty when it is none of the 1000. */
    public static Optional<ImageNetClass> byWnid(String wnid) {
        return SynsetId.parse(wnid).flatMap(id -> Optional.ofNullable(tables().byId().get(id)));
    }

    /** The class that is this synset; empty when it is none of the 1000. */
    public static Optional<ImageNetClass> of(Synset synset) {
        return Optional.ofNullable(tables().byId().get(synset.id()));
    }

    /** The classes that are this synset or a kind of it, by index. */
    public static List<ImageNetClass> under(Synset synset) {
        return tables().under().getOrDefault(synset.id(), List.of());
    }

    private static Tables read() {
        List<Synset> synsets = wnids().stream().map(WordNet::synset).toList();
        Map<String, Integer> uses = new HashMap<>();
        synsets.forEach(synset -> uses.merge(folded(synset), 1, Integer::sum));
        List<ImageNetClass> classes = new ArrayList<>();
        Map<SynsetId, ImageNetClass> byId = new HashMap<>();
        Map<SynsetId, List<ImageNetClass>> under = new HashMap<>();
        Map<SynsetId, Synset> seen = new HashMap<>();
        for (Synset synset : synsets) {
            String word = synset.words().getFirst();
            String name = uses.get(folded(synset)) == 1 ? word
                    : word + " (" + WordNet.hypernyms(synset).getFirst().words().getFirst() + ")";
            ImageNetClass made = new ImageNetClass(classes.size(), synset, name);
            classes.add(made);
            byId.put(synset.id(), made);
            WordNet.ancestry(synset, id -> seen.computeIfAbsent(id, WordNet::present))
                    .forEach(id -> under.computeIfAbsent(id, _ -> new ArrayList<>()).add(made));
        }
        under.replaceAll((_, list) -> List.copyOf(list));
        return new Tables(List.copyOf(classes), Map.copyOf(byId), Map.copyOf(under));
    }

    private static String folded(Synset synset) {
        return synset.words().getFirst().toLowerCase(Locale.ROOT);
    }

    /** The ids in the order of the indices. */
    static List<String> wnids() {
        try (BufferedReader lines = new BufferedReader(new InputStreamReader(
                ImageNetClasses.class.getResourceAsStream(RESOURCE), StandardCharsets.US_ASCII))) {
            return lines.lines().toList();
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }
}
