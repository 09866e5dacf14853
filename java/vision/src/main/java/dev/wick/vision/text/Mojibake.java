package dev.wick.vision.text;

import java.util.ArrayList;
import java.util.List;

/**
 * Text in UTF-8 that was read in an encoding with one byte a character, once or several times; any thread.
 *
 * <p>What reads as UTF-8 in one of the encodings is only a candidate: "CAFÉ™" does, and so does "«СССР»". A stretch of text
 * that reads so is taken when it becomes clearly less strange ({@link Strangeness}), without those of its runs that become
 * clearly stranger. Of several encodings the one that reads most is taken.
 */
final class Mojibake {
    private static final int MOST_LAYERS = 16;
    /** One layer less is not always less strange: "ÃƒÂ©s", "Ã©s", "és". */
    private static final int LAYERS_AHEAD = 3;
    /** How much strangeness a repair must take away, and what none of its parts may add. */
    private static final int CLEARLY = 2;
    /** Characters before and after that tell whether something fits between them. */
    private static final int CONTEXT = 3;
    private static final List<SingleByteEncoding> ENCODINGS = List.of(SingleByteEncoding.values());

    private Mojibake() {
    }

    static String repair(String text) {
        String repaired = text;
        for (int layer = 0; layer < MOST_LAYERS; layer++) {
            Candidate best = new Candidate(repaired, 0, 0);
            for (SingleByteEncoding encoding : ENCODINGS) {
                Candidate candidate = read(repaired, encoding);
                best = candidate.isBetterThan(best) ? candidate : best;
            }
            if (best.read() == 0) {
                break;
            }
            repaired = best.text();
        }
        return repaired;
    }

    /** @param read characters that were taken for bytes */
    private record Candidate(String text, int read, int gain) {
        boolean isBetterThan(Candidate other) {
            return read > other.read || read == other.read && gain > other.gain;
        }
    }

    /** An unbroken run of sequences and what it reads as. */
    private record Run(int begin, int end, String decoded) {
        int length() {
            return end - begin;
        }
    }

    private static Candidate read(String text, SingleByteEncoding encoding) {
        StringBuilder read = new StringBuilder(text.length());
        int characters = 0;
        int gain = 0;
        for (int begin = 0; begin < text.length();) {
            List<Run> runs = new ArrayList<>();
            int end = stretch(text, begin, encoding, runs);
            boolean whole = begin == 0 && end == text.length();
            Candidate stretch = runs.isEmpty() || !whole && !encoding.oftenInPlaces() ? null
                    : read(text, begin, end, runs, encoding);
            if (stretch != null) {
                read.append(stretch.text());
                characters += stretch.read();
                gain += stretch.gain();
            } else {
                read.append(text, begin, end);
            }
            if (end < text.length()) {
                read.append(text.charAt(end));
            }
            begin = end + 1;
        }
        return new Candidate(read.toString(), characters, gain);
    }

    /** A stretch as it reads best; null when that is no clear gain. */
    private static Candidate read(String text, int begin, int end, List<Run> runs, SingleByteEncoding encoding) {
        StringBuilder read = new StringBuilder(end - begin);
        int characters = 0;
        int done = begin;
        for (Run run : runs) {
            if (gain(text, run.begin(), run.end(), run.decoded()) > -CLEARLY) {
                read.append(text, done, run.begin()).append(run.decoded());
                characters += run.length();
                done = run.end();
            }
        }
        read.append(text, done, end);
        String decoded = read.toString();
        for (int layer = 0; characters > 0 && decoded != null && layer < LAYERS_AHEAD; layer++) {
            int gain = gain(text, begin, end, decoded);
            if (gain >= CLEARLY) {
                return new Candidate(decoded, characters, gain);
            }
            decoded = withoutLayer(decoded, encoding);
        }
        return null;
    }

    /** What all of a text reads as; null when it does not, or is ASCII. */
    private static String withoutLayer(String text, SingleByteEncoding encoding) {
        List<Run> runs = new ArrayList<>();
        if (stretch(text, 0, encoding, runs) < text.length() || runs.isEmpty()) {
            return null;
        }
        StringBuilder read = new StringBuilder(text.length());
        int done = 0;
        for (Run run : runs) {
            read.append(text, done, run.begin()).append(run.decoded());
            done = run.end();
        }
        return read.append(text, done, text.length()).toString();
    }

    private static int gain(String text, int begin, int end, String decoded) {
        String before = text.substring(Math.max(0, begin - CONTEXT), begin);
        String after = text.substring(end, Math.min(text.length(), end + CONTEXT));
        return Strangeness.of(before + text.substring(begin, end) + after) - Strangeness.of(before + decoded + after);
    }

    /** Where the stretch of ASCII and sequences ends that begins here; its runs are added. */
    private static int stretch(String text, int begin, SingleByteEncoding encoding, List<Run> runs) {
        int at = begin;
        while (at < text.length()) {
            if (text.charAt(at) < 0x80) {
                at++;
                continue;
            }
            if (encoding.byteOf(text.charAt(at)) < Utf8Sequence.LOWEST_LEAD) {
                break;
            }
            StringBuilder decoded = new StringBuilder();
            int end = at;
            int length = Utf8Sequence.decode(text, end, encoding, decoded);
            while (length > 0) {
                end += length;
                length = Utf8Sequence.decode(text, end, encoding, decoded);
            }
            if (end == at) {
                break;
            }
            runs.add(new Run(at, end, decoded.toString()));
            at = end;
        }
        return at;
    }
}
