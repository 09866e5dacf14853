package dev.wick.binding;

import java.util.List;

/**
 * Memory that a caching allocator holds, under the names of PyTorch's snapshots.
 *
 * @param address        where it begins
 * @param totalBytes     its size
 * @param allocatedBytes of blocks whose owner has not let go of them
 * @param activeBytes    with those that a stream may still use
 * @param requestedBytes what the owners of active blocks asked for
 * @param stream         the {@code cudaStream_t} that it belongs to
 * @param large          whether it is of the pool for large blocks
 * @param poolId         the two numbers of its private pool; both 0 for the common one
 * @param expandable     whether pages can be mapped into it
 * @param blocks         in order of address, without gaps
 */
public record AllocatorSegment(long address, long totalBytes, long allocatedBytes, long activeBytes,
        long requestedBytes, long stream, boolean large, List<Long> poolId, boolean expandable, List<Block> blocks) {

    public AllocatorSegment {
        poolId = List.copyOf(poolId);
        blocks = List.copyOf(blocks);
    }

    /**
     * A piece of a segment.
     *
     * @param bytes          its size
     * @param requestedBytes what its owner asked for; 0 when it is inactive
     */
    public record Block(long address, long bytes, long requestedBytes, State state) {
    }

    /** What a block is used for. */
    public enum State {
        /** Its owner has it. */
        ACTIVE_ALLOCATED("active_allocated"),
        /** Its owner let go of it, and a stream may still use it. */
        ACTIVE_PENDING_FREE("active_pending_free"),
        /** It is cached. */
        INACTIVE("inactive");

        private final String torchName;

        State(String torchName) {
            this.torchName = torchName;
        }

        /** The name in PyTorch's snapshots. */
        public String torchName() {
            return torchName;
        }
    }
}
