package dev.wick.binding;

/**
 * Where a CUDA device's memory is, as LibTorch and CUDA tell; bytes, immutable.
 *
 * @param freeBytes             free in the driver, of every process together; -1 where this process has no context
 * @param totalBytes            that the driver can give; -1 likewise
 * @param privatePoolBytes      what LibTorch has reserved in private pools, which graphs have
 * @param largestFreeBlockBytes the largest free block that LibTorch holds
 * @param workspaceBytes        cuBLAS's workspaces outside private pools; -1 where LibTorch does not tell
 * @param nvml                  what NVML says
 */
public record CudaUse(long freeBytes, long totalBytes, long privatePoolBytes, long largestFreeBlockBytes,
        long workspaceBytes, NvmlReport nvml) {
}
