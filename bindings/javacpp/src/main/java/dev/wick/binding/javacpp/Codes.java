package dev.wick.binding.javacpp;

import dev.wick.error.BadArgumentException;
import java.util.Locale;
import org.bytedeco.pytorch.Device;
import org.bytedeco.pytorch.DeviceOptional;
import org.bytedeco.pytorch.global.torch.DeviceType;
import org.bytedeco.pytorch.global.torch.Layout;
import org.bytedeco.pytorch.global.torch.MemoryFormat;
import org.bytedeco.pytorch.global.torch.ScalarType;

/** c10's codes: checked, since one that does not exist would wrap to another, and named. */
final class Codes {
    private static final ScalarType[] SCALAR_TYPES = new ScalarType[ScalarType.NumOptions.value];
    private static final DeviceType[] DEVICE_TYPES = new DeviceType[DeviceType.COMPILE_TIME_MAX_DEVICE_TYPES.value];

    static {
        for (ScalarType type : ScalarType.values()) {
            if (type.value >= 0 && type.value < SCALAR_TYPES.length) {
                SCALAR_TYPES[type.value] = type;
            }
        }
        for (DeviceType type : DeviceType.values()) {
            if (type.value >= 0 && type.value < DEVICE_TYPES.length) {
                DEVICE_TYPES[type.value] = type;
            }
        }
    }

    private Codes() {
    }

    private static BadArgumentException refusal(String what, long code) {
        return new BadArgumentException(code + " is not a " + what);
    }

    static boolean isScalarType(long code) {
        return code >= 0 && code < SCALAR_TYPES.length && code != ScalarType.Undefined.value
                && SCALAR_TYPES[(int) code] != null;
    }

    static ScalarType scalarType(long code) {
        if (!isScalarType(code)) {
            throw refusal("dtype (c10::ScalarType)", code);
        }
        return SCALAR_TYPES[(int) code];
    }

    static void checkLayout(long code) {
        if (code < 0 || code >= Layout.NumOptions.value) {
            throw refusal("layout (c10::Layout)", code);
        }
    }

    static void checkMemoryFormat(long code) {
        if (code < 0 || code >= MemoryFormat.NumOptions.value) {
            throw refusal("memory format (c10::MemoryFormat)", code);
        }
    }

    /** Refuses what is no device. */
    static void checkDevice(int type, int index) {
        if (type < 0 || type >= DEVICE_TYPES.length || DEVICE_TYPES[type] == null) {
            throw refusal("device type (c10::DeviceType)", type);
        }
        if (index < -1 || index > Byte.MAX_VALUE) {
            throw refusal("device index", index);
        }
    }

    /** In the caller's scope. */
    static Device device(int type, int index) {
        checkDevice(type, index);
        return new Device(DEVICE_TYPES[type], (byte) index);
    }

    /** In the caller's scope. */
    static Device device(String text) {
        try {
            return new Device(text);
        } catch (RuntimeException e) {
            throw new BadArgumentException("'" + text + "' is not a device: expected text such as 'cpu' or 'cuda:0'");
        }
    }

    /** In the caller's scope; none for type -1. */
    static DeviceOptional optionalDevice(int type, int index) {
        return type == -1 ? new DeviceOptional() : new DeviceOptional(device(type, index));
    }

    /** PyTorch's name of a dtype. */
    static String name(ScalarType type) {
        return switch (type) {
            case Byte -> "uint8";
            case Char -> "int8";
            case Short -> "int16";
            case Int -> "int32";
            case Long -> "int64";
            case Half -> "float16";
            case Float -> "float32";
            case Double -> "float64";
            case ComplexHalf -> "complex32";
            case ComplexFloat -> "complex64";
            case ComplexDouble -> "complex128";
            default -> type.name().toLowerCase(Locale.ROOT);
        };
    }

    /** The constant of a value that native code handed out. */
    static ScalarType known(ScalarType type) {
        return SCALAR_TYPES[type.value];
    }
}
