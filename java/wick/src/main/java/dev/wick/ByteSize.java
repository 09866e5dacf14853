package dev.wick;

import dev.wick.error.BadArgumentException;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/** Sizes in bytes as the JVM's own options take them: {@code 1048576}, {@code 512m}, {@code 2g}. */
final class ByteSize {
    private static final Pattern TEXT = Pattern.compile("([0-9]{1,19})([kmgtKMGT]?)");

    private ByteSize() {
    }

    /**
     * Reads a size of at least 1 byte.
     *
     * @param property names it in the error
     */
    static long parse(String property, String text) {
        Matcher matcher = TEXT.matcher(text.strip());
        try {
            if (matcher.matches()) {
                long bytes = Math.multiplyExact(Long.parseLong(matcher.group(1)), unit(matcher.group(2)));
                if (bytes > 0) {
                    return bytes;
                }
            }
        } catch (NumberFormatException | ArithmeticException e) {
            // More than a long holds: said below.
        }
        throw new BadArgumentException("-D" + property + "=" + text
                + " is no number of bytes; expected one above 0, such as 536870912, 512m or 2g");
    }

    private static long unit(String letter) {
        return switch (letter.toLowerCase(java.util.Locale.ROOT)) {
            case "k" -> 1L << 10;
            case "m" -> 1L << 20;
            case "g" -> 1L << 30;
            case "t" -> 1L << 40;
            default -> 1;
        };
    }
}
