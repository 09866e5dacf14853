package dev.wick.study;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.FileTime;
import java.time.Duration;
import java.time.Instant;
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
        Files.setLastModifiedTime(old, FileTime.from(Instant.now().minus(UnfinishedRuns.KEPT).minus(Duration.ofHours(1))));

        runs.file("now");

        assertThat(old).doesNotExist();
        assertThat(recent).exists();
    }
}
