package dev.wick.memory;

import dev.wick.binding.AllocatorSegment;
import dev.wick.file.WholeFile;
import java.io.IOException;
import java.io.OutputStream;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.BitSet;
import java.util.HashMap;
import java.util.List;
import java.util.Map;

/**
 * Writes a timeline as PyTorch's memory snapshot, which {@code torch.cuda._memory_viz} and
 * <a href="https://pytorch.org/memory_viz">pytorch.org/memory_viz</a> open; any thread.
 *
 * <p>Frames are, innermost first: the operator and the module as frames whose file is {@code operator} and
 * {@code module}, TorchScript's lines, Java's methods. What was given out while recording and whose context is not known
 * has one frame {@code (unknown)}; what was given out before has none. Where there are tags, an allocation's category is
 * its tag.
 *
 * <p>The CPU has no caching allocator: each live allocation is a segment with one block, taken and given back in the trace
 * with it, and all that was given out before recording and is not freed in it is one block at {@link #UNRECORDED_ADDRESS}.
 * There a free is requested and completed at once. Allocations of no bytes, which share addresses, are left out.
 * {@code allocator_settings} and {@code external_annotations} are empty. The last event is PyTorch's {@code snapshot}, whose size is what is alive then.
 *
 * <p>The file is written as it goes along: memory is needed for the contexts, and a bit for each event.
 */
public final class SnapshotWriter {
    /** Beyond every address that a process has, and a number that JavaScript can tell from its neighbours. */
    public static final long UNRECORDED_ADDRESS = 1L << 52;

    private static final MemoryFrame UNKNOWN = new MemoryFrame("(unknown)", "", 0);
    private static final String NO_CATEGORY = "unknown";

    private final MemoryTimeline timeline;
    private final PickleStream pickle;
    private final boolean cpu;
    private final int device;
    private final boolean categories;
    /** For each context the place of its frames in the pickle's memory; -1 where they are not yet there. */
    private final int[] frames;
    private final Map<MemoryFrame, Integer> frame = new HashMap<>();
    private int noFrames = -1;

    private SnapshotWriter(MemoryTimeline timeline, PickleStream pickle) {
        this.timeline = timeline;
        this.pickle = pickle;
        this.cpu = timeline.device().equals("cpu");
        int colon = timeline.device().indexOf(':');
        this.device = colon < 0 ? 0 : Integer.parseInt(timeline.device().substring(colon + 1));
        this.categories = timeline.contexts().stream().anyMatch(context -> context.tag() != null);
        this.frames = new int[timeline.contexts().size()];
        Arrays.fill(frames, -1);
    }

    /**
     * Writes a file, whole or not at all.
     *
     * @throws IOException where it cannot be written
     */
    public static void write(MemoryTimeline timeline, Path file) throws IOException {
        WholeFile.write(file, out -> write(timeline, out));
    }

    /** Writes to a stream, which is left open; byte by byte, so that it should be a buffered one. */
    public static void write(MemoryTimeline timeline, OutputStream out) throws IOException {
        new SnapshotWriter(timeline, new PickleStream(out)).write();
    }

    private void write() throws IOException {
        LiveMemory end = new LiveMemory(timeline).advanceTo(timeline.size());
        pickle.beginDictionary();
        pickle.key("segments");
        if (cpu) {
            liveAllocations(end);
        } else {
            allocatorSegments(end.allocations());
        }
        pickle.key("device_traces");
        PickleStream.Elements devices = pickle.beginList();
        for (int other = 0; other < device; other++) {
            devices.next();
            pickle.beginList().end();
        }
        devices.next();
        trace(end.bytes());
        devices.end();
        pickle.key("allocator_settings").beginDictionary();
        pickle.endDictionary();
        pickle.key("external_annotations").beginList().end();
        pickle.endDictionary();
        pickle.end();
    }

    // Segments

    private void liveAllocations(LiveMemory end) throws IOException {
        PickleStream.Elements segments = pickle.beginList();
        BitSet live = end.allocations();
        for (int event = live.nextSetBit(0); event >= 0; event = live.nextSetBit(event + 1)) {
            if (timeline.bytes(event) > 0) {
                segments.next();
                liveAllocation(timeline.address(event), timeline.bytes(event), event);
            }
        }
        if (end.unrecordedBytes() > 0) {
            segments.next();
            liveAllocation(UNRECORDED_ADDRESS, end.unrecordedBytes(), -1);
        }
        segments.end();
    }

    private void liveAllocation(long address, long bytes, long event) throws IOException {
        segment(new AllocatorSegment(address, bytes, bytes, bytes, bytes, 0, true, List.of(0L, 0L), false, List.of()));
        frames(event);
        PickleStream.Elements blocks = beginBlocks();
        blocks.next();
        block(address, bytes, bytes, AllocatorSegment.State.ACTIVE_ALLOCATED, event);
        blocks.end();
        pickle.endDictionary();
    }

    private void allocatorSegments(BitSet live) throws IOException {
        Map<Long, Integer> allocations = new HashMap<>();
        live.stream().forEach(event -> allocations.put(timeline.address(event), event));
        PickleStream.Elements segments = pickle.beginList();
        for (AllocatorSegment segment : timeline.segments()) {
            segments.next();
            segment(segment);
            frames(-1);
            PickleStream.Elements blocks = beginBlocks();
            for (AllocatorSegment.Block block : segment.blocks()) {
                blocks.next();
                block(block.address(), block.bytes(), block.requestedBytes(), block.state(),
                        block.state() == AllocatorSegment.State.INACTIVE ? -1
                                : allocations.getOrDefault(block.address(), -1));
            }
            blocks.end();
            pickle.endDictionary();
        }
        segments.end();
    }

