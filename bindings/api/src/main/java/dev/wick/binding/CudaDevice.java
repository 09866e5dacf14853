package dev.wick.binding;

/**
 * A CUDA device.
 *
 * @param index               as LibTorch counts
 * @param name                the driver's name of it
 * @param uuid                in the driver's form, {@code GPU-...}
 * @param computeCapability   such as {@code 9.0}
 * @param multiprocessorCount streaming multiprocessors
 * @param totalBytes          device memory
 * @param freeBytes           device memory free at the time of the call
 */
public record CudaDevice(int index, String name, String uuid, String computeCapability, int multiprocessorCount,
        long totalBytes, long freeBytes) {
}
