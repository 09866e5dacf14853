/* What LibTorch's caching allocators hold: device memory, and page-locked host memory. */
#ifndef WICK_CUDA_MEMORY_H
#define WICK_CUDA_MEMORY_H

#include <wick/error.h>

#ifdef __cplusplus
extern "C" {
#endif

/* One statistic, as c10::CachingAllocator::Stat. */
typedef struct wick_cuda_stat {
  int64_t current;
  int64_t peak;
  int64_t allocated; /* since the process began, or since they were reset */
  int64_t freed;
} wick_cuda_stat;

/* A statistic by the pools of c10::CachingDeviceAllocator::DeviceStats. */
typedef struct wick_cuda_pool_stat {
  wick_cuda_stat all;
  wick_cuda_stat small_pool;
  wick_cuda_stat large_pool;
} wick_cuda_pool_stat;

/* c10::CachingDeviceAllocator::DeviceStats under LibTorch's own names, and what the driver says. Bytes and counts. */
typedef struct wick_cuda_memory {
  wick_cuda_pool_stat allocation;
  wick_cuda_pool_stat segment;
  wick_cuda_pool_stat active;
  wick_cuda_pool_stat inactive_split;
  wick_cuda_pool_stat allocated_bytes;
  wick_cuda_pool_stat reserved_bytes;
  wick_cuda_pool_stat active_bytes;
  wick_cuda_pool_stat inactive_split_bytes;
  wick_cuda_pool_stat requested_bytes;
  int64_t num_alloc_retries;
  int64_t num_ooms;
  int64_t num_sync_all_streams;
  int64_t num_device_alloc;
  int64_t num_device_free;
  int64_t device_free_bytes; /* cudaMemGetInfo: of every process together */
  int64_t device_total_bytes;
} wick_cuda_memory;

/* Reads a device's statistics. Any thread. */
WICK_API int32_t wick_cuda_memory_get(int32_t device, wick_cuda_memory *memory, wick_error *error) WICK_NOEXCEPT;

/* Sets the peaks to the current values. Any thread. */
WICK_API int32_t wick_cuda_memory_reset_peak(int32_t device, wick_error *error) WICK_NOEXCEPT;

/* Gives what the allocator caches of every device back to the driver; waits for devices. Any thread, not in a capture. */
WICK_API int32_t wick_cuda_memory_trim(wick_error *error) WICK_NOEXCEPT;

/* Page-locked host memory, as at::HostStats: what is in use, and what is held with that which is free. */
typedef struct wick_cuda_host_memory {
  wick_cuda_stat active_requests;
  wick_cuda_stat active_bytes;
  wick_cuda_stat allocations;
  wick_cuda_stat allocated_bytes;
  int64_t num_host_alloc;
  int64_t num_host_free;
} wick_cuda_host_memory;

/* Reads the statistics of page-locked host memory. Any thread. WICK_UNSUPPORTED before LibTorch 2.10. */
WICK_API int32_t wick_cuda_host_memory_get(wick_cuda_host_memory *memory, wick_error *error) WICK_NOEXCEPT;

/* Sets the peaks to the current values. Any thread. WICK_UNSUPPORTED before LibTorch 2.10. */
WICK_API int32_t wick_cuda_host_memory_reset_peak(wick_error *error) WICK_NOEXCEPT;

/* Gives page-locked host memory that nothing uses back to the system. Any thread. WICK_UNSUPPORTED before 2.10. */
WICK_API int32_t wick_cuda_host_memory_trim(wick_error *error) WICK_NOEXCEPT;

/* What LibTorch allocates for cuBLAS and cuBLASLt for each pair of a handle and a stream; newer versions let both share. */
typedef struct wick_cuda_workspaces {
  int64_t cublas_bytes;   /* at::cuda::getChosenWorkspaceSize() */
  int64_t cublaslt_bytes; /* at::cuda::getCUDABlasLtWorkspaceSize() */
} wick_cuda_workspaces;

/* Reads the sizes of workspaces. Any thread. WICK_UNSUPPORTED before LibTorch 2.10, or where libtorch_cuda is not loaded. */
WICK_API int32_t wick_cuda_workspaces_get(wick_cuda_workspaces *workspaces, wick_error *error) WICK_NOEXCEPT;

/*
 * Gives the workspaces of every handle and stream back to the device memory allocator (at::cuda::clearCublasWorkspaces());
 * the next product allocates its own. While no product runs, and none that was captured in a graph will be launched
 * again: a graph knows its workspace by address. Any thread. WICK_UNSUPPORTED where libtorch_cuda is not loaded.
 */
WICK_API int32_t wick_cuda_workspaces_free(wick_error *error) WICK_NOEXCEPT;

#ifdef __cplusplus
}
#endif

#endif
