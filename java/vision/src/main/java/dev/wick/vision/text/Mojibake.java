package dev.wick.vision.text;

import java.util.Arrays;
import java.util.List;

/**
 * Text in UTF-8 that was read in an encoding with one byte a character, once or several times; any thread.
 *
 * <p>Only text that looks like it is touched ({@link MojibakeSigns}): as a whole where all of it reads as UTF-8 in one
 * of the encodings, otherwise in the places where it does.
 */
final class Mojibake {
    private static final int MOST_LAYERS = 16;
    /** Without those in which runs look too much like quotations and drawings. */
    private static final List<SingleByteEncoding> IN_PLACES = Arrays.stream(SingleByteEncoding.values())
            .filter(encoding -> encoding == SingleByteEncoding.LATIN_1 || encoding.ofWindows()).toList();

    private Mojibake() {
    }

    static String repair(String text) {
        String repaired = text;
        for (int layer = 0; layer < MOST_LAYERS; layer++) {
            String before = repaired;
            repaired = withoutLayer(before);
            if (repaired.equals(before)) {
                break;
            }
        }
        return repaired;
    }

    private static String withoutLayer(String text) {
        if (!MojibakeSigns.in(text)) {
            return text;
        }
        for (SingleByteEncoding encoding : SingleByteEncoding.values()) {
            byte[] bytes = encoding.encode(text);
            if (bytes == null) {
                continue;
            }
            if (encoding.ofWindows()) {
                bytes = Utf8Bytes.replaceLost(Utf8Bytes.restoreNoBreakSpaces(bytes));
            }
            String decoded = Utf8Bytes.decode(bytes);
            if (decoded != null) {
                return decoded;
            }
        }
        return inPlaces(text);
    }

    /** Repairs each run of sequences by itself. */
    private static String inPlaces(String text) {
        StringBuilder repaired = new StringBuilder(text.length());
        for (int i = 0; i < text.length();) {
            int end = text.charAt(i) < 0x80 ? i : runEnd(text, i);
            if (end > i) {
                String run = text.substring(i, end);
                boolean letterAndSpace = run.length() == 2 && run.charAt(1) == ' ';
                repaired.append(run.length() < text.length() && !letterAndSpace ? repair(run) : run);
                i = end;
            } else {
                repaired.append(text.charAt(i++));
            }
        }
        return repaired.toString();
    }

    /** Where the longest run ends that reads as UTF-8 in one of the encodings. */
    private static int runEnd(String text, int begin) {
        int furthest = begin;
        for (SingleByteEncoding encoding : IN_PLACES) {
            int end = begin;
            for (int length = sequence(encoding, text, end); length > 0; length = sequence(encoding, text, end)) {
                end += length;
            }
            furthest = Math.max(furthest, end);
        }
        return furthest;
    }

    /**
     * How many characters from here on are one sequence of UTF-8; 0 when none begins here. A space may stand for a
     * no-break space.
     */
    private static int sequence(SingleByteEncoding encoding, String text, int at) {
        if (at >= text.length()) {
            return 0;
        }
        int lead = encoding.byteOf(text.charAt(at));
        int length = lead < 0 ? 0 : Utf8Bytes.length(lead);
        if (length == 0 || at + length > text.length() || !continues(encoding, text.charAt(at + 1))) {
            return 0;
        }
        for (int i = 2; i < length; i++) {
            if (!continues(encoding, text.charAt(at + i))) {
                return 0;
            }
        }
        return length;
    }

    private static boolean continues(SingleByteEncoding encoding, char c) {
        return c == ' ' || Utf8Bytes.isContinuation(encoding.byteOf(c));
    }
}
