package dev.wick.bench;

import dev.wick.Engine;
import dev.wick.Runner;
import dev.wick.binding.Setting;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.Locale;
import java.util.Map;
import java.util.StringJoiner;
import java.util.stream.Collectors;

/** What a round writes for its driver: its samples, and under which settings they were taken; JSON, one thread. */
final class RoundReport {
    private final StringJoiner fields = new StringJoiner(", ", "{", "}\n");

    /** Begins with the side that is measured. */
    RoundReport() {
        text("engine", "wick");
    }

    RoundReport text(String name, String value) {
        return json(name, value == null ? "null" : quoted(value));
    }

    RoundReport number(String name, double value) {
        return json(name, decimal(value));
    }

    RoundReport number(String name, long value) {
        return json(name, Long.toString(value));
    }

    /** Null stands for what this round cannot measure. */
    RoundReport samples(String name, long[] values) {
        return json(name, values == null ? "null" : Arrays.stream(values).mapToObj(Long::toString)
                .collect(Collectors.joining(", ", "[", "]")));
    }

    /** LibTorch, how it is called, threads and everything that was set for speed. */
    RoundReport engine() {
        Engine engine = Engine.get();
        StringJoiner settings = new StringJoiner(", ", "{", "}");
        for (Setting setting : engine.settings()) {
            settings.add(quoted(setting.name()) + ": " + quoted(setting.value()));
        }
        Map<String, String> runtime = engine.describeRuntime();
        return text("torch", engine.natives().torchVersion()).text("natives", engine.natives().choice())
                .text("calls", engine.calls()).number("threads", engine.intraOpThreads())
                .number("blasThreads", engine.blasThreads()).text("blas", runtime.get("blas"))
                .text("build", runtime.get("build")).json("settings", settings.toString())
                .text("java", Runtime.version().toString());
    }

    RoundReport preparation(Runner.Preparation preparation) {
        StringJoiner trials = new StringJoiner(", ", "[", "]");
        for (Runner.Trial trial : preparation.trials()) {
            trials.add(String.format(Locale.ROOT,
                    "{\"optimization\": \"%s\", \"medianNs\": %.0f, \"maximumDifference\": %s, \"outcome\": %s}",
                    trial.optimization().text(), trial.medianNanoseconds(), decimal(trial.maximumDifference()),
                    quoted(trial.outcome())));
        }
        return text("optimization", preparation.optimization().text()).text("why", preparation.why())
                .json("trials", trials.toString());
    }

    private RoundReport json(String name, String value) {
        fields.add(quoted(name) + ": " + value);
        return this;
    }

    void write(Path file) throws IOException {
        Files.writeString(file, fields.toString());
    }

    /** As one line, for a driver that waits for it. */
    void print() {
        System.out.print(fields);
        System.out.flush();
    }

    private static String decimal(double value) {
        return Double.isFinite(value) ? Double.toString(value) : "null";
    }

    private static String quoted(String text) {
        StringBuilder quoted = new StringBuilder("\"");
        text.chars().forEach(c -> {
            if (c == '"' || c == '\\') {
                quoted.append('\\').append((char) c);
            } else if (c < ' ') {
                quoted.append(String.format("\\u%04x", c));
            } else {
                quoted.append((char) c);
            }
        });
        return quoted.append('"').toString();
    }
}
