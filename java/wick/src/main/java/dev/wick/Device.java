package dev.wick;

import dev.wick.error.BadArgumentException;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/**
 * Where a tensor lives; immutable. Type codes are {@code c10::DeviceType}'s own (torch/headeronly/core/DeviceType.h).
 *
 * @param type  what kind of device
 * @param index which one; -1 for a kind without numbers
 */
public record Device(Type type, int index) {
    /** The one CPU device. */
    public static final Device CPU = new Device(Type.CPU, -1);

    private static final Pattern TEXT = Pattern.compile("([a-z]+)(?::([0-9]{1,4}))?");

    /** A kind of device. */
    public enum Type {
        CPU(0), CUDA(1), META(14);

        private final int code;

        Type(int code) {
            this.code = code;
        }

        /** {@code c10::DeviceType}. */
        public int code() {
            return code;
        }
    }

    /** A CUDA device by its number. */
    public static Device cuda(int index) {
        if (index < 0) {
            throw new BadArgumentException("expected a CUDA device number of at least 0, got " + index);
        }
        return new Device(Type.CUDA, index);
    }

    /** Reads {@code cpu}, {@code cuda} (device 0) or {@code cuda:1}. */
    public static Device parse(String text) {
        Matcher matcher = TEXT.matcher(text);
        if (matcher.matches()) {
            String number = matcher.group(2);
            switch (matcher.group(1)) {
                case "cpu" -> {
                    if (number == null || number.equals("0")) {
                        return CPU;
                    }
                }
                case "cuda" -> {
                    return cuda(number == null ? 0 : Integer.parseInt(number));
                }
                case "meta" -> {
                    return new Device(Type.META, -1);
                }
                default -> {
                    // Said below.
                }
            }
        }
        throw new BadArgumentException("'" + text + "' is no device; expected cpu, cuda or cuda:N");
    }

    static Device of(int typeCode, int index) {
        for (Type type : Type.values()) {
            if (type.code == typeCode) {
                return new Device(type, type == Type.CUDA ? index : -1);
            }
        }
        throw new dev.wick.error.UnsupportedFeatureException("c10::DeviceType " + typeCode + " has no Device in Wick");
    }

    @Override
    public String toString() {
        return switch (type) {
            case CPU -> "cpu";
            case CUDA -> "cuda:" + index;
            case META -> "meta";
        };
    }
}
