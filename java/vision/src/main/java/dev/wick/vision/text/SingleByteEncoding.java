package dev.wick.vision.text;

import java.nio.charset.Charset;
import java.util.Arrays;

/**
 * The encodings with one byte a character that UTF-8 is taken for by mistake; any thread.
 *
 * <p>Those of Windows are read as browsers and most programs do: a byte without a character is the control character of
 * that number.
 */
enum SingleByteEncoding {
    LATIN_1("ISO-8859-1"),
    WINDOWS_1252("windows-1252"),
    WINDOWS_1251("windows-1251"),
    WINDOWS_1250("windows-1250"),
    WINDOWS_1253("windows-1253"),
    WINDOWS_1254("windows-1254"),
    WINDOWS_1257("windows-1257"),
    LATIN_2("ISO-8859-2"),
    /** Written out: a trimmed runtime has no module jdk.charsets. */
    MAC_ROMAN(null, "ÄÅÇÉÑÖÜáàâäãåçéèêëíìîïñóòôöõúùûü†°¢£§•¶ß®©™´¨≠ÆØ∞±≤≥¥µ∂∑∏π∫ªºΩæø"
            + "¿¡¬√ƒ≈∆«»…\u00A0ÀÃÕŒœ–—“”‘’÷◊ÿŸ⁄€‹›ﬁﬂ‡·‚„‰ÂÊÁËÈÍÎÏÌÓÔ\uF8FFÒÚÛÙıˆ˜¯˘˙˚¸˝˛ˇ"),
    IBM_437("IBM437");

    private final char[] decoded;
    /** Characters in order, and the byte of each. */
    private final char[] characters = new char[128];
    private final byte[] bytes = new byte[128];

    SingleByteEncoding(String charset) {
        this(charset, null);
    }

    SingleByteEncoding(String charset, String upperHalf) {
        byte[] upper = new byte[128];
        for (int i = 0; i < upper.length; i++) {
            upper[i] = (byte) (0x80 + i);
        }
        decoded = (upperHalf == null ? new String(upper, Charset.forName(charset)) : upperHalf).toCharArray();
        int[] order = new int[128];
        for (int i = 0; i < decoded.length; i++) {
            if (decoded[i] == '\uFFFD') {
                decoded[i] = (char) (0x80 + i);
            }
            order[i] = decoded[i] << 8 | 0x80 + i;
        }
        Arrays.sort(order);
        for (int i = 0; i < order.length; i++) {
            characters[i] = (char) (order[i] >>> 8);
            bytes[i] = (byte) order[i];
        }
    }

    /** Whether single runs are looked for: in the others they look too much like formulas and drawings. */
    boolean oftenInPlaces() {
        return this == LATIN_1 || name().startsWith("WINDOWS");
    }

    /** The byte of a character, 0 to 255; -1 when it has none. */
    int byteOf(char c) {
        if (c < 0x80) {
            return c;
        }
        int place = Arrays.binarySearch(characters, c);
        return place < 0 ? -1 : Byte.toUnsignedInt(bytes[place]);
    }

    /** The character of a byte from 0x80 on. */
    char characterOf(int upperByte) {
        return decoded[upperByte - 0x80];
    }
}
