package dev.wick.cli;

import dev.wick.DType;
import java.util.Arrays;
import java.util.regex.Pattern;
import java.util.stream.Collectors;
import picocli.CommandLine.ITypeConverter;
import picocli.CommandLine.TypeConversionException;

/**
 * An input as it is given to {@code --shape}: {@code 1x3x224x224}, or {@code 1x77:int64}; immutable.
 *
 * @param dtype of the elements
 * @param sizes along each dimension, the first being the batch
 */
record InputShape(DType dtype, long[] sizes) {
    private static final Pattern SIZES = Pattern.compile("[0-9]{1,12}(x[0-9]{1,12})*");

    /** The same with another batch. */
    InputShape withBatch(long batch) {
        long[] changed = sizes.clone();
        changed[0] = batch;
        return new InputShape(dtype, changed);
    }

    long batch() {
        return sizes[0];
    }

    @Override
    public String toString() {
        return Arrays.stream(sizes).mapToObj(Long::toString).collect(Collectors.joining("x"))
                + (dtype == DType.FLOAT32 ? "" : ":" + dtype.torchName());
    }

    /** Reads one. */
    static final class Converter implements ITypeConverter<InputShape> {
        @Override
        public InputShape convert(String text) {
            int colon = text.indexOf(':');
            String sizes = colon < 0 ? text : text.substring(0, colon);
            if (!SIZES.matcher(sizes).matches()) {
                throw wrong(text, "sizes are whole numbers with an x between them");
            }
            long[] parsed = Arrays.stream(sizes.split("x")).mapToLong(Long::parseLong).toArray();
            long count = 1;
            for (long size : parsed) {
                if (size == 0) {
                    throw wrong(text, "a size of 0 leaves nothing to compute");
                }
                try {
                    count = Math.multiplyExact(count, size);
                } catch (ArithmeticException e) {
                    throw wrong(text, "it has more elements than a 64-bit number can count");
                }
            }
            DType dtype = DType.FLOAT32;
            if (colon >= 0) {
                try {
                    dtype = DType.parse(text.substring(colon + 1));
                } catch (RuntimeException e) {
                    throw wrong(text, "'" + text.substring(colon + 1) + "' is no dtype");
                }
                if (!dtype.isInteger() && dtype != DType.FLOAT32 && dtype != DType.BOOL) {
                    throw wrong(text, "inputs are float32, an integer dtype or bool");
                }
            }
            return new InputShape(dtype, parsed);
        }

        private static TypeConversionException wrong(String text, String why) {
            return new TypeConversionException("'" + text + "' is no shape (" + why + "); expected something like "
                    + "1x3x224x224, or 1x77:int64");
        }
    }
}
