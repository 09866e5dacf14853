package dev.wick.vision.file;

import dev.wick.DType;
import java.nio.ByteOrder;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.List;
import java.util.Set;

/**
 * The header of a {@code .npy} file: a Python dictionary literal with exactly three keys; immutable.
 *
 * @param dtype        of the elements
 * @param order        of the bytes in an element
 * @param fortranOrder whether the first index runs fastest
 * @param shape        elements along each dimension
 */
record NpyHeader(DType dtype, ByteOrder order, boolean fortranOrder, long[] shape) {
    /** numpy's own limit. */
    static final int MAXIMUM_DIMENSIONS = 64;

    /** Reads the literal; what is wrong with it is an {@link IllegalArgumentException} with the reason. */
    static NpyHeader parse(String text) {
        return new Parser(text).header();
    }

    /** Elements in all; an {@link IllegalArgumentException} when they are more than a long can count in bytes. */
    long elementCount() {
        long count = 1;
        long bytes = dtype.byteSize();
        // A zero anywhere makes the product zero, but numpy refuses an overflow beside it all the same.
        for (long size : shape) {
            if (size != 0) {
                bytes = multiply(bytes, size);
            }
            count = count * size;
        }
        return count;
    }

    private long multiply(long left, long right) {
        try {
            return Math.multiplyExact(left, right);
        } catch (ArithmeticException e) {
            throw new IllegalArgumentException("its shape " + java.util.Arrays.toString(shape)
                    + " has more bytes than a 64-bit number can count", e);
        }
    }

    /** A hand-written reader of the few Python literals that stand in headers; anything else is refused. */
    private static final class Parser {
        private final String text;
        private int at;

        Parser(String text) {
            this.text = text;
        }

        NpyHeader header() {
            String descr = null;
            Boolean fortranOrder = null;
            long[] shape = null;
            Set<String> seen = new HashSet<>();
            expect('{');
            while (!accept('}')) {
                String key = string();
                if (!seen.add(key)) {
                    throw wrong("the key '" + key + "' stands twice");
                }
                expect(':');
                switch (key) {
                    case "descr" -> descr = description();
                    case "fortran_order" -> fortranOrder = truth();
                    case "shape" -> shape = shape();
                    default -> throw wrong("an unknown key '" + shortened(key) + "'");
                }
                if (!accept(',')) {
                    expect('}');
                    break;
                }
            }
            skipSpace();
            if (at != text.length()) {
                throw wrong("something stands behind the dictionary");
            }
            if (descr == null || fortranOrder == null || shape == null) {
                throw new IllegalArgumentException("its header lacks "
                        + (descr == null ? "descr" : fortranOrder == null ? "fortran_order" : "shape"));
            }
            return of(descr, fortranOrder, shape);
        }

        private static NpyHeader of(String descr, boolean fortranOrder, long[] shape) {
            char first = descr.isEmpty() ? '?' : descr.charAt(0);
            boolean marked = "<>|=".indexOf(first) >= 0;
            ByteOrder order = first == '>' ? ByteOrder.BIG_ENDIAN
                    : first == '=' ? ByteOrder.nativeOrder() : ByteOrder.LITTLE_ENDIAN;
            String bare = marked ? descr.substring(1) : descr;
            DType dtype = switch (bare) {
                case "b1", "?" -> DType.BOOL;
                case "i1" -> DType.INT8;
                case "i2" -> DType.INT16;
                case "i4" -> DType.INT32;
                case "i8" -> DType.INT64;
                case "u1" -> DType.UINT8;
                case "u2" -> DType.UINT16;
                case "u4" -> DType.UINT32;
                case "u8" -> DType.UINT64;
                case "f2" -> DType.FLOAT16;
                case "f4" -> DType.FLOAT32;
                case "f8" -> DType.FLOAT64;
                case "c8" -> DType.COMPLEX64;
                case "c16" -> DType.COMPLEX128;
                default -> throw new IllegalArgumentException(refusal(descr, bare));
            };
            return new NpyHeader(dtype, order, fortranOrder, shape);
        }