    /** Without its blocks. */
    private void segment(AllocatorSegment segment) throws IOException {
        pickle.beginDictionary();
        pickle.key("device").number(device);
        pickle.key("address").number(segment.address());
        pickle.key("total_size").number(segment.totalBytes());
        pickle.key("allocated_size").number(segment.allocatedBytes());
        pickle.key("active_size").number(segment.activeBytes());
        pickle.key("requested_size").number(segment.requestedBytes());
        pickle.key("stream").number(segment.stream());
        pickle.key("segment_type").text(segment.large() ? "large" : "small");
        pickle.key("segment_pool_id").pair(segment.poolId().getFirst(), segment.poolId().getLast());
        pickle.key("is_expandable").bool(segment.expandable());
    }

    private PickleStream.Elements beginBlocks() throws IOException {
        return pickle.key("blocks").beginList();
    }

    private void block(long address, long bytes, long requested, AllocatorSegment.State state, long event)
            throws IOException {
        pickle.beginDictionary();
        pickle.key("address").number(address);
        pickle.key("size").number(bytes);
        pickle.key("requested_size").number(requested);
        pickle.key("state").text(state.torchName());
        frames(event);
        pickle.endDictionary();
    }

    // The trace

    private void trace(long liveBytes) throws IOException {
        PickleStream.Elements entries = pickle.beginList();
        for (long event = 0; event < timeline.size(); event++) {
            MemoryAction action = timeline.action(event);
            if (!cpu) {
                entry(entries, action, event);
            } else if (action == MemoryAction.OOM) {
                entry(entries, action, event);
            } else if (timeline.bytes(event) > 0 && action == MemoryAction.ALLOC) {
                entry(entries, MemoryAction.SEGMENT_ALLOC, event);
                entry(entries, MemoryAction.ALLOC, event);
            } else if (timeline.bytes(event) > 0 && action == MemoryAction.FREE_COMPLETED) {
                // The viewer needs both to see a free, and the segment to show what was in it.
                entry(entries, MemoryAction.FREE_REQUESTED, event);
                entry(entries, MemoryAction.FREE_COMPLETED, event);
                entry(entries, MemoryAction.SEGMENT_FREE, event);
            }
        }
        entries.next();
        beginEntry("snapshot", 0, liveBytes, 0, timeline.durationNanos());
        noFrames();
        if (categories) {
            // The viewer fails over categories among which there is none of this name.
            pickle.key("category").text(NO_CATEGORY);
        }
        pickle.endDictionary();
        entries.end();
    }

    private void entry(PickleStream.Elements entries, MemoryAction action, long event) throws IOException {
        entries.next();
        beginEntry(action.torchName(), timeline.address(event), timeline.bytes(event), timeline.stream(event),
                timeline.timeNanos(event));
        long allocation = timeline.allocation(event);
        boolean frees = action == MemoryAction.FREE_REQUESTED || action == MemoryAction.FREE_COMPLETED;
        frames(frees || cpu && action == MemoryAction.SEGMENT_FREE ? allocation : event);
        if (categories && action == MemoryAction.ALLOC) {
            String tag = timeline.context(event).tag();
            pickle.key("category").text(tag == null ? NO_CATEGORY : tag);
        }
        pickle.endDictionary();
    }

    private void beginEntry(String action, long address, long bytes, long stream, long timeNanos) throws IOException {
        pickle.beginDictionary();
        pickle.key("action").text(action);
        pickle.key(action.equals("oom") ? "device_free" : "addr").number(address);
        pickle.key("size").number(bytes);
        pickle.key("stream").number(stream);
        pickle.key("time_us").number(timeline.startEpochMicros() + timeNanos / 1000);
    }

    // Frames

    /** Those of an event; none for -1, which is what came before the recording. */
    private void frames(long event) throws IOException {
        if (event < 0) {
            noFrames();
            return;
        }
        pickle.key("frames");
        int context = timeline.contextIndex(event);
        if (frames[context] >= 0) {
            pickle.recall(frames[context]);
            return;
        }
        PickleStream.Elements elements = pickle.beginList();
        MemoryContext from = timeline.contexts().get(context);
        if (from.operator() != null) {
            frame(elements, new MemoryFrame(from.operator(), "operator", 0));
        }
        if (from.module() != null) {
            frame(elements, new MemoryFrame(from.module(), "module", 0));
        }
        for (MemoryFrame line : from.torchScript()) {
            frame(elements, line);
        }
        for (MemoryFrame method : from.java()) {
            frame(elements, method);
        }
        if (from.operator() == null && from.module() == null && from.torchScript().isEmpty() && from.java().isEmpty()) {
            frame(elements, UNKNOWN);
        }
        elements.end();
        frames[context] = pickle.remember();
    }

    private void noFrames() throws IOException {
        pickle.key("frames");
        if (noFrames >= 0) {
            pickle.recall(noFrames);
        } else {
            pickle.beginList().end();
            noFrames = pickle.remember();
        }
    }

    private void frame(PickleStream.Elements elements, MemoryFrame line) throws IOException {
        elements.next();
        Integer known = frame.get(line);
        if (known != null) {
            pickle.recall(known);
            return;
        }
        pickle.beginDictionary();
        pickle.key("name").text(line.function());
        pickle.key("filename").text(line.file());
        pickle.key("line").number(line.line());
        pickle.endDictionary();
        frame.put(line, pickle.remember());
    }
}
