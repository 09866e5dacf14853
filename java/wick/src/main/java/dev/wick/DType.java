package dev.wick;

import java.util.HashMap;
import java.util.Locale;
import java.util.Map;

/**
 * The type of a tensor's elements; immutable. Codes are {@code c10::ScalarType}'s own (c10/core/ScalarType.h), never
 * the ordinal.
 */
public enum DType {
    UINT8(0, 1, Family.INTEGER), INT8(1, 1, Family.INTEGER), INT16(2, 2, Family.INTEGER), INT32(3, 4, Family.INTEGER),
    INT64(4, 8, Family.INTEGER), FLOAT16(5, 2, Family.FLOATING), FLOAT32(6, 4, Family.FLOATING),
    FLOAT64(7, 8, Family.FLOATING), COMPLEX32(8, 4, Family.COMPLEX), COMPLEX64(9, 8, Family.COMPLEX),
    COMPLEX128(10, 16, Family.COMPLEX), BOOL(11, 1, Family.BOOLEAN), QINT8(12, 1, Family.QUANTIZED),
    QUINT8(13, 1, Family.QUANTIZED), QINT32(14, 4, Family.QUANTIZED), BFLOAT16(15, 2, Family.FLOATING),
    FLOAT8_E5M2(23, 1, Family.FLOATING), FLOAT8_E4M3FN(24, 1, Family.FLOATING), FLOAT8_E5M2FNUZ(25, 1, Family.FLOATING),
    FLOAT8_E4M3FNUZ(26, 1, Family.FLOATING), UINT16(27, 2, Family.INTEGER), UINT32(28, 4, Family.INTEGER),
    UINT64(29, 8, Family.INTEGER), FLOAT8_E8M0FNU(44, 1, Family.FLOATING);

    private enum Family {
        INTEGER, FLOATING, COMPLEX, BOOLEAN, QUANTIZED
    }

    private static final Map<Integer, DType> BY_CODE = new HashMap<>();
    private static final Map<String, DType> BY_NAME = new HashMap<>();

    static {
        for (DType dtype : values()) {
            BY_CODE.put(dtype.code, dtype);
            BY_NAME.put(dtype.torchName(), dtype);
        }
        Map.of("fp16", FLOAT16, "half", FLOAT16, "fp32", FLOAT32, "float", FLOAT32, "fp64", FLOAT64, "double", FLOAT64,
                "bf16", BFLOAT16, "int", INT32, "long", INT64).forEach(BY_NAME::put);
    }

    private final int code;
    private final int byteSize;
    private final Family family;

    DType(int code, int byteSize, Family family) {
        this.code = code;
        this.byteSize = byteSize;
        this.family = family;
    }

    /** {@code c10::ScalarType}. */
    public int code() {
        return code;
    }

    /** Bytes of one element. */
    public int byteSize() {
        return byteSize;
    }

    public boolean isFloating() {
        return family == Family.FLOATING;
    }

    /** Whether it is a signed or unsigned integer; BOOL is not. */
    public boolean isInteger() {
        return family == Family.INTEGER;
    }

    public boolean isComplex() {
        return family == Family.COMPLEX;
    }

    public boolean isQuantized() {
        return family == Family.QUANTIZED;
    }

    /** PyTorch's name: {@code float32}, {@code bfloat16}. */
    public String torchName() {
        return name().toLowerCase(Locale.ROOT);
    }

    /** PyTorch's name, or a short form such as {@code fp16}, {@code bf16}, {@code half}. */
    public static DType parse(String name) {
        String bare = name.startsWith("torch.") ? name.substring("torch.".length()) : name;
        DType dtype = BY_NAME.get(bare.toLowerCase(Locale.ROOT));
        if (dtype == null) {
            throw new dev.wick.error.BadArgumentException("'" + name
                    + "' is no dtype; expected PyTorch's name such as float32, float16, bfloat16, int64, or fp32, fp16, bf16");
        }
        return dtype;
    }

    static DType ofCode(int code) {
        DType dtype = BY_CODE.get(code);
        if (dtype == null) {
            throw new dev.wick.error.UnsupportedFeatureException("c10::ScalarType " + code + " has no DType in Wick");
        }
        return dtype;
    }
}
