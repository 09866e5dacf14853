package dev.wick.binding.javacpp;

import dev.wick.binding.OutOfMemory;
import dev.wick.error.BadArgumentException;
import dev.wick.error.DeviceOutOfMemoryException;
import dev.wick.error.ModelUnreadableException;
import dev.wick.error.TorchException;
import dev.wick.error.WickException;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/**
 * Turns what JavaCPP throws into the exception that a caller can act on.
 *
 * <p>JavaCPP catches every C++ exception and throws a plain {@link RuntimeException} with its text: the type is lost,
 * so an exhausted memory is known by the allocator's own words.
 */
final class Errors {
    /** What a model without a path is called until the layer above names it. */
    static final String UNNAMED_MODEL = "(in memory)";

    private static final String BACKTRACE = "\nException raised from ";
    private static final Pattern OUT_OF_MEMORY = Pattern.compile(
            "DefaultCPUAllocator: (?:can't allocate memory|not enough memory): you tried to allocate (\\d+) bytes");

    private Errors() {
    }

    /** Whether JavaCPP made it out of a C++ exception; every other one is Java's own and goes its way. */
    static boolean isNative(RuntimeException e) {
        return e.getClass() == RuntimeException.class;
    }

    /** What LibTorch raised while it worked. */
    static RuntimeException of(RuntimeException e) {
        if (!isNative(e)) {
            return e;
        }
        WickException exhausted = exhausted(e);
        return exhausted != null ? exhausted : new TorchException(message(e), backtrace(e));
    }

    /** What LibTorch raised while it read an archive. */
    static RuntimeException unreadable(RuntimeException e) {
        if (!isNative(e)) {
            return e;
        }
        WickException exhausted = exhausted(e);
        return exhausted != null ? exhausted : new ModelUnreadableException(UNNAMED_MODEL, message(e), backtrace(e));
    }

    /** What LibTorch raised because of an argument. */
    static RuntimeException badArgument(String before, RuntimeException e) {
        return isNative(e) ? new BadArgumentException(before + message(e), backtrace(e)) : e;
    }

    private static WickException exhausted(RuntimeException e) {
        String text = String.valueOf(e.getMessage());
        Matcher matcher = OUT_OF_MEMORY.matcher(text);
        if (matcher.find()) {
            return OutOfMemory.told(new DeviceOutOfMemoryException(message(e),
                    DeviceOutOfMemoryException.Figures.ofRequest(Long.parseLong(matcher.group(1))), backtrace(e)));
        }
        return text.equals("std::bad_alloc")
                ? OutOfMemory.told(new DeviceOutOfMemoryException("the C++ heap is exhausted",
                        DeviceOutOfMemoryException.Figures.ofRequest(-1), null)) : null;
    }

    /** The text without the stack that LibTorch writes into it. */
    static String message(RuntimeException e) {
        String text = String.valueOf(e.getMessage());
        int at = text.indexOf(BACKTRACE);
        return at < 0 ? text : text.substring(0, at);
    }

    private static String backtrace(RuntimeException e) {
        String text = String.valueOf(e.getMessage());
        int at = text.indexOf(BACKTRACE);
        return at < 0 ? null : text.substring(at + 1);
    }
}