        private static String refusal(String descr, String bare) {
            String said = "its dtype '" + shortened(descr) + "' ";
            char kind = bare.isEmpty() ? '?' : bare.charAt(0);
            return said + switch (kind) {
                case 'O' -> "holds pickled Python objects, which are programs: they are not read";
                case 'S', 'a', 'U' -> "is text; a tensor holds numbers";
                case 'M', 'm' -> "is a date or a time span; save it as int64";
                case 'V' -> "is raw bytes (bfloat16 is saved so); save it as float32";
                case 'f', 'c' -> "is a floating type that LibTorch lacks; save it as float32 or float64";
                default -> "is no numeric type";
            };
        }

        private String description() {
            skipSpace();
            if (peek() == '[' || peek() == '(' || peek() == '{') {
                throw new IllegalArgumentException("it holds a structured dtype (records of several fields); save each "
                        + "field as an array of its own");
            }
            return string();
        }

        private boolean truth() {
            skipSpace();
            for (boolean value : new boolean[] {true, false}) {
                String word = value ? "True" : "False";
                if (text.startsWith(word, at)) {
                    at += word.length();
                    return value;
                }
            }
            throw wrong("fortran_order is neither True nor False");
        }

        private long[] shape() {
            expect('(');
            List<Long> sizes = new ArrayList<>();
            boolean comma = true;
            while (!accept(')')) {
                if (!comma) {
                    throw wrong("a comma is missing in shape");
                }
                if (sizes.size() == MAXIMUM_DIMENSIONS) {
                    throw new IllegalArgumentException("its shape has more than " + MAXIMUM_DIMENSIONS + " dimensions");
                }
                sizes.add(size());
                comma = accept(',');
            }
            if (sizes.size() == 1 && !comma) {
                throw wrong("shape is no tuple");
            }
            return sizes.stream().mapToLong(Long::longValue).toArray();
        }

        private long size() {
            skipSpace();
            int start = at;
            if (peek() == '-') {
                throw new IllegalArgumentException("its shape has a negative size");
            }
            while (peek() >= '0' && peek() <= '9') {
                at++;
            }
            String digits = text.substring(start, at);
            if (digits.isEmpty()) {
                throw wrong("shape holds something that is no whole number");
            }
            // Python 2 wrote long integers with an L.
            if (peek() == 'L') {
                at++;
            }
            try {
                return Long.parseLong(digits);
            } catch (NumberFormatException e) {
                throw new IllegalArgumentException("its shape has a size of " + shortened(digits)
                        + ", more than a 64-bit number can hold", e);
            }
        }

        private String string() {
            skipSpace();
            char quote = peek();
            if (quote != '\'' && quote != '"') {
                throw wrong("a quoted text is missing");
            }
            int end = text.indexOf(quote, at + 1);
            if (end < 0) {
                throw wrong("a quoted text has no end");
            }
            String content = text.substring(at + 1, end);
            if (content.indexOf('\\') >= 0) {
                throw wrong("a quoted text holds an escape");
            }
            at = end + 1;
            return content;
        }

        private void expect(char wanted) {
            if (!accept(wanted)) {
                throw wrong("'" + wanted + "' is missing");
            }
        }

        private boolean accept(char wanted) {
            skipSpace();
            if (peek() == wanted) {
                at++;
                return true;
            }
            return false;
        }

        private void skipSpace() {
            while (at < text.length() && (text.charAt(at) == ' ' || text.charAt(at) == '\n' || text.charAt(at) == '\t'
                    || text.charAt(at) == '\r')) {
                at++;
            }
        }

        private char peek() {
            return at < text.length() ? text.charAt(at) : '\0';
        }

        private IllegalArgumentException wrong(String what) {
            return new IllegalArgumentException("its header is no valid description of an array (" + what
                    + " at character " + at + ")");
        }

        private static String shortened(String text) {
            String printable = text.replaceAll("\\p{Cntrl}", "?");
            return printable.length() <= 40 ? printable : printable.substring(0, 40) + "...";
        }
    }
}
