package dev.wick.study.synset;

/**
 * One of the 1000 classes of ILSVRC-2012; immutable.
 *
 * @param index  of the output of a classifier trained on them, 0 to 999
 * @param synset what it shows
 * @param name   the synset's first word; where another class has the same but for case, with its first hypernym in
 *               brackets: {@code crane (wading bird)}
 */
public record ImageNetClass(int index, Synset synset, String name) {
    /** Its id: {@code n01440764}. */
    public String wnid() {
        return synset.id().wnid();
    }

    /** All words of the synset, with commas: {@code tench, Tinca tinca}. */
    public String label() {
        return synset.label();
    }
}
