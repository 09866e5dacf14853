package dev.wick.study.synset;

import dev.wick.error.BadArgumentException;
import java.util.Locale;
import java.util.Optional;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/**
 * The id of a synset of WordNet 3.0: where it stands in the file of its part of speech; immutable.
 *
 * @param partOfSpeech whose file it is
 * @param offset       in bytes, 0 to 99,999,999
 */
public record SynsetId(PartOfSpeech partOfSpeech, int offset) implements Comparable<SynsetId> {
    private static final int LARGEST = 99_999_999;
    private static final Pattern OFFSET_FIRST = Pattern.compile("([0-9]{8})-?([nvasr])|([0-9]{1,7})-([nvasr])");
    private static final Pattern LETTER_FIRST = Pattern.compile("([nvasr])-?([0-9]{8})");

    /** Checks the offset's range; whether a synset stands there, {@link WordNet#synset(SynsetId)} tells. */
    public SynsetId {
        if (offset < 0 || offset > LARGEST) {
            throw new BadArgumentException("an offset of a synset has eight digits, got " + offset);
        }
    }

    /**
     * Reads {@code 02084071-n}, {@code 02084071n} or {@code n02084071}, the letter in either case; empty when the text
     * is none of them.
     */
    public static Optional<SynsetId> parse(String text) {
        String lower = text.strip().toLowerCase(Locale.ROOT);
        Matcher matcher = OFFSET_FIRST.matcher(lower);
        if (matcher.matches()) {
            int first = matcher.group(1) != null ? 1 : 3;
            return Optional.of(of(matcher.group(first + 1), matcher.group(first)));
        }
        matcher = LETTER_FIRST.matcher(lower);
        return matcher.matches() ? Optional.of(of(matcher.group(1), matcher.group(2))) : Optional.empty();
    }

    private static SynsetId of(String letter, String digits) {
        return new SynsetId(PartOfSpeech.ofLetter(letter.charAt(0)).orElseThrow(), Integer.parseInt(digits));
    }

    /** As ImageNet writes it: {@code n02084071}. */
    public String wnid() {
        return String.format(Locale.ROOT, "%c%08d", partOfSpeech.letter(), offset);
    }

    /** As WordNet's own texts write it: {@code 02084071-n}. */
    @Override
    public String toString() {
        return String.format(Locale.ROOT, "%08d-%c", offset, partOfSpeech.letter());
    }

    /** By part of speech, then as in the file. */
    @Override
    public int compareTo(SynsetId other) {
        int order = partOfSpeech.compareTo(other.partOfSpeech);
        return order != 0 ? order : Integer.compare(offset, other.offset);
    }
}
