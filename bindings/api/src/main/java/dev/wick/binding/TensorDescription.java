package dev.wick.binding;

/**
 * What a tensor is, read in one call.
 *
 * @param dtype          {@code c10::ScalarType}
 * @param deviceType     {@code c10::DeviceType}
 * @param deviceIndex    -1 where the device has no index
 * @param layout         {@code c10::Layout}
 * @param flags          {@link #REQUIRES_GRAD} and the like
 * @param sizes          elements along each dimension
 * @param strides        elements from one to the next along each dimension; empty unless {@link #STRIDED}
 * @param elementCount   product of the sizes
 * @param elementSize    bytes
 * @param data           address of the first element; 0 unless {@link #STRIDED}
 * @param storageAddress address of the storage: equal for views of one another
 * @param storageOffset  elements
 * @param storageBytes   bytes of the whole storage
 */
public record TensorDescription(int dtype, int deviceType, int deviceIndex, int layout, int flags, long[] sizes,
        long[] strides, long elementCount, long elementSize, long data, long storageAddress, long storageOffset,
        long storageBytes) {

    public static final int REQUIRES_GRAD = 1;
    public static final int INFERENCE = 2;
    public static final int CONTIGUOUS = 4;
    public static final int CHANNELS_LAST = 8;
    public static final int PINNED = 16;
    public static final int LEAF = 32;
    public static final int STRIDED = 64;
    public static final int CHANNELS_LAST_3D = 128;

    /** Whether every bit of a flag is set. */
    public boolean has(int flag) {
        return (flags & flag) == flag;
    }
}
