package dev.wick.binding.panama;

import dev.wick.binding.DeviceStats;
import dev.wick.binding.DeviceStats.Stat;
import dev.wick.binding.MemoryBinding;
import dev.wick.binding.panama.generated.WickTorch;
import dev.wick.binding.panama.generated.wick_cpu_memory;
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
}
