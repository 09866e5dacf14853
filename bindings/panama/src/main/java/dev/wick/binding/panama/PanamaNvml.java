package dev.wick.binding.panama;

import dev.wick.binding.NvmlReport;
import dev.wick.binding.panama.generated.nvml.Nvml;
import dev.wick.binding.panama.generated.nvml.nvmlMemory_v2_st;
import dev.wick.binding.panama.generated.nvml.nvmlProcessInfo_v2_st;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.SymbolLookup;
import java.lang.foreign.ValueLayout;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.OptionalLong;

/**
 * NVML through FFM over its own header; any thread. The driver brings it, so it is loaded when it is asked first, by the
 * name that it has there, and stays.
 */
final class PanamaNvml {
    private static final String LIBRARY = "libnvidia-ml.so.1";
    /** {@code nvmlMemory_v2}, a macro with a cast, which jextract leaves out: the struct's size and its version. */
    private static final int MEMORY_VERSION = (int) nvmlMemory_v2_st.sizeof() | 2 << 24;
    /** More than use a device in practice; NVML says when they are too few. */
    private static final int PROCESSES = 64;
    private static final int ATTEMPTS = 3;

    private PanamaNvml() {
    }

    /** Loads NVML once; why it cannot be used is kept. */
    private static final class Loaded {
        static final String OBSTACLE = load();

        private static String load() {
            try (Arena arena = Arena.ofConfined()) {
                SymbolLookup.libraryLookup(LIBRARY, arena);
                int status = Nvml.nvmlInit_v2();
                return status == Nvml.NVML_SUCCESS() ? null : said("nvmlInit_v2", status);
            } catch (IllegalArgumentException e) {
                return "NVML is not there (" + LIBRARY + " cannot be loaded)";
            } catch (LinkageError | java.util.NoSuchElementException e) {
                return tooOld(e);
            }
        }
    }

    /** What NVML says of a device, by its UUID in the driver's form; never throws. */
    static NvmlReport report(String uuid) {
        if (Loaded.OBSTACLE != null) {
            return NvmlReport.missing(Loaded.OBSTACLE);
        }
        try (Arena arena = Arena.ofConfined()) {
            MemorySegment out = arena.allocate(ValueLayout.ADDRESS);
            int status = Nvml.nvmlDeviceGetHandleByUUID(arena.allocateFrom(uuid), out);
            if (status != Nvml.NVML_SUCCESS()) {
                return NvmlReport.missing(said("nvmlDeviceGetHandleByUUID of " + uuid, status));
            }
            MemorySegment device = out.get(ValueLayout.ADDRESS, 0);
            List<String> obstacles = new ArrayList<>();
            Optional<NvmlReport.Memory> memory = memory(arena, device, obstacles);
            Optional<List<NvmlReport.Process>> processes = processes(arena, device, obstacles);
            return new NvmlReport(memory, processes,
                    obstacles.isEmpty() ? Optional.empty() : Optional.of(String.join("; ", obstacles)));
        } catch (LinkageError | java.util.NoSuchElementException e) {
            return NvmlReport.missing(tooOld(e));
        }
    }

    private static Optional<NvmlReport.Memory> memory(Arena arena, MemorySegment device, List<String> obstacles) {
        MemorySegment memory = nvmlMemory_v2_st.allocate(arena);
        nvmlMemory_v2_st.version(memory, MEMORY_VERSION);
        int status = Nvml.nvmlDeviceGetMemoryInfo_v2(device, memory);
        if (status != Nvml.NVML_SUCCESS()) {
            obstacles.add(said("nvmlDeviceGetMemoryInfo_v2", status));
            return Optional.empty();
        }
        return Optional.of(new NvmlReport.Memory(nvmlMemory_v2_st.total(memory), nvmlMemory_v2_st.reserved(memory),
                nvmlMemory_v2_st.free(memory)));
    }

    private static Optional<List<NvmlReport.Process>> processes(Arena arena, MemorySegment device,
            List<String> obstacles) {
        MemorySegment count = arena.allocate(ValueLayout.JAVA_INT);
        int capacity = PROCESSES;
        int status = Nvml.NVML_ERROR_INSUFFICIENT_SIZE();
        MemorySegment infos = MemorySegment.NULL;
        // Processes may begin between the answer that there is too little room and the next question.
        for (int i = 0; i < ATTEMPTS && status == Nvml.NVML_ERROR_INSUFFICIENT_SIZE(); i++) {
            infos = nvmlProcessInfo_v2_st.allocateArray(capacity, arena);
            count.set(ValueLayout.JAVA_INT, 0, capacity);
            status = Nvml.nvmlDeviceGetComputeRunningProcesses_v3(device, count, infos);
            capacity = Math.max(capacity, count.get(ValueLayout.JAVA_INT, 0)) + PROCESSES;
        }
        if (status != Nvml.NVML_SUCCESS()) {
            obstacles.add(said("nvmlDeviceGetComputeRunningProcesses_v3", status));
            return Optional.empty();
        }
        List<NvmlReport.Process> processes = new ArrayList<>();
        for (int i = 0; i < count.get(ValueLayout.JAVA_INT, 0); i++) {
            MemorySegment info = nvmlProcessInfo_v2_st.asSlice(infos, i);
            long used = nvmlProcessInfo_v2_st.usedGpuMemory(info);
            processes.add(new NvmlReport.Process(Integer.toUnsignedLong(nvmlProcessInfo_v2_st.pid(info)),
                    used == Nvml.NVML_VALUE_NOT_AVAILABLE() ? OptionalLong.empty() : OptionalLong.of(used)));
        }
        return Optional.of(List.copyOf(processes));
    }

    private static String said(String function, int status) {
        MemorySegment text = Nvml.nvmlErrorString(status);
        return "NVML: " + function + ": " + (text.address() == 0 ? "status " + status : text.getString(0));
    }

    private static String tooOld(Throwable e) {
        Throwable cause = e.getCause() == null ? e : e.getCause();
        return "NVML lacks a function (" + cause.getMessage() + "): the driver is older than CUDA 12 needs";
    }
}
