/* What LibTorch's caching allocators hold: device memory, and page-locked host memory. */
#ifndef WICK_CUDA_MEMORY_H
#define WICK_CUDA_MEMORY_H

#include <wick/cuda_device.h>

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

/* c10::CachingDeviceAllocator::DeviceStats under LibTorch's own names. Bytes and counts. */
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
  wick_cuda_stat oversize_allocations;
  wick_cuda_stat oversize_segments;
  int64_t num_sync_all_streams;
  int64_t num_device_alloc;
  int64_t num_device_free;
  int64_t max_split_size; /* -1 without a limit */
} wick_cuda_memory;

/* Reads a device's statistics; all are 0 before LibTorch's first use of CUDA, which this is not. Any thread. */
WICK_API int32_t wick_cuda_memory_get(int32_t device, wick_cuda_memory *memory, wick_error *error) WICK_NOEXCEPT;

/* Where a device's memory is. Bytes. */
typedef struct wick_cuda_use {
  int64_t device_free_bytes; /* cudaMemGetInfo: of every process together; -1 where this process has no context */
  int64_t device_total_bytes;
  int64_t private_pool_bytes;       /* reserved_bytes' part in private pools, which graphs have */
  int64_t largest_free_block_bytes; /* that the allocator holds */
  int64_t workspace_bytes;          /* blocks outside private pools that are cuBLAS's workspaces; -1 before LibTorch 2.10 */
  uint8_t uuid[WICK_CUDA_UUID_BYTES]; /* by which other libraries know the device */
} wick_cuda_use;

/*
 * Reads where a device's memory is, which takes LibTorch's snapshot of its blocks. Makes no context on a device that has
 * none. Any thread.
 */
WICK_API int32_t wick_cuda_memory_use(int32_t device, wick_cuda_use *use, wick_error *error) WICK_NOEXCEPT;

/* The share of the device's memory that the allocator may reserve, 0 to 1, for this process. Any thread. */
WICK_API int32_t wick_cuda_memory_fraction_get(int32_t device, double *fraction, wick_error *error) WICK_NOEXCEPT;
WICK_API int32_t wick_cuda_memory_fraction_set(int32_t device, double fraction, wick_error *error) WICK_NOEXCEPT;

/* Sets the peaks to the current values. Any thread. */
WICK_API int32_t wick_cuda_memory_reset_peak(int32_t device, wick_error *error) WICK_NOEXCEPT;

/* Gives what the allocator caches of every device back to the driver; waits for devices. Any thread, not in a capture. */
WICK_API int32_t wick_cuda_memory_trim(wick_error *error) WICK_NOEXCEPT;

/* Memory that the caching allocator took from the driver in one piece, as c10::CachingDeviceAllocator::SegmentInfo. */
typedef struct wick_cuda_segment {
  int64_t address;
  int64_t total_bytes;
  int64_t allocated_bytes;
  int64_t active_bytes;
  int64_t requested_bytes;
  int64_t stream;
  int64_t pool_id[2]; /* of its private pool; both 0 for the common one */
  int64_t block_count;
  int32_t large;
  int32_t expandable;
} wick_cuda_segment;

enum { WICK_CUDA_BLOCK_INACTIVE = 0, WICK_CUDA_BLOCK_PENDING_FREE = 1, WICK_CUDA_BLOCK_ALLOCATED = 2 };

/* A piece of a segment; those of a segment lie one after the other. */
typedef struct wick_cuda_block {
  int64_t bytes;
  int64_t requested_bytes;
  int64_t state;
} wick_cuda_block;

/*
 * Writes a device's segments, and the blocks of all of them in the same order, as far as there is room; the counts are
 * those of what there is, so that a caller with too little room comes again with more. Any thread.
 */
WICK_API int32_t wick_cuda_memory_segments(int32_t device, wick_cuda_segment *segments, int64_t segment_capacity,
                                           wick_cuda_block *blocks, int64_t block_capacity, int64_t *segment_count,
                                           int64_t *block_count, wick_error *error) WICK_NOEXCEPT;

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
