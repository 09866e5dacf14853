package dev.wick.cli;

import dev.wick.file.WholeFile;
import dev.wick.study.report.Json;
import dev.wick.study.synset.PartOfSpeech;
import dev.wick.study.synset.Sense;
import dev.wick.study.synset.SynsetNotFoundException;
import dev.wick.study.synset.WordNet;
import java.io.IOException;
import java.io.PrintWriter;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Objects;
import java.util.Optional;
import java.util.concurrent.Callable;
import java.util.stream.Collectors;
import java.util.stream.Stream;
import picocli.CommandLine;
import picocli.CommandLine.Command;
import picocli.CommandLine.ITypeConverter;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.Parameters;
import picocli.CommandLine.Spec;
import picocli.CommandLine.TypeConversionException;

/** {@code wick synsets}. */
@Command(name = "synsets",
        description = "Shows what a word or an id means in WordNet 3.0, and which ImageNet classes it covers.",
        footer = {"",
                "ImageNet's ids are offsets of WordNet 3.0. An ImageNet class falls under a synset when it is that "
                        + "synset or, on any way up, a kind of it. No model and no LibTorch is loaded."})
final class SynsetsCommand implements Callable<Integer> {
    private static final Path STDOUT = Path.of("-");

    @Parameters(paramLabel = "QUERY", arity = "1..*",
            description = "A word or phrase in any inflection (dogs, 'golden retriever', golden_retriever), an id "
                    + "(02084071-n, 02084071n, n02084071), a sense key (dog%%1:05:00::) or a name (dog.n.01).")
    private List<String> queries;

    @Option(names = "--pos", paramLabel = "n|v|a|r", converter = PartOfSpeechConverter.class,
            description = "Only nouns, verbs, adjectives or adverbs.")
    private PartOfSpeech partOfSpeech;

    @Option(names = "--sense", paramLabel = "N", description = "Only sense N, as WordNet numbers those of a word.")
    private Integer number;

    @Option(names = "--limit", paramLabel = "N", defaultValue = "10",
            description = "At most so many hyponyms, siblings and classes are printed of a sense; 0 for all "
                    + "(default: ${DEFAULT-VALUE}). JSON and HTML have all.")
    private int limit;

    @Option(names = "--json", paramLabel = "FILE",
            description = "Write everything as JSON; - prints it instead of the text.")
    private Path json;

    @Option(names = "--html", paramLabel = "FILE",
            description = "Write a page with a table of the senses, their hypernyms as a tree, and the classes.")
    private Path html;

    @Spec
    private CommandSpec spec;

    /** The part of speech of WordNet's letter. */
    static final class PartOfSpeechConverter implements ITypeConverter<PartOfSpeech> {
        @Override
        public PartOfSpeech convert(String text) {
            return (text.length() == 1 ? PartOfSpeech.ofLetter(text.charAt(0)) : Optional.<PartOfSpeech>empty())
                    .orElseThrow(() -> new TypeConversionException("'" + text
                            + "' is no part of speech; there are n (noun), v (verb), a (adjective) and r (adverb)"));
        }
    }

    @Override
    public Integer call() throws IOException {
        check();
        if (json != null && !json.equals(STDOUT)) {
            WritablePlace.require(json, "--json");
        }
        if (html != null) {
            WritablePlace.require(html, "--html");
        }
        List<SynsetsReport> reports = new ArrayList<>();
        for (String query : queries) {
            reports.add(new SynsetsReport(query, senses(query)));
        }
        PrintWriter out = spec.commandLine().getOut();
        Object map = json == null && html == null ? null : SynsetsReport.toMap(reports);
        if (STDOUT.equals(json)) {
            out.println(Json.text(map));
        } else {
            for (int i = 0; i < reports.size(); i++) {
                if (i > 0) {
                    out.println();
                }
                reports.get(i).print(out, limit == 0 ? Integer.MAX_VALUE : limit);
            }
        }
        if (json != null && !json.equals(STDOUT)) {
            WholeFile.writeText(json, Json.text(map) + "\n");
        }
        if (html != null) {
            WholeFile.writeText(html, new SynsetsPage().html(reports, map));
        }
        Stream.of(json, html).filter(Objects::nonNull).filter(file -> !file.equals(STDOUT))
                .forEach(file -> spec.commandLine().getErr().println("written to " + file));
        tellOfPhrase();
        return 0;
    }

    private void check() {
        if (limit < 0) {
            throw usage("--limit needs 0 or more, got " + limit);
        }
        if (number != null && number < 1) {
            throw usage("--sense needs 1 or more, got " + number);
        }
        if (queries.stream().anyMatch(String::isBlank)) {
            throw usage("a QUERY is empty");
        }
        if (json != null && html != null && json.toAbsolutePath().normalize()
                .equals(html.toAbsolutePath().normalize())) {
            throw usage("--json and --html need files of their own");
        }
    }

    private CommandLine.ParameterException usage(String message) {
        return new CommandLine.ParameterException(spec.commandLine(), message);
    }

    private List<Sense> senses(String query) {
        List<Sense> found;
        try {
            found = WordNet.find(query, partOfSpeech);
        } catch (SynsetNotFoundException e) {
            throw new CliException(e.getMessage(), hint(e), e);
        }
        if (number == null) {
            return found;
        }
        List<Sense> wanted = found.stream().filter(sense -> sense.number() == number).toList();
        if (wanted.isEmpty()) {
            throw new CliException("'" + query + "' has no sense " + number, "it has " + SynsetsReport.counts(found));
        }
        return wanted;
    }

    private String hint(SynsetNotFoundException failure) {
        String phrase = phrase();
        if (WordNet.hasWord(phrase)) {
            return quoted(phrase);
        }
        List<String> suggestions = failure.suggestions();
        return suggestions.isEmpty()
                ? "a QUERY is a word, a phrase in quotes, an id (n02084071), a sense key (dog%1:05:00::) or a name "
                        + "(dog.n.01)"
                : "the nearest spellings are " + String.join(", ", suggestions);
    }

    /** The queries as one, empty when there is but one. */
    private String phrase() {
        return queries.size() == 1 ? "" : queries.stream().collect(Collectors.joining(" "));
    }

    private static String quoted(String phrase) {
        return "'" + phrase + "' is one entry of WordNet's: put it in quotes to see it";
    }

    private void tellOfPhrase() {
        if (WordNet.hasWord(phrase())) {
            spec.commandLine().getErr().println("hint: " + quoted(phrase()));
        }
    }
}
