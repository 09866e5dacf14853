package dev.wick.error;

import java.io.Serializable;
import java.util.List;

/**
 * An allocator refused. All figures are bytes; one that the device cannot tell is -1.
 *
 * <p>What was allocated before stays valid, and further calls work.
 */
public final class DeviceOutOfMemoryException extends WickException {
    private static final long serialVersionUID = 1L;

    /**
     * What an allocator had at the moment when it refused; bytes, or -1 where it cannot tell.
     *
     * @param requested        what was asked for
     * @param allocated        what LibTorch had handed out
     * @param limit            the limit that was set, or a CUDA device's memory
     * @param reserved         what LibTorch's CUDA allocator held, free blocks with it
     * @param free             what the CUDA driver had free
     * @param largestFreeBlock the largest free block that LibTorch's CUDA allocator held
     */
    public record Figures(long requested, long allocated, long limit, long reserved, long free, long largestFreeBlock)
            implements Serializable {

        /** Where only the request is known. */
        public static Figures ofRequest(long requested) {
            return new Figures(requested, -1, -1, -1, -1, -1);
        }
    }

    private final Figures figures;
    private String[] liveAllocations = {};

    public DeviceOutOfMemoryException(String message, Figures figures, String nativeBacktrace) {
        super(message, nativeBacktrace);
        this.figures = figures;
    }

    /** What was asked for. */
    public long requestedBytes() {
        return figures.requested();
    }

    /** What LibTorch held on the device at that moment. */
    public long allocatedBytes() {
        return figures.allocated();
    }

    /** The limit that was set, or a CUDA device's memory; -1 when the machine's memory is the only limit. */
    public long limitBytes() {
        return figures.limit();
    }

    /** What LibTorch's CUDA allocator held, free blocks with it; -1 on the CPU. */
    public long reservedBytes() {
        return figures.reserved();
    }

    /** What the CUDA driver had free; -1 on the CPU. */
    public long freeBytes() {
        return figures.free();
    }

    /** The largest free block that LibTorch's CUDA allocator held; -1 on the CPU. */
    public long largestFreeBlockBytes() {
        return figures.largestFreeBlock();
    }

    /**
     * The largest allocations that were alive on the device, one a line with who asked for it; empty unless a memory profile
     * was recording.
     */
    public List<String> liveAllocations() {
        return List.of(liveAllocations);
    }

    /** For the layer that records, before the exception is thrown. */
    public void setLiveAllocations(List<String> lines) {
        this.liveAllocations = lines.toArray(String[]::new);
    }
}
