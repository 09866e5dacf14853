package dev.wick.study;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.FileTime;
import java.time.Duration;
import java.time.Instant;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class UnfinishedRunsTest {
    @Test
    void aRunsFileIsNamedAfterAllThatItDependsOn(@TempDir Path directory) {
        UnfinishedRuns runs = UnfinishedRuns.in(directory);

        assertThat(runs.file("a")).isPresent().isEqualTo(runs.file("a")).isNotEqualTo(runs.file("b"));
    }

    @Test
    void nothingIsKeptWhereNothingShallOrCanBe(@TempDir Path directory) throws IOException {
        Path file = Files.writeString(directory.resolve("file"), "in the way");

        assertThat(UnfinishedRuns.none().file("a")).isEmpty();
        assertThat(UnfinishedRuns.none().areKept()).isFalse();
        assertThat(UnfinishedRuns.in(file).file("a")).isEmpty();
    }

    @Test
    void whatNobodyGoesOnWithIsRemoved(@TempDir Path directory) throws IOException {
        UnfinishedRuns runs = UnfinishedRuns.in(directory);
        Path old = Files.writeString(runs.file("old").orElseThrow(), "rows");
        Path recent = Files.writeString(runs.file("recent").orElseThrow(), "rows");
        Path names = Files.writeString(Path.of(old + ".names"), "rows");
        Path another = Files.writeString(directory.resolve("thesis.txt"), "not ours");
        FileTime past = FileTime.from(Instant.now().minus(UnfinishedRuns.KEPT).minus(Duration.ofHours(1)));
        for (Path each : List.of(old, names, another)) {
            Files.setLastModifiedTime(each, past);
        }

        runs.file("now");

        assertThat(old).doesNotExist();
        assertThat(names).doesNotExist();
        assertThat(another).exists();
        assertThat(recent).exists();
    }
}
