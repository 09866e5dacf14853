package dev.wick.binding.panama;

import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.nio.charset.StandardCharsets;

/** A text as the shim takes it: UTF-8 bytes and their number, without a terminator. */
record Text(MemorySegment bytes, long length) {

    static Text of(Arena arena, String text) {
        byte[] bytes = text.getBytes(StandardCharsets.UTF_8);
        return new Text(arena.allocateFrom(ValueLayout.JAVA_BYTE, bytes), bytes.length);
    }
}
