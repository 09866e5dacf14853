package dev.wick.vision.text;

import java.io.ByteArrayOutputStream;
import java.nio.charset.StandardCharsets;
import java.util.Arrays;

/** UTF-8 that went through another encoding, and may have suffered there; any thread. */
final class Utf8Bytes {
    private static final int NO_BREAK_SPACE = 0xA0;
    private static final byte[] REPLACEMENT = "\uFFFD".getBytes(StandardCharsets.UTF_8);
    private static final byte[] A_GRAVE = "à".getBytes(StandardCharsets.UTF_8);
    /** How Portuguese joins à to a word; elsewhere à is a word by itself. */
    private static final String[] JOINED_TO_A_GRAVE = {"quele", "quela", "quilo", "s "};

    private Utf8Bytes() {
    }

    /** How many bytes the sequence has that a byte begins: 2 to 4; 0 when it begins none. */
    static int length(int lead) {
        return lead >= 0xC2 && lead <= 0xDF ? 2 : lead >= 0xE0 && lead <= 0xEF ? 3 : lead >= 0xF0 && lead <= 0xF4 ? 4 : 0;
    }

    static boolean isContinuation(int b) {
        return b >= 0x80 && b <= 0xBF;
    }

    /** Whether a second byte may follow the first: no longer form than needed, nothing beyond U+10FFFF. */
    static boolean fits(int lead, int second) {
        return isContinuation(second) && switch (lead) {
            case 0xE0 -> second >= 0xA0;
            case 0xF0 -> second >= 0x90;
            case 0xF4 -> second < 0x90;
            default -> true;
        };
    }

    /** Decodes UTF-8, and of its variants Java's NUL (C0 80) and pairs of encoded surrogates; null when it is neither. */
    static String decode(byte[] bytes) {
        StringBuilder text = new StringBuilder(bytes.length);
        for (int i = 0; i < bytes.length;) {
            int lead = Byte.toUnsignedInt(bytes[i]);
            if (lead < 0x80) {
                text.append((char) lead);
                i++;
                continue;
            }
            if (lead == 0xC0 && i + 1 < bytes.length && bytes[i + 1] == (byte) 0x80) {
                text.append('\0');
                i += 2;
                continue;
            }
            int length = length(lead);
            if (length == 0 || i + length > bytes.length || !fits(lead, Byte.toUnsignedInt(bytes[i + 1]))) {
                return null;
            }
            int code = lead & 0x7F >> length;
            for (int j = 1; j < length; j++) {
                int b = Byte.toUnsignedInt(bytes[i + j]);
                if (!isContinuation(b)) {
                    return null;
                }
                code = code << 6 | b & 0x3F;
            }
            if (code >= Character.MIN_HIGH_SURROGATE && code <= Character.MAX_LOW_SURROGATE) {
                boolean afterHigh = !text.isEmpty() && Character.isHighSurrogate(text.charAt(text.length() - 1));
                if (Character.isLowSurrogate((char) code) != afterHigh || !afterHigh && !lowSurrogateAt(bytes, i + length)) {
                    return null;
                }
            }
            text.appendCodePoint(code);
            i += length;
        }
        return text.toString();
    }

    private static boolean lowSurrogateAt(byte[] bytes, int at) {
        return at + 2 < bytes.length && bytes[at] == (byte) 0xED && Byte.toUnsignedInt(bytes[at + 1]) >= 0xB0
                && isContinuation(Byte.toUnsignedInt(bytes[at + 1])) && isContinuation(Byte.toUnsignedInt(bytes[at + 2]));
    }

    /**
     * Puts the byte A0 back where a sequence has a space in its place: as a character it is a no-break space, which is often
     * taken for an ordinary one. Only for beginnings after which a space there makes a character that texts have.
     */
    static byte[] restoreNoBreakSpaces(byte[] bytes) {
        ByteArrayOutputStream restored = null;
        for (int i = 0; i < bytes.length;) {
            int used = 0;
            int lead = Byte.toUnsignedInt(bytes[i]);
            if (lead >= 0xC2 && i + 1 < bytes.length) {
                if (restored == null) {
                    restored = new ByteArrayOutputStream(bytes.length + 8);
                    restored.write(bytes, 0, i);
                }
                used = lead == 0xC3 && bytes[i + 1] == ' ' ? aGrave(bytes, i, restored) : spaced(bytes, i, lead, restored);
            }
            if (used == 0) {
                if (restored != null) {
                    restored.write(bytes[i]);
                }
                used = 1;
            }
            i += used;
        }
        return restored == null ? bytes : restored.toByteArray();
    }

