package dev.wick.cli;

import dev.wick.error.BadArgumentException;
import dev.wick.study.report.Json;
import dev.wick.vision.text.BytePairVocabulary;
import dev.wick.vision.text.ClipTokenizer;
import dev.wick.vision.text.Overflow;
import dev.wick.vision.text.Padding;
import dev.wick.vision.text.Tokens;
import dev.wick.vision.text.VocabularyUnreadableException;
import java.io.IOException;
import java.io.PrintWriter;
import java.nio.charset.CharacterCodingException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.concurrent.Callable;
import java.util.stream.Collectors;
import picocli.CommandLine.ArgGroup;
import picocli.CommandLine.Command;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.ParameterException;
import picocli.CommandLine.Parameters;
import picocli.CommandLine.Spec;

/** {@code wick tokenize}. */
@Command(name = "tokenize", description = "Gives the token ids that CLIP's text tower reads for texts.",
        footer = {"",
                "Texts are repaired and cleaned as OpenAI's tokenizer does (ftfy, HTML, white space, case), except that Wick has "
                        + "its own rules for mis-decoded UTF-8. Begin a text that begins with - after a --."})
final class TokenizeCommand implements Callable<Integer> {
    private static final int LONGEST_TITLE = 60;

    @Parameters(paramLabel = "TEXT", arity = "0..*", description = "The texts; with --decode, ids.")
    private List<String> texts = new ArrayList<>();

    @Option(names = "--vocab", paramLabel = "FILE", required = true,
            description = "CLIP's bpe_simple_vocab_16e6.txt.gz, the same unpacked, or its tokenizer.json.")
    private Path vocabulary;

    @Option(names = "--file", paramLabel = "LINES", description = "Take each line of a file in UTF-8 as a text, too.")
    private Path file;

    @Option(names = "--context", paramLabel = "N", defaultValue = "" + ClipTokenizer.CONTEXT_LENGTH,
            description = "Ids for each text (default: ${DEFAULT-VALUE}).")
    private int context;

    @Option(names = "--size", paramLabel = "N",
            description = "Take the first N tokens of the vocabulary, as a model with a smaller one does.")
    private Integer size;

    @Option(names = "--padding", paramLabel = "zero|end", defaultValue = "zero",
            description = "What follows the end: zeros, as OpenAI pads, or the end's mark, as Hugging Face does.")
    private String padding;

    @ArgGroup
    private TooLong tooLong = new TooLong();

    @Option(names = "--decode", description = "Turn ids back into text.")
    private boolean decode;

    @Option(names = "--json", description = "Print JSON.")
    private boolean json;

    @Spec
    private CommandSpec spec;

    /** What to do with texts that are too long. */
    static final class TooLong {
        @Option(names = "--truncate", description = "Cut texts that are too long; the last id is the end's mark.")
        private boolean truncate;

        @Option(names = "--error", description = "Fail on texts that are too long (the default).")
        private boolean error;
    }

    @Override
    public Integer call() throws IOException {
        if (texts.isEmpty() && file == null) {
            throw usage("Missing required parameter: 'TEXT' (or --file)");
        }
        if (context < 2) {
            throw usage("--context needs 2 or more, got " + context);
        }
        if (!padding.equals("zero") && !padding.equals("end")) {
            throw usage("--padding is zero or end, not '" + padding + "'");
        }
        if (decode && file != null) {
            throw usage("--decode takes ids from the command line, not from --file");
        }
        ClipTokenizer tokenizer = tokenizer();
        return decode ? decode(tokenizer) : encode(tokenizer);
    }

    private ClipTokenizer tokenizer() throws IOException {
        ClipTokenizer tokenizer;
        try {
            tokenizer = ClipTokenizer.of(vocabulary);
        } catch (VocabularyUnreadableException e) {
            throw new CliException(e.getMessage(), "--vocab takes bpe_simple_vocab_16e6.txt.gz of OpenAI's CLIP, or "
                    + "the tokenizer.json of a CLIP model", e);
        }
        if (size != null) {
            try {
                tokenizer = tokenizer.withVocabulary(size);
            } catch (BadArgumentException e) {
                throw usage("--size: " + e.getMessage());
            }
        }
        return tokenizer.withContextLength(context).withOverflow(tooLong.truncate ? Overflow.TRUNCATE : Overflow.ERROR)
                .withPadding(padding.equals("end") ? Padding.END_OF_TEXT : Padding.ZERO);
    }

