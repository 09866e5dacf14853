package dev.wick.vision.weights;

import dev.wick.error.WickException;
import java.io.Serializable;
import java.util.Arrays;
import java.util.List;
import java.util.stream.Collectors;

/** Weights that are not this model's; nothing of them was copied. Every difference is listed. */
public final class WeightsMismatchException extends WickException {
    private static final long serialVersionUID = 1L;

    private final String source;
    private final String[] missing;
    private final String[] unexpected;
    private final Mismatch[] mismatched;

    /**
     * A tensor that file and model have, and that cannot be copied.
     *
     * @param expected what the model has: {@code float32 [64, 3, 7, 7]}
     * @param found    what the file has
     */
    public record Mismatch(String name, String expected, String found) implements Serializable {
        private static final long serialVersionUID = 1L;

        @Override
        public String toString() {
            return name + " (expected " + expected + ", found " + found + ")";
        }
    }

    WeightsMismatchException(String source, List<String> missing, List<String> unexpected, List<Mismatch> mismatched) {
        super(message(source, missing, unexpected, mismatched));
        this.source = source;
        this.missing = missing.toArray(String[]::new);
        this.unexpected = unexpected.toArray(String[]::new);
        this.mismatched = mismatched.toArray(Mismatch[]::new);
    }

    private static String message(String source, List<String> missing, List<String> unexpected,
            List<Mismatch> mismatched) {
        return Arrays.asList("the weights of " + source + " are not this model's, and nothing was copied",
                line("missing", missing), line("unexpected", unexpected), line("of another shape or kind", mismatched))
                .stream().filter(line -> !line.isEmpty()).collect(Collectors.joining("\n"));
    }

    private static String line(String what, List<?> names) {
        return names.isEmpty() ? "" : "  " + what + " (" + names.size() + "): "
                + names.stream().map(Object::toString).collect(Collectors.joining(", "));
    }

    /** The file that the weights are from. */
    public String source() {
        return source;
    }

    /** Names that the model has and the file has not. */
    public List<String> missing() {
        return List.of(missing);
    }

    /** Names that the file has and the model has not. */
    public List<String> unexpected() {
        return List.of(unexpected);
    }

    /** Tensors that both have, of shapes or kinds of dtype that do not fit. */
    public List<Mismatch> mismatched() {
        return List.of(mismatched);
    }
}