    private static int aGrave(byte[] bytes, int at, ByteArrayOutputStream out) {
        out.writeBytes(A_GRAVE);
        int next = at + 2;
        boolean joined = next < bytes.length && bytes[next] == ' ';
        for (String word : JOINED_TO_A_GRAVE) {
            byte[] letters = word.getBytes(StandardCharsets.US_ASCII);
            joined |= next + letters.length <= bytes.length
                    && Arrays.equals(bytes, next, next + letters.length, letters, 0, letters.length);
        }
        if (!joined) {
            out.write(' ');
        }
        return 2;
    }

    private static int spaced(byte[] bytes, int at, int lead, ByteArrayOutputStream out) {
        int length = length(lead);
        if (length == 0 || at + length > bytes.length) {
            return 0;
        }
        int spaces = 0;
        for (int j = 1; j < length; j++) {
            int b = Byte.toUnsignedInt(bytes[at + j]);
            if (b == ' ') {
                spaces++;
            } else if (!isContinuation(b)) {
                return 0;
            }
        }
        boolean secondIsSpace = bytes[at + 1] == ' ';
        boolean known = spaces == 1 && switch (lead) {
            // Of two bytes: no-break space, Š, Π, Р and Arabic tatweel.
            case 0xC2, 0xC5, 0xCE, 0xD0, 0xD9, 0xE2, 0xE3, 0xF0 -> true;
            case 0xE0, 0xE1 -> !secondIsSpace;
            default -> false;
        };
        if (!known || lead == 0xE0 && Byte.toUnsignedInt(bytes[at + 1]) < 0xA0) {
            return 0;
        }
        out.write(lead);
        for (int j = 1; j < length; j++) {
            out.write(bytes[at + j] == ' ' ? NO_BREAK_SPACE : bytes[at + j]);
        }
        return length;
    }

    /** Puts U+FFFD for sequences of which a byte was lost: became U+FFFD by itself, or a question mark. */
    static byte[] replaceLost(byte[] bytes) {
        ByteArrayOutputStream replaced = null;
        for (int i = 0; i < bytes.length;) {
            int lost = lostSequence(bytes, i);
            if (lost > 0 && replaced == null) {
                replaced = new ByteArrayOutputStream(bytes.length + 8);
                replaced.write(bytes, 0, i);
            }
            if (lost > 0) {
                replaced.writeBytes(REPLACEMENT);
                i += lost;
            } else {
                if (replaced != null) {
                    replaced.write(bytes[i]);
                }
                i++;
            }
        }
        return replaced == null ? bytes : replaced.toByteArray();
    }

    private static int lostSequence(byte[] bytes, int at) {
        int lead = Byte.toUnsignedInt(bytes[at]);
        if (lead == SingleByteEncoding.LOST) {
            return 1;
        }
        int length = length(lead);
        boolean pair = lead == 0xED && at + 5 < bytes.length && Byte.toUnsignedInt(bytes[at + 1]) >= 0xA0
                && bytes[at + 3] == (byte) 0xED;
        if (pair) {
            length = 6;
        }
        if (length == 0 || at + length > bytes.length) {
            return 0;
        }
        int lost = 0;
        int asked = 0;
        for (int j = 1; j < length; j++) {
            int b = Byte.toUnsignedInt(bytes[at + j]);
            if (b == SingleByteEncoding.LOST) {
                lost++;
            } else if (b == '?') {
                asked++;
            } else if (!isContinuation(b) && !(pair && j == 3)) {
                return 0;
            }
        }
        // Two question marks after a letter are more often meant.
        boolean plausible = asked == 0 || asked == 1 && (length > 2 || lead <= 0xC3);
        return lost + asked > 0 && plausible ? length : 0;
    }
}
