package dev.wick.bench;

import java.io.BufferedReader;
import java.io.IOException;
import java.io.InputStreamReader;
import java.nio.charset.StandardCharsets;

/**
 * Rounds at a driver's pace: one for each line of standard input, until it ends. The driver lets the other side measure
 * in between, so that both see the same second of the machine and neither works while the other is measured.
 */
final class Paced {
    private Paced() {
    }

    /** What a round measures and prints. */
    @FunctionalInterface
    interface Round {
        void measure() throws Exception;
    }

    static void rounds(Round round) throws Exception {
        try (var lines = new BufferedReader(new InputStreamReader(System.in, StandardCharsets.UTF_8))) {
            while (next(lines)) {
                round.measure();
            }
        }
    }

    private static boolean next(BufferedReader lines) throws IOException {
        return lines.readLine() != null;
    }
}
