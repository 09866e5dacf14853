package dev.wick.study.precision;

import com.fasterxml.jackson.core.JsonParser;
import com.fasterxml.jackson.databind.DeserializationContext;
import com.fasterxml.jackson.databind.DeserializationFeature;
import com.fasterxml.jackson.databind.JsonDeserializer;
import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.databind.module.SimpleModule;
import dev.wick.Tensor;
import dev.wick.error.WickException;
import dev.wick.file.WholeFile;
import dev.wick.study.UnfinishedRuns;
import java.io.IOException;
import java.lang.foreign.Arena;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.security.MessageDigest;
import java.security.NoSuchAlgorithmException;
import java.time.DateTimeException;
import java.time.Instant;
import java.time.temporal.ChronoUnit;
import java.util.Arrays;
import java.util.HexFormat;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Optional;
import java.util.Set;

/**
 * Measured subjects in files, until the report that they are for is written; one thread.
 *
 * <p>A file is there whole or not at all. One that cannot be read, or is of another schema, is as none; where none can be
 * written, the subject is measured again by the next run.
 */
final class KeptSubjects {
    /** Changes with the file's form, and with what a figure in it means. */
    private static final int SCHEMA = 1;

    private static final ObjectMapper MAPPER = new ObjectMapper()
            .enable(DeserializationFeature.FAIL_ON_MISSING_CREATOR_PROPERTIES, DeserializationFeature.FAIL_ON_NULL_FOR_PRIMITIVES,
                    DeserializationFeature.FAIL_ON_TRAILING_TOKENS)
            .registerModule(new SimpleModule().addDeserializer(WickException.class, new NoException()));

    private final UnfinishedRuns runs;
    private final Set<Path> files = new LinkedHashSet<>();

    KeptSubjects(UnfinishedRuns runs) {
        this.runs = runs;
    }

    /** Of a series that has times there is no failure. */
    private static final class NoException extends JsonDeserializer<WickException> {
        @Override
        public WickException deserialize(JsonParser parser, DeserializationContext context) throws IOException {
            return (WickException) context.handleUnexpectedToken(WickException.class, parser);
        }
    }

    /** What a file has. */
    private record Content(int schema, String identity, String time, String name, String method, String meaning, int inputs,
            List<PrecisionCell> cells, List<PrecisionReport.Failed> failures) {
        /** A list that is missing is refused here, while the file can still be held to be unreadable. */
        Content {
            cells = List.copyOf(cells);
            failures = List.copyOf(failures);
        }

        static Content of(String identity, PrecisionReport.Measured measured) {
            return new Content(SCHEMA, identity, Instant.now().truncatedTo(ChronoUnit.SECONDS).toString(), measured.name(),
                    measured.method(), measured.meaning(), measured.inputs(), measured.cells(), measured.failures());
        }

        PrecisionReport.Measured measured() {
            return new PrecisionReport.Measured(name, method, meaning, inputs, cells, failures, Instant.parse(time));
        }
    }

    /** Whether anything is kept at all. */
    boolean areKept() {
        return runs.areKept();
    }

    /**
     * What an earlier run measured.
     *
     * @param identity all that the figures depend on; empty where nothing is kept
     */
    Optional<PrecisionReport.Measured> find(String identity) {
        if (identity.isEmpty()) {
            return Optional.empty();
        }
        Optional<Path> file = runs.file(identity).filter(Files::isRegularFile);
        if (file.isEmpty()) {
            return Optional.empty();
        }
        // One that cannot be read is of no use either.
        files.add(file.get());
        try {
            Content content = MAPPER.readValue(Files.readAllBytes(file.get()), Content.class);
            // A file that says null is read as one.
            return content != null && content.schema() == SCHEMA && identity.equals(content.identity()) ? Optional.of(content.measured())
                    : Optional.empty();
        } catch (IOException | DateTimeException e) {
            log("measured again, not read: " + file.get(), e);
            return Optional.empty();
        }
    }

    /** Writes what was measured, unless the identity is empty. */
    void keep(String identity, PrecisionReport.Measured measured) {
        if (identity.isEmpty()) {
            return;
        }
        runs.file(identity).ifPresent(file -> {
            try {
                byte[] content = MAPPER.writeValueAsBytes(Content.of(identity, measured));
                WholeFile.write(file, out -> out.write(content));
                files.add(file);
            } catch (IOException e) {
                log("not kept: " + file, e);
            }
        });
    }

    /** Removes the files of all that was found and kept. */
    void remove() {
        for (Path file : files) {
            try {
                Files.deleteIfExists(file);
            } catch (IOException e) {
                log("not removed: " + file, e);
            }
        }
        files.clear();
    }

    /** Tells inputs in host memory from any others: by dtypes, shapes and bytes. */
    static String digest(List<Tensor> inputs) {
        MessageDigest digest = sha256();
        for (Tensor input : inputs) {
            digest.update((input.dtype() + Arrays.toString(input.shape()) + Arrays.toString(input.strides()))
                    .getBytes(StandardCharsets.UTF_8));
            try (Arena arena = Arena.ofConfined()) {
                digest.update(input.segment(arena).asByteBuffer());
            }
        }
        return inputs.size() + " " + HexFormat.of().formatHex(digest.digest());
    }

    private static MessageDigest sha256() {
        try {
            return MessageDigest.getInstance("SHA-256");
        } catch (NoSuchAlgorithmException e) {
            throw new IllegalStateException("every Java has SHA-256", e);
        }
    }

    private static void log(String message, Exception reason) {
        System.getLogger(KeptSubjects.class.getName()).log(System.Logger.Level.DEBUG, message, reason);
    }
}
