package dev.wick;

import dev.wick.binding.CudaUse;
import dev.wick.binding.NvmlReport;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.OptionalLong;

/**
 * Where all of a CUDA device's memory is, at about one moment; bytes, immutable.
 *
 * <p>The parts are disjoint: the device's total is what is free, what driver and firmware keep, what other processes use, and
 * this process's allocator, cuBLAS's workspaces, graphs and context. The last four are what NVML counts for this process.
 * cuDNN's workspaces come and go with its calls and are the allocator's; a workspace in a graph's pool is the graphs'. LibTorch
 * and NVML are asked one after the other: what is allocated meanwhile is in one of them alone.
 *
 * @param device                which
 * @param totalBytes            of the device; empty where this process has no context and there is no NVML
 * @param freeBytes             that nobody has; empty likewise
 * @param allocatorBytes        reserved by LibTorch's allocator outside of graphs' pools, without workspaces where they are known
 * @param workspaceBytes        cuBLAS's workspaces, one for each handle and stream; empty before LibTorch 2.10
 * @param graphBytes            reserved in private pools, which CUDA graphs have
 * @param largestFreeBlockBytes the largest free block in either
 * @param contextBytes          of this process and not LibTorch's: CUDA's context, kernels' code, libraries' own allocations
 * @param otherProcessesBytes   of all other processes
 * @param systemBytes           kept by driver and firmware
 * @param obstacle              why a figure is empty; empty when none is
 */
public record DeviceUse(Device device, OptionalLong totalBytes, OptionalLong freeBytes, long allocatorBytes,
        OptionalLong workspaceBytes, long graphBytes, long largestFreeBlockBytes, OptionalLong contextBytes, OptionalLong otherProcessesBytes,
        OptionalLong systemBytes, Optional<String> obstacle) {

    static DeviceUse of(Device device) {
        int index = Cuda.index(device);
        long reserved = Cuda.binding().memory(index).reservedBytes().all().current();
        return of(device, reserved, Cuda.binding().use(index), ProcessHandle.current().pid());
    }

    /** @param pid this process's number */
    static DeviceUse of(Device device, long reserved, CudaUse cuda, long pid) {
        List<String> obstacles = new ArrayList<>();
        cuda.nvml().obstacle().ifPresent(obstacles::add);
        Optional<NvmlReport.Memory> memory = cuda.nvml().memory();
        boolean hasContext = cuda.totalBytes() >= 0;
        OptionalLong total = memory.isPresent() ? OptionalLong.of(memory.get().total()) : known(cuda.totalBytes());
        OptionalLong free = memory.isPresent() ? OptionalLong.of(memory.get().free()) : known(cuda.freeBytes());
        OptionalLong own = hasContext ? own(cuda.nvml().processes(), pid, obstacles) : OptionalLong.of(0);
        OptionalLong context = own.isPresent() ? atLeastZero(own.getAsLong() - reserved) : OptionalLong.empty();
        OptionalLong others = own.isPresent() && memory.isPresent()
                ? atLeastZero(memory.get().total() - memory.get().free() - memory.get().reserved() - own.getAsLong())
                : OptionalLong.empty();
        OptionalLong workspaces = known(cuda.workspaceBytes());
        return new DeviceUse(device, total, free, reserved - cuda.privatePoolBytes() - workspaces.orElse(0), workspaces,
                cuda.privatePoolBytes(),
                cuda.largestFreeBlockBytes(), context, others,
                memory.isPresent() ? OptionalLong.of(memory.get().reserved()) : OptionalLong.empty(),
                obstacles.isEmpty() ? Optional.empty() : Optional.of(String.join("; ", obstacles)));
    }

    /** What NVML counts for this process. */
    private static OptionalLong own(Optional<List<NvmlReport.Process>> processes, long pid, List<String> obstacles) {
        if (processes.isEmpty()) {
            return OptionalLong.empty();
        }
        List<NvmlReport.Process> listed = processes.get();
        List<NvmlReport.Process> ours = listed.stream().filter(process -> process.pid() == pid).toList();
        if (ours.isEmpty() && listed.size() == 1) {
            // This process has a context, so it is listed; in a container by a number that it does not know.
            ours = listed;
        }
        if (ours.isEmpty()) {
            obstacles.add("NVML does not list process " + pid + " among the " + listed.size()
                    + " on the device: in a container it counts processes by the host's numbers");
            return OptionalLong.empty();
        }
        if (ours.stream().anyMatch(process -> process.usedBytes().isEmpty())) {
            obstacles.add("the driver does not count memory by process here");
            return OptionalLong.empty();
        }
        // One entry for each part of the device that it uses.
        return OptionalLong.of(ours.stream().mapToLong(process -> process.usedBytes().getAsLong()).sum());
    }

    private static OptionalLong known(long bytes) {
        return bytes < 0 ? OptionalLong.empty() : OptionalLong.of(bytes);
    }

    /** Two sources that are asked one after the other may differ by what happened in between. */
    private static OptionalLong atLeastZero(long bytes) {
        return OptionalLong.of(Math.max(0, bytes));
    }
}
