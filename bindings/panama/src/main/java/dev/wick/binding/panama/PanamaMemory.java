package dev.wick.binding.panama;

import static dev.wick.binding.panama.PanamaHandle.Kind.RECORDING;

import dev.wick.binding.BoxedValue;
import dev.wick.binding.DeviceStats;
import dev.wick.binding.DeviceStats.Stat;
import dev.wick.binding.Handle;
import dev.wick.binding.MemoryBinding;
import dev.wick.binding.MemoryRecordingInfo;
import dev.wick.binding.RecordedMemory;
import dev.wick.binding.panama.generated.WickTorch;
import dev.wick.binding.panama.generated.wick_cpu_memory;
import dev.wick.binding.panama.generated.wick_memory_event;
import dev.wick.binding.panama.generated.wick_memory_recording_info;
import dev.wick.error.BadArgumentException;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;

/** Memory figures from the shim's allocator wrapper; any thread. */
final class PanamaMemory implements MemoryBinding {

    @Override
    public DeviceStats cpu() {
        try (Arena arena = Arena.ofConfined()) {
            MemorySegment memory = wick_cpu_memory.allocate(arena);
            WickTorch.wick_cpu_memory_get(memory);
            Stat blocks = new Stat(wick_cpu_memory.allocation_current(memory), wick_cpu_memory.allocation_peak(memory),
                    wick_cpu_memory.allocation_allocated(memory), wick_cpu_memory.allocation_freed(memory));
            Stat bytes = new Stat(wick_cpu_memory.allocated_bytes_current(memory),
                    wick_cpu_memory.allocated_bytes_peak(memory), wick_cpu_memory.allocated_bytes_allocated(memory),
                    wick_cpu_memory.allocated_bytes_freed(memory));
            return DeviceStats.ofUncached(blocks, bytes, wick_cpu_memory.num_ooms(memory));
        }
    }

    @Override
    public long cpuLimit() {
        try (Arena arena = Arena.ofConfined()) {
            MemorySegment memory = wick_cpu_memory.allocate(arena);
            WickTorch.wick_cpu_memory_get(memory);
            return wick_cpu_memory.limit_bytes(memory);
        }
    }

    @Override
    public void resetPeakCpu() {
        WickTorch.wick_cpu_memory_reset_peak();
    }

    @Override
    public void setCpuLimit(long bytes) {
        if (bytes < 0) {
            throw new BadArgumentException("expected a limit of at least 0 bytes, got " + bytes);
        }
        WickTorch.wick_cpu_memory_set_limit(bytes);
    }

    @Override
    public Handle startRecording(int device, long capacity, boolean stacks) {
        try (Frame frame = Frame.take()) {
            frame.check(WickTorch.wick_memory_record(device, capacity, stacks ? WickTorch.WICK_MEMORY_STACKS() : 0,
                    frame.out, frame.error));
            return new PanamaHandle(RECORDING, frame.outValue());
        }
    }

    @Override
    public void stopRecording(Handle recording) {
        try (Frame frame = Frame.take()) {
            frame.check(WickTorch.wick_memory_recording_stop(acquire(frame, recording), frame.error));
        }
    }

    @Override
    public MemoryRecordingInfo describeRecording(Handle recording) {
        try (Frame frame = Frame.take(); Arena arena = Arena.ofConfined()) {
            MemorySegment info = wick_memory_recording_info.allocate(arena);
            frame.check(WickTorch.wick_memory_recording_describe(acquire(frame, recording), info, frame.error));
            return read(info);
        }
    }

    @Override
    public RecordedMemory readRecording(Handle recording) {
        try (Frame frame = Frame.take(); Arena arena = Arena.ofConfined()) {
            long address = acquire(frame, recording);
            MemorySegment info = wick_memory_recording_info.allocate(arena);
            frame.check(WickTorch.wick_memory_recording_describe(address, info, frame.error));
            long room = Math.max(1, wick_memory_recording_info.event_count(info));
            MemorySegment events = wick_memory_event.allocateArray(room, Arena.ofAuto());
            frame.check(WickTorch.wick_memory_recording_read(address, events, room, info, frame.error));
            return new RecordedMemory(read(info), events.asSlice(0,
                    wick_memory_recording_info.event_count(info) * wick_memory_event.sizeof()));
        }
    }

    private static long acquire(Frame frame, Handle recording) {
        return frame.arguments.acquire(PanamaHandle.of(recording, RECORDING));
    }

    private static MemoryRecordingInfo read(MemorySegment info) {
        return new MemoryRecordingInfo(wick_memory_recording_info.baseline_bytes(info),
                wick_memory_recording_info.current_bytes(info), wick_memory_recording_info.peak_bytes(info),
                wick_memory_recording_info.peak_time(info), wick_memory_recording_info.unrecorded_bytes(info),
                wick_memory_recording_info.event_count(info), wick_memory_recording_info.dropped(info),
                wick_memory_recording_info.start_time(info), wick_memory_recording_info.end_time(info),
                wick_memory_recording_info.start_epoch_microseconds(info));
    }

    @Override
    public BoxedValue recordedContext(int context) {
        try (Frame frame = Frame.take()) {
            frame.check(WickTorch.wick_memory_context_describe(context, frame.result, frame.error));
            return ResultReader.read(frame);
        }
    }
}
