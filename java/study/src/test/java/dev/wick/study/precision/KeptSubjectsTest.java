package dev.wick.study.precision;

import static org.assertj.core.api.Assertions.assertThat;

import dev.wick.DType;
import dev.wick.Optimization;
import dev.wick.Runner;
import dev.wick.study.UnfinishedRuns;
import dev.wick.study.measurement.InterleavedRounds.Times;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** What comes back is what was measured, to the last bit, or nothing. */
class KeptSubjectsTest {
    private static final PrecisionReport.Measured MEASURED = new PrecisionReport.Measured("m, text tower", "encode_text",
            "softmax of 7 scores", 3, List.of(
                    new PrecisionCell(DType.FLOAT32, false, new Times(new long[] {1_234_567_891_234L, 3}, null, null,
                            new int[] {0, 1}, 2, true, null), new Agreement(3, 0, 0.1 + 0.2, Double.NaN, 1, -1e-300, 1, 5),
                            new PrecisionCell.Memory(1024, null, null, null),
                            new Runner.Preparation(Optimization.FREEZE, "it is \"fastest\"\n", List.of(new Runner.Trial(
                                    Optimization.OFI, -1, Double.NaN, "refused")), 7, 3, 0), "so", 1.0 / 3),
                    new PrecisionCell(DType.BFLOAT16, true, new Times(new long[] {5}, new long[] {1}, new long[] {2},
                            new int[] {0}, 0, false, null), new Agreement(3, Double.NaN, Double.NaN, 1, 1, 1, 1, 0),
                            new PrecisionCell.Memory(512, 4L, null, Long.MAX_VALUE),
                            new Runner.Preparation(Optimization.NONE, "asked for", List.of(), 0, 3, 4), "asked for", 2)),
            List.of(new PrecisionReport.Failed(DType.FLOAT16, false, "no kernel")), null);

    @TempDir
    private Path directory;

    private KeptSubjects kept() {
        return new KeptSubjects(UnfinishedRuns.in(directory));
    }

    private List<Path> files() throws IOException {
        try (Stream<Path> files = Files.list(directory)) {
            return files.toList();
        }
    }

    @Test
    void allOfASubjectComesBackUnderItsIdentityAlone() {
        kept().keep("one", MEASURED);

        PrecisionReport.Measured found = kept().find("one").orElseThrow();
        assertThat(found).usingRecursiveComparison().withEqualsForType(Double::equals, Double.class)
                .ignoringFields("earlier").isEqualTo(MEASURED);
        assertThat(found.earlier()).isNotNull();
        assertThat(kept().find("another")).isEmpty();
        assertThat(kept().find("")).isEmpty();
    }

    @Test
    void whatWasFoundOrKeptIsRemovedAndNothingElse() throws IOException {
        kept().keep("of another run", MEASURED);
        KeptSubjects first = kept();
        first.keep("one", MEASURED);
        KeptSubjects second = kept();
        assertThat(second.find("one")).isPresent();
        second.keep("two", MEASURED);
        second.remove();

        assertThat(files()).hasSize(1);
        assertThat(kept().find("of another run")).isPresent();
    }

    @Test
    void aFileThatIsDamagedIsAsNone() throws IOException {
        kept().keep("one", MEASURED);
        Path file = files().getFirst();
        String whole = Files.readString(file);
        for (String damaged : List.of("", "{", "null", whole.substring(0, whole.length() / 2), whole + "x",
                whole.replace("\"schema\":1", "\"schema\":2"), whole.replace("\"identity\":\"one\"", "\"identity\":\"two\""),
                whole.replaceFirst("\"failures\":\\[.*]", "\"failures\":null"), whole.replace("\"schema\":1,", ""),
                whole.replaceFirst("\"time\":\"[^\"]*\"", "\"time\":\"once\""), whole.replaceFirst("\"time\":\"[^\"]*\",", ""),
                whole.replace("BFLOAT16", "FLOAT12"), whole.replace("\"endToEnd\"", "\"fromEndToEnd\""),
                whole.replace("\"times\":{", "\"times\":null,\"was\":{"), whole.replace("\"inputs\":3", "\"inputs\":null"))) {
            assertThat(damaged).isNotEqualTo(whole);
            Files.writeString(file, damaged);
            assertThat(kept().find("one")).as(damaged).isEmpty();
        }
        kept().keep("one", MEASURED);
        assertThat(kept().find("one")).isPresent();
    }

    @Test
    void aPlaceThatCannotBeWrittenKeepsNothing() throws IOException {
        KeptSubjects nowhere = new KeptSubjects(UnfinishedRuns.in(Files.createFile(directory.resolve("file"))));
        nowhere.keep("one", MEASURED);
        assertThat(nowhere.find("one")).isEmpty();
        nowhere.remove();
        // A directory where the file would be.
        Path taken = UnfinishedRuns.in(directory).file("one").orElseThrow();
        Files.createDirectory(taken);
        KeptSubjects blocked = kept();
        blocked.keep("one", MEASURED);
        assertThat(blocked.find("one")).isEmpty();
        blocked.remove();
        assertThat(taken).isDirectory();
    }
}
