package dev.wick.vision.text;

import dev.wick.error.BadArgumentException;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.Objects;

/**
 * OpenAI CLIP's tokenizer, to the id: text is repaired ({@link TextFixing}), HTML's entities are resolved twice, white
 * space is collapsed, letters are lower-cased, and the bytes of each word are merged by rank. May be called by any
 * thread; it is never changed, {@code with...} gives others that share its vocabulary and the words it remembers.
 *
 * <p>Rows are {@value #CONTEXT_LENGTH} ids padded with zeros, and a text that is too long is an error, unless asked
 * otherwise.
 */
public final class ClipTokenizer implements Tokenizer {
    /** The published context's length. */
    public static final int CONTEXT_LENGTH = 77;
    /** The marks of beginning and end. */
    private static final int MARKS = 2;

    private final BytePairVocabulary vocabulary;
    private final BytePairEncoder encoder;
    private final int contextLength;
    private final Overflow overflow;
    private final Padding padding;
    private final boolean textFixing;

    private ClipTokenizer(BytePairVocabulary vocabulary, BytePairEncoder encoder, int contextLength, Overflow overflow,
            Padding padding, boolean textFixing) {
        this.vocabulary = vocabulary;
        this.encoder = encoder;
        this.contextLength = contextLength;
        this.overflow = overflow;
        this.padding = padding;
        this.textFixing = textFixing;
    }

    /** The tokenizer of a vocabulary. */
    public static ClipTokenizer of(BytePairVocabulary vocabulary) {
        return new ClipTokenizer(vocabulary, new BytePairEncoder(vocabulary), CONTEXT_LENGTH, Overflow.ERROR,
                Padding.ZERO, true);
    }

    /**
     * The tokenizer of a vocabulary's file; {@link BytePairVocabulary#read} says which are read.
     *
     * @throws IOException                   when the file cannot be read
     * @throws VocabularyUnreadableException when it holds no vocabulary of CLIP's
     */
    public static ClipTokenizer of(Path vocabulary) throws IOException {
        return of(BytePairVocabulary.read(vocabulary));
    }

    /** The same with the first tokens of its vocabulary, as many as the text tower's embedding has rows. */
    public ClipTokenizer withVocabulary(int size) {
        BytePairVocabulary smaller = vocabulary.withSize(size);
        return new ClipTokenizer(smaller, smaller == vocabulary ? encoder : new BytePairEncoder(smaller), contextLength,
                overflow, padding, textFixing);
    }

    /** The same with rows of another length, at least 2. */
    public ClipTokenizer withContextLength(int length) {
        if (length < MARKS) {
            throw new BadArgumentException("a context has room for the marks of beginning and end: 2 or more, not "
                    + length);
        }
        return new ClipTokenizer(vocabulary, encoder, length, overflow, padding, textFixing);
    }

    /** The same with another treatment of texts that are too long. */
    public ClipTokenizer withOverflow(Overflow treatment) {
        return new ClipTokenizer(vocabulary, encoder, contextLength, Objects.requireNonNull(treatment), padding,
                textFixing);
    }

    /** The same with another padding. */
    public ClipTokenizer withPadding(Padding other) {
        return new ClipTokenizer(vocabulary, encoder, contextLength, overflow, Objects.requireNonNull(other),
                textFixing);
    }

    /**
     * The same with text repaired first or not: implementations of this tokenizer where ftfy is not installed do not.
     */
    public ClipTokenizer withTextFixing(boolean fixing) {
        return new ClipTokenizer(vocabulary, encoder, contextLength, overflow, padding, fixing);
    }

    /** The tokens and merges in use. */
    public BytePairVocabulary vocabulary() {
        return vocabulary;
    }

    @Override
    public int contextLength() {
        return contextLength;
    }

    @Override
    public int vocabularySize() {
        return vocabulary.size();
    }

    @Override
    public Tokens encode(String text) {
        int[] ids = new int[contextLength];
        ids[0] = vocabulary.startOfText();
        int[] count = {1};
        WordSplitter.split(cleaned(text), word -> {
            int[] tokens = encoder.encode(word);
            int room = Math.max(0, contextLength - count[0]);
            System.arraycopy(tokens, 0, ids, Math.min(count[0], contextLength), Math.min(tokens.length, room));
            count[0] += tokens.length;
        });
        int all = count[0] + 1;
        boolean truncated = all > contextLength;
        if (truncated && overflow == Overflow.ERROR) {
            throw new BadArgumentException("the text has " + all + " tokens, and the context is " + contextLength
                    + " long: '"
                    + (text.length() <= 60 ? text : text.substring(0, 60) + "...") + "'");
        }
        ids[Math.min(all, contextLength) - 1] = vocabulary.endOfText();
        if (!truncated && padding == Padding.END_OF_TEXT) {
            Arrays.fill(ids, all, contextLength, vocabulary.endOfText());
        }
        return new Tokens(ids, all, truncated);
    }

    private String cleaned(String text) {
        String repaired = textFixing ? TextFixing.fix(text) : Surrogates.replaceLone(text);
        String plain = HtmlEntities.unescape(HtmlEntities.unescape(repaired));
        return LowerCase.of(WhiteSpace.strip(WhiteSpace.collapse(WhiteSpace.strip(plain))));
    }

    @Override
    public String decode(int... ids) {
        ByteArrayOutputStream bytes = new ByteArrayOutputStream();
        for (int i = 0; i < ids.length; i++) {
            String token = vocabulary.token(ids[i]);
            if (ids[i] == vocabulary.endOfText()) {
                break;
            }
            if (ids[i] == vocabulary.startOfText()) {
                if (i > 0) {
                    bytes.writeBytes(token.getBytes(StandardCharsets.UTF_8));
                }
            } else if (token.endsWith(BytePairVocabulary.END_OF_WORD)) {
                ByteAlphabet.append(token.substring(0, token.length() - BytePairVocabulary.END_OF_WORD.length()),
                        bytes);
                bytes.write(' ');
            } else {
                ByteAlphabet.append(token, bytes);
            }
        }
        return bytes.toString(StandardCharsets.UTF_8).stripTrailing();
    }
}
