package dev.wick.cli;

import dev.wick.DType;
import java.util.List;
import java.util.Locale;
import picocli.CommandLine.ITypeConverter;
import picocli.CommandLine.TypeConversionException;

/** A dtype to compute in, as it is given to {@code --dtype}. */
final class DTypeOption implements ITypeConverter<DType> {
    private static final List<DType> TAKEN = List.of(DType.FLOAT32, DType.FLOAT16, DType.BFLOAT16);

    @Override
    public DType convert(String text) {
        DType dtype;
        try {
            dtype = DType.parse(text.strip().toLowerCase(Locale.ROOT));
        } catch (RuntimeException e) {
            dtype = null;
        }
        if (dtype == null || !TAKEN.contains(dtype)) {
            throw new TypeConversionException("'" + text + "' is no dtype to compute in; there are fp32, fp16 and bf16");
        }
        return dtype;
    }
}
