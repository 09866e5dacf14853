package dev.wick.vision.text;

import java.nio.charset.Charset;
import java.util.Arrays;

/**
 * The encodings with one byte a character that UTF-8 is taken for by mistake; any thread.
 *
 * <p>Those of Windows are read as browsers and most programs do: a byte without a character is the control character of
 * that number, and U+FFFD is what became of an unreadable byte.
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

    /** What an unreadable byte became; the byte is one that no text has. */
    static final byte LOST = 0x1A;

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

    boolean ofWindows() {
        return name().startsWith("WINDOWS");
    }

    /** The byte of a character, 0 to 255; -1 when it has none. */
    int byteOf(char c) {
        if (c < 0x80) {
            return c;
        }
        if (c == '\uFFFD' && ofWindows()) {
            return LOST;
        }
        int place = Arrays.binarySearch(characters, c);
        return place < 0 ? -1 : Byte.toUnsignedInt(bytes[place]);
    }

    /** The character of a byte from 0x80 on. */
    char characterOf(int upperByte) {
        return decoded[upperByte - 0x80];
    }

    /** The bytes of a text; null when a character has none. */
    byte[] encode(String text) {
        byte[] encoded = new byte[text.length()];
        for (int i = 0; i < encoded.length; i++) {
            int b = byteOf(text.charAt(i));
            if (b < 0) {
                return null;
            }
            encoded[i] = (byte) b;
        }
        return encoded;
    }
}
