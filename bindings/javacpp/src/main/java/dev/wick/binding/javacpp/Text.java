package dev.wick.binding.javacpp;

import java.nio.charset.StandardCharsets;
import org.bytedeco.javacpp.BytePointer;

/** Texts across the border, in UTF-8 and with null characters in them if need be. */
final class Text {
    private Text() {
    }

    /** Reads a std::string that the presets handed out, and gives it back. */
    static String of(BytePointer text) {
        if (text == null) {
            // JavaCPP's form of an empty std::string.
            return "";
        }
        try (text) {
            // The capacity is the string's length; getString would stop at a null character.
            byte[] bytes = new byte[Math.toIntExact(text.limit() - text.position())];
            text.get(bytes);
            return new String(bytes, StandardCharsets.UTF_8);
        }
    }

    /** Reads a C string that is the presets' own. */
    static String ofCString(BytePointer text) {
        return new String(text.getStringBytes(), StandardCharsets.UTF_8);
    }

    /** Makes a text for an argument; the caller's scope frees it. */
    static BytePointer pointer(String text) {
        byte[] bytes = text.getBytes(StandardCharsets.UTF_8);
        // One byte more, since a pointer to nothing would be taken for null.
        BytePointer pointer = new BytePointer(bytes.length + 1L);
        pointer.put(bytes, 0, bytes.length).put(bytes.length, (byte) 0);
        return pointer.limit(bytes.length);
    }
}
