package dev.wick.vision.text;

import dev.wick.file.WholeFile;
import java.io.ByteArrayInputStream;
import java.io.EOFException;
import java.io.IOException;
import java.io.InputStream;
import java.io.OutputStream;
import java.nio.ByteBuffer;
import java.nio.charset.CharacterCodingException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.util.List;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import java.util.zip.GZIPInputStream;
import java.util.zip.GZIPOutputStream;
import java.util.zip.ZipException;

/** Lists of merges as files, packed or not; any thread. */
final class VocabularyFile {
    /** Ten times the published one, which Hugging Face's JSON of it does not reach either. */
    private static final int MOST_BYTES = 32 << 20;
    private static final String VERSION = "#version";
    /** The header of the published file, which has more merges than CLIP takes. */
    private static final String PUBLISHED = "bpe_simple_vocab_16e6";
    private static final Pattern COUNT = Pattern.compile("merges: (\\d{1,9})");

    private VocabularyFile() {
    }

    static BytePairVocabulary read(Path file) throws IOException {
        if (Files.isDirectory(file)) {
            throw new VocabularyUnreadableException(file.toString(), "it is a directory");
        }
        if (!Files.exists(file)) {
            throw new NoSuchFileException(file.toString());
        }
        byte[] bytes;
        try (InputStream in = Files.newInputStream(file)) {
            bytes = in.readNBytes(MOST_BYTES + 1);
        }
        requireSize(file, bytes, "it is");
        if (bytes.length == 0) {
            throw new VocabularyUnreadableException(file.toString(), "it is empty");
        }
        boolean packed = bytes.length >= 2 && bytes[0] == 0x1F && bytes[1] == (byte) 0x8B;
        if (!packed && file.toString().endsWith(".gz")) {
            throw new VocabularyUnreadableException(file.toString(), "its name ends in .gz, and it is not gzip");
        }
        String text = decoded(file, packed ? unpacked(file, bytes) : bytes);
        return text.stripLeading().startsWith("{") ? TokenizerJson.read(file.toString(), text) : merges(file, text);
    }

    private static byte[] unpacked(Path file, byte[] packed) throws IOException {
        try (InputStream in = new GZIPInputStream(new ByteArrayInputStream(packed), 1 << 16)) {
            byte[] bytes = in.readNBytes(MOST_BYTES + 1);
            requireSize(file, bytes, "unpacked it is");
            return bytes;
        } catch (EOFException e) {
            throw new VocabularyUnreadableException(file.toString(), "the gzip file is cut off");
        } catch (ZipException e) {
            throw new VocabularyUnreadableException(file.toString(), "the gzip file is damaged (" + e.getMessage()
                    + ")");
        }
    }

    private static void requireSize(Path file, byte[] bytes, String what) {
        if (bytes.length > MOST_BYTES) {
            throw new VocabularyUnreadableException(file.toString(), what + " larger than " + (MOST_BYTES >> 20)
                    + " MiB, which no vocabulary of CLIP's is");
        }
    }

    private static String decoded(Path file, byte[] bytes) {
        try {
            return StandardCharsets.UTF_8.newDecoder().decode(ByteBuffer.wrap(bytes)).toString();
        } catch (CharacterCodingException e) {
            throw new VocabularyUnreadableException(file.toString(),
                    "it is neither gzip nor text in UTF-8: no list of merges, no tokenizer.json");
        }
    }

    private static BytePairVocabulary merges(Path file, String text) {
        List<String> lines = text.lines().toList();
        String header = lines.getFirst();
        if (!header.contains(VERSION)) {
            throw new VocabularyUnreadableException(file.toString(), "its first line has no '" + VERSION
                    + "', with which a list of merges begins");
        }
        List<String> merges = lines.subList(1, lines.size());
        Matcher count = COUNT.matcher(header);
        if (header.contains(PUBLISHED)) {
            int wanted = BytePairVocabulary.PUBLISHED_SIZE - BytePairVocabulary.SMALLEST_SIZE;
            requireCount(file, merges, wanted);
            merges = merges.subList(0, wanted);
        } else if (count.find()) {
            requireCount(file, merges, Integer.parseInt(count.group(1)));
            merges = merges.subList(0, Integer.parseInt(count.group(1)));
        }
        return new BytePairVocabulary(file.toString(), merges, null);
    }

    private static void requireCount(Path file, List<String> merges, int wanted) {
        if (merges.size() < wanted) {
            throw new VocabularyUnreadableException(file.toString(), "it has " + merges.size()
                    + " merges where its header "
                    + "promises " + wanted + ": it is cut off");
        }
    }

    static void write(Path file, List<String> merges) throws IOException {
        String text = VERSION + ": 0.2 merges: " + merges.size() + "\n"
                + (merges.isEmpty() ? "" : String.join("\n", merges) + "\n");
        WholeFile.write(file, out -> {
            try (OutputStream packed = file.toString().endsWith(".gz") ? new GZIPOutputStream(out) : out) {
                packed.write(text.getBytes(StandardCharsets.UTF_8));
            }
        });
    }
}
