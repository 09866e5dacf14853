package dev.wick.error;

/**
 * An allocator refused. All figures are bytes; one that the device cannot tell is -1.
 *
 * <p>What was allocated before stays valid.
 */
public final class DeviceOutOfMemoryException extends WickException {
    private static final long serialVersionUID = 1L;

    private final long requestedBytes;
    private final long allocatedBytes;
    private final long limitBytes;

    public DeviceOutOfMemoryException(String message, long requestedBytes, long allocatedBytes, long limitBytes,
            String nativeBacktrace) {
        super(message, nativeBacktrace);
        this.requestedBytes = requestedBytes;
        this.allocatedBytes = allocatedBytes;
        this.limitBytes = limitBytes;
    }

    /** What was asked for. */
    public long requestedBytes() {
        return requestedBytes;
    }

    /** What LibTorch held on the device at that moment. */
    public long allocatedBytes() {
        return allocatedBytes;
    }

    /** The limit that was set, or -1 when the machine's memory is the only one. */
    public long limitBytes() {
        return limitBytes;
    }
}
