package dev.wick.study.zeroshot;

import dev.wick.error.BadArgumentException;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;

/**
 * Sentences with a place, <code>{}</code>, for a label; immutable.
 *
 * <p>The features of a label's sentences are normalised, averaged, and normalised again, as CLIP's prompt engineering
 * notebook does it.
 *
 * @param sentences at least one
 */
public record PromptTemplates(List<String> sentences) {
    private static final String PLACE = "{}";

    /** The published default. */
    public static final PromptTemplates ONE = new PromptTemplates(List.of("a photo of a {}."));

    /** The seven of CLIP's notebook, a subset of its eighty that its authors found a little better for ViT-B/32. */
    public static final PromptTemplates SEVEN = new PromptTemplates(List.of("itap of a {}.", "a bad photo of the {}.",
            "a origami {}.", "a photo of the large {}.", "a {} in a video game.", "art of the {}.",
            "a photo of the small {}."));

    /** The label as it is. */
    public static final PromptTemplates NONE = new PromptTemplates(List.of(PLACE));

    /**
     * Checks the sentences.
     *
     * @throws BadArgumentException if there is none, or one does not have exactly one place
     */
    public PromptTemplates {
        sentences = List.copyOf(sentences);
        if (sentences.isEmpty()) {
            throw new BadArgumentException("expected at least one prompt template, got none");
        }
        for (String sentence : sentences) {
            int first = sentence.indexOf(PLACE);
            if (first < 0 || sentence.indexOf(PLACE, first + 1) >= 0) {
                throw new BadArgumentException("the prompt template '" + sentence + "' needs exactly one {}");
            }
        }
    }

    /**
     * Reads a file: one sentence a line, or Python's list {@code ['a photo of a {}.', ...]}.
     *
     * @throws BadArgumentException if it cannot be read or holds something else
     */
    public static PromptTemplates read(Path file) {
        try {
            String text = Files.readString(file, StandardCharsets.UTF_8).strip();
            return new PromptTemplates(text.startsWith("[") ? new PythonLiteral(text).list()
                    : text.lines().map(String::strip).filter(line -> !line.isEmpty()).toList());
        } catch (IOException e) {
            throw new BadArgumentException("prompt templates " + file + ": it cannot be read (" + e + ")");
        } catch (BadArgumentException e) {
            throw new BadArgumentException("prompt templates " + file + ": " + e.getMessage());
        }
    }

    /** {@code one}, {@code seven}, {@code none}, a sentence with a place, or a file. */
    public static PromptTemplates named(String text) {
        return switch (text) {
            case "one" -> ONE;
            case "seven" -> SEVEN;
            case "none" -> NONE;
            default -> text.contains(PLACE) ? new PromptTemplates(List.of(text)) : read(Path.of(text));
        };
    }

    /** The sentences of one label. */
    public List<String> of(String label) {
        return sentences.stream().map(sentence -> sentence.replace(PLACE, label)).toList();
    }
}
