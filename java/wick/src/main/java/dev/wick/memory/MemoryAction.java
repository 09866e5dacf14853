package dev.wick.memory;

/** What an allocator did, under the names of PyTorch's snapshots. */
public enum MemoryAction {
    /** Memory was given out. */
    ALLOC("alloc"),
    /** Its owner let go of memory that a stream may still use; CUDA alone. */
    FREE_REQUESTED("free_requested"),
    /** Memory came back. */
    FREE_COMPLETED("free_completed"),
    /** The caching allocator took a segment from the driver; CUDA alone, as all that follow but the last. */
    SEGMENT_ALLOC("segment_alloc"),
    /** The caching allocator gave a segment back to the driver. */
    SEGMENT_FREE("segment_free"),
    /** Pages were mapped into an expandable segment. */
    SEGMENT_MAP("segment_map"),
    /** Pages were taken out of an expandable segment. */
    SEGMENT_UNMAP("segment_unmap"),
    /** An allocation was refused; the address is the memory that was free on the device, or 0. */
    OOM("oom");

    private static final MemoryAction[] ALL = values();

    private final String torchName;

    MemoryAction(String torchName) {
        this.torchName = torchName;
    }

    /** The name in PyTorch's snapshots. */
    public String torchName() {
        return torchName;
    }

    /** {@code enum wick_memory_action}, which counts from 0 in this order. */
    static MemoryAction of(int code) {
        if (code < 0 || code >= ALL.length) {
            throw new IllegalArgumentException("no memory action has the code " + code);
        }
        return ALL[code];
    }
}