    private int encode(ClipTokenizer tokenizer) throws IOException {
        List<String> all = new ArrayList<>(texts);
        if (file != null) {
            try {
                all.addAll(Files.readAllLines(file));
            } catch (CharacterCodingException e) {
                throw new CliException("--file " + file + " is not text in UTF-8", "iconv -t UTF-8 converts it", e);
            }
        }
        List<Map<String, Object>> results = new ArrayList<>();
        PrintWriter out = spec.commandLine().getOut();
        for (int i = 0; i < all.size(); i++) {
            Tokens tokens = tokens(tokenizer, all, i);
            if (json) {
                results.add(map(tokenizer.vocabulary(), all.get(i), tokens));
            } else {
                print(out, tokenizer.vocabulary(), all.get(i), tokens);
            }
        }
        if (json) {
            Map<String, Object> result = new LinkedHashMap<>();
            result.put("vocabulary", vocabulary.toString());
            result.put("vocabularySize", tokenizer.vocabularySize());
            result.put("contextLength", tokenizer.contextLength());
            result.put("texts", results);
            out.println(Json.text(result));
        }
        return 0;
    }

    private Tokens tokens(ClipTokenizer tokenizer, List<String> all, int index) {
        try {
            return tokenizer.encode(all.get(index));
        } catch (BadArgumentException e) {
            String which = all.size() == 1 ? "" : index < texts.size() ? "text " + (index + 1) + ": "
                    : "line " + (index - texts.size() + 1) + " of " + file + ": ";
            throw new CliException(which + e.getMessage(), "--truncate cuts it, --context N makes room", e);
        }
    }

    private static Map<String, Object> map(BytePairVocabulary vocabulary, String text, Tokens tokens) {
        Map<String, Object> map = new LinkedHashMap<>();
        map.put("text", text);
        map.put("count", tokens.count());
        map.put("truncated", tokens.truncated());
        map.put("ids", tokens.ids());
        map.put("tokens", Arrays.stream(tokens.ids(), 0, tokens.used()).mapToObj(vocabulary::token).toList());
        return map;
    }

    private void print(PrintWriter out, BytePairVocabulary vocabulary, String text, Tokens tokens) {
        int padded = tokens.ids().length - tokens.used();
        out.println("'" + shown(text) + "': " + tokens.count() + " tokens"
                + (tokens.truncated() ? ", cut to " + tokens.used() : ""));
        out.println("  ids     " + Arrays.stream(tokens.ids(), 0, tokens.used()).mapToObj(String::valueOf)
                .collect(Collectors.joining(" "))
                + (padded == 0 ? "" : ", then " + padded + " of " + tokens.ids()[tokens.used()]));
        out.println("  tokens  " + Arrays.stream(tokens.ids(), 0, tokens.used()).mapToObj(vocabulary::token)
                .collect(Collectors.joining(" ")));
    }

    /** On one line, without what moves a terminal's cursor. */
    private static String shown(String text) {
        String plain = text.replaceAll("[\\p{Cntrl}\\u2028\\u2029]", " ");
        return plain.length() <= LONGEST_TITLE ? plain : plain.substring(0, LONGEST_TITLE) + "...";
    }

    private int decode(ClipTokenizer tokenizer) {
        List<Integer> ids = new ArrayList<>();
        for (String text : texts) {
            for (String id : text.strip().split("[\\s,\\[\\]]+")) {
                if (!id.isEmpty()) {
                    try {
                        ids.add(Integer.parseInt(id));
                    } catch (NumberFormatException e) {
                        throw usage("--decode takes ids, and '" + id + "' is none");
                    }
                }
            }
        }
        String text;
        try {
            text = tokenizer.decode(ids.stream().mapToInt(Integer::intValue).toArray());
        } catch (BadArgumentException e) {
            throw new CliException(e.getMessage(), "the ids are those of another vocabulary", e);
        }
        PrintWriter out = spec.commandLine().getOut();
        if (json) {
            Map<String, Object> result = new LinkedHashMap<>();
            result.put("ids", ids);
            result.put("text", text);
            out.println(Json.text(result));
        } else {
            out.println(text);
        }
        return 0;
    }

    private ParameterException usage(String message) {
        return new ParameterException(spec.commandLine(), message);
    }
}
