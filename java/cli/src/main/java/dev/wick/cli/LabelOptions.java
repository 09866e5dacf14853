package dev.wick.cli;

import dev.wick.study.zeroshot.ClassFolders;
import dev.wick.study.zeroshot.Labels;
import dev.wick.study.zeroshot.PromptTemplates;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import picocli.CommandLine.Option;

/** Which labels pictures can get, and the sentences that they stand in. */
final class LabelOptions {
    @Option(names = "--labels", paramLabel = "FILE|LABEL", arity = "1..*",
            description = "A file: one label a line, or {0: 'tench, Tinca tinca', ...}; or the labels themselves "
                    + "(pictures then come before this option, or after --).")
    private List<String> labels = new ArrayList<>();

    @Option(names = "--prompts", paramLabel = "one|seven|none|FILE|TEXT", defaultValue = "one",
            description = "The sentences around a label: 'a photo of a {}.', the seven of CLIP's notebook, the label "
                    + "alone, a file with a sentence a line, or a sentence with {} (default: ${DEFAULT-VALUE}).")
    private String templates;

    @Option(names = "--first-name", description = "Of labels with several names (tench, Tinca tinca) take the first.")
    private boolean firstName;

    boolean areGiven() {
        return !labels.isEmpty();
    }

    Labels labels() {
        Labels given = labels.size() == 1 && Files.isRegularFile(Path.of(labels.getFirst()))
                ? Labels.read(Path.of(labels.getFirst())) : new Labels(labels);
        return firstName ? new Labels(given.names().stream().map(Labels::firstName).toList()) : given;
    }

    /** Class folders with the labels that were given, or with their own names. */
    ClassFolders folders(Path folder) {
        if (!areGiven()) {
            return ClassFolders.of(folder);
        }
        Labels given = labels();
        return ClassFolders.of(folder, given, ImageNetNames.places(given));
    }

    PromptTemplates templates() {
        return PromptTemplates.named(templates);
    }

    String templatesText() {
        return templates;
    }
}
