package dev.wick.binding;

/**
 * What LibTorch allocates for cuBLAS, once for each pair of a handle (one for each thread) and a stream, from the device
 * memory that {@link DeviceStats} counts; immutable. In newer versions both share one workspace.
 *
 * @param cublasBytes   of one for cuBLAS
 * @param cublasLtBytes of one for cuBLASLt
 */
public record CudaWorkspaces(long cublasBytes, long cublasLtBytes) {
}
