package dev.wick.vision.text;

import java.io.ByteArrayOutputStream;
import java.util.Arrays;

/**
 * The printable character that stands for each byte in a byte-pair vocabulary: the byte's own in Latin-1 where that
 * prints, otherwise the next one from U+0100 on; any thread.
 */
final class ByteAlphabet {
    private static final int BYTES = 256;
    private static final char[] CHARACTERS = new char[BYTES];
    /** The bytes in the order of their token ids: first those that print. */
    private static final int[] ORDER = new int[BYTES];
    private static final int[] BYTE_OF = new int[2 * BYTES];

    static {
        int printing = 0;
        for (int b = 0; b < BYTES; b++) {
            if (prints(b)) {
                CHARACTERS[b] = (char) b;
                ORDER[printing++] = b;
            }
        }
        Arrays.fill(BYTE_OF, -1);
        int others = 0;
        for (int b = 0; b < BYTES; b++) {
            if (!prints(b)) {
                CHARACTERS[b] = (char) (BYTES + others);
                ORDER[printing + others++] = b;
            }
            BYTE_OF[CHARACTERS[b]] = b;
        }
    }

    private ByteAlphabet() {
    }

    private static boolean prints(int b) {
        return b >= '!' && b <= '~' || b >= 0xA1 && b <= 0xFF && b != 0xAD;
    }

    static char character(int unsignedByte) {
        return CHARACTERS[unsignedByte];
    }

    /** The character whose token id is the given one, below 256. */
    static char ofToken(int id) {
        return CHARACTERS[ORDER[id]];
    }

    /** Appends the bytes that the characters of a token stand for. */
    static void append(String token, ByteArrayOutputStream bytes) {
        for (int i = 0; i < token.length(); i++) {
            char c = token.charAt(i);
            bytes.write(c < BYTE_OF.length && BYTE_OF[c] >= 0 ? BYTE_OF[c] : '?');
        }
    }
}
