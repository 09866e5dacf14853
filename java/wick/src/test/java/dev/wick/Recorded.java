package dev.wick;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import java.util.function.Consumer;
import jdk.jfr.Recording;
import jdk.jfr.consumer.RecordedEvent;
import jdk.jfr.consumer.RecordedFrame;
import jdk.jfr.consumer.RecordingFile;

/** Wick's events of what a body does, as they are read back from a recording's file; periodic ones at its beginning and at its end. */
record Recorded(List<RecordedEvent> events) {

    static Recorded of(Path file, Runnable body) throws IOException {
        return of(file, _ -> {
        }, body);
    }

    static Recorded of(Path file, Consumer<Recording> settings, Runnable body) throws IOException {
        try (Recording recording = new Recording()) {
            for (String periodic : List.of("dev.wick.HostMemory", "dev.wick.DeviceMemory")) {
                // Not so many milliseconds, within which a busy machine may not come to it.
                recording.enable(periodic).with("period", "everyChunk");
            }
            settings.accept(recording);
            recording.start();
            body.run();
            recording.stop();
            recording.dump(file);
        }
        List<RecordedEvent> events = RecordingFile.readAllEvents(file).stream()
                .filter(event -> event.getEventType().getName().startsWith("dev.wick.")).toList();
        assertThat(Files.size(file)).isPositive();
        return new Recorded(events);
    }

    /** What a body does within a second in which a periodic event has its turn every 20 ms. */
    static Recorded forASecond(Path file, String periodic, Runnable body) throws IOException {
        return of(file, recording -> recording.enable("dev.wick." + periodic).withPeriod(Duration.ofMillis(20)), () -> {
            body.run();
            try {
                Thread.sleep(1000);
            } catch (InterruptedException e) {
                throw new IllegalStateException(e);
            }
        });
    }

    List<RecordedEvent> of(String name) {
        return events.stream().filter(event -> event.getEventType().getName().equals("dev.wick." + name)).toList();
    }

    RecordedEvent one(String name) {
        assertThat(of(name)).as(name).hasSize(1);
        return of(name).getFirst();
    }

    /** Asserts that the stack begins in Wick's own method, and that the first frame outside of Wick's is the test's. */
    static void assertCalledBy(RecordedEvent event, Class<?> wick, String method, Class<?> caller) {
        List<RecordedFrame> frames = event.getStackTrace().getFrames();
        assertThat(frames.getFirst().getMethod().getType().getName()).isEqualTo(wick.getName());
        assertThat(frames.getFirst().getMethod().getName()).isEqualTo(method);
        assertThat(frames.getFirst().getLineNumber()).isPositive();
        assertThat(frames.stream().map(frame -> frame.getMethod().getType().getName())
                .filter(name -> name.startsWith(caller.getName())).findFirst()).as("caller").isPresent();
    }
}
