package dev.wick.cli;

import dev.wick.file.WholeFile;
import java.io.IOException;
import java.nio.channels.FileChannel;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.text.ParseException;
import java.util.ArrayList;
import java.util.List;
import jdk.jfr.Configuration;
import jdk.jfr.FlightRecorder;
import jdk.jfr.Recording;

/**
 * A file of the JVM's flight recorder with what happened in some spans of time, one after the other; one thread.
 *
 * <p>The recorder runs from the beginning, so that starting it and instrumenting Wick's events are not in the first span.
 */
final class FlightRecording implements AutoCloseable {
    /** The JDK's own settings for use all the time, with Wick's events as they come. */
    private static final String SETTINGS = "default";

    private final Path file;
    private final Configuration configuration;
    private final Recording always;
    private final Path directory;
    private final List<Path> spans = new ArrayList<>();
    private Recording span;

    private FlightRecording(Path file, Configuration configuration, Path directory) {
        this.file = file;
        this.configuration = configuration;
        this.directory = directory;
        always = new Recording(configuration);
        always.setName("wick, beside the spans");
        // On disk, or what it holds in memory would begin the first span's file; none of it is kept.
        always.setMaxSize(1);
        always.start();
    }

    /** Starts the recorder; the file is written at the end of each span. */
    static FlightRecording into(Path file) throws IOException {
        if (!FlightRecorder.isAvailable()) {
            throw new CliException("this JVM has no flight recorder", "leave --jfr out, or -XX:-FlightRecorder");
        }
        try {
            return new FlightRecording(file, Configuration.getConfiguration(SETTINGS),
                    Files.createTempDirectory("wick-jfr"));
        } catch (ParseException e) {
            throw new CliException("the flight recorder's settings '" + SETTINGS + "' cannot be read ("
                    + e.getMessage() + ")", "use a JDK as it was delivered", e);
        }
    }

    /** Begins a span. */
    void begin() {
        span = new Recording(configuration);
        span.setName("wick bench");
        span.start();
    }

    /** Ends the span. */
    void end() throws IOException {
        try (Recording ended = span) {
            ended.stop();
            Path part = directory.resolve(spans.size() + ".jfr");
            ended.dump(part);
            spans.add(part);
        }
        // A file of several recordings is their files, one after the other.
        WholeFile.writeChannel(file, out -> {
            for (Path part : spans) {
                try (FileChannel in = FileChannel.open(part, StandardOpenOption.READ)) {
                    for (long at = 0; at < in.size();) {
                        at += in.transferTo(at, in.size() - at, out);
                    }
                }
            }
        });
    }

    @Override
    public void close() throws IOException {
        always.close();
        for (Path part : spans) {
            Files.deleteIfExists(part);
        }
        Files.deleteIfExists(directory);
    }
}
